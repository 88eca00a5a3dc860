//! A meeting as row and as JSON.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::column::{jsonb, words};
use crate::edtf::Edtf;
use crate::ids::{AccountId, CityId, KnowledgeId, MeetingId, ProgrammeId};
use crate::places::{CountryCode, Line, TimeZone};
use crate::schema::{meeting_dates, meetings};
use crate::text::{Text, Title};

words! {
    /// What kind of meeting it is.
    MeetingKind {
        /// The programme's own: all cities, round tables.
        ExchangeMeeting = "exchange_meeting",
        /// Online, on one topic.
        Webinar = "webinar",
        /// A small one, on one topic.
        Workshop = "workshop",
    }
}

words! {
    /// Where a meeting stands.
    MeetingStatus {
        /// It is meant to take place.
        Planned = "planned",
        /// Its date and place are fixed.
        Confirmed = "confirmed",
        /// It took place.
        Held = "held",
        /// It waits for another date.
        Postponed = "postponed",
        /// It will not take place.
        Cancelled = "cancelled",
    }
}

/// An exchange meeting, webinar or workshop of the cities.
#[derive(
    Clone,
    Debug,
    PartialEq,
    Serialize,
    Deserialize,
    Queryable,
    Selectable,
    Insertable,
    AsChangeset,
    ToSchema,
)]
#[diesel(table_name = meetings, treat_none_as_null = true)]
pub struct Meeting {
    /// Readable id; made of kind and number, or of the English title, when left out at creation.
    #[serde(default)]
    pub id: MeetingId,
    /// The programme it belongs to.
    pub programme: ProgrammeId,
    /// What kind of meeting it is.
    pub kind: MeetingKind,
    /// Its number among the meetings of its kind.
    #[schema(minimum = 1, maximum = 10_000)]
    pub number: Option<i32>,
    /// What it is called.
    pub title: Title,
    /// Where it takes place.
    pub place: Option<Place>,
    /// When it takes place, as precisely as is known (EDTF); null when nothing is known.
    pub when: Option<Edtf>,
    /// Why the date or status is what it is now; emptied by the next change that gives no reason.
    pub when_reason: Option<Text>,
    /// The first day that `when` can mean.
    #[serde(default)]
    #[schema(read_only)]
    pub earliest: Option<NaiveDate>,
    /// The last day that `when` can mean.
    #[serde(default)]
    #[schema(read_only)]
    pub latest: Option<NaiveDate>,
    /// Where it stands.
    pub status: MeetingStatus,
    /// What is on its agenda, in order.
    #[serde(default)]
    pub agenda: Agenda,
    /// Who takes part.
    #[schema(max_items = 200)]
    #[serde(default)]
    pub cities: Vec<CityId>,
    /// Counts its changes, from 1.
    #[serde(default)]
    #[schema(read_only, minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub version: i64,
    /// When it was made.
    #[serde(default)]
    #[schema(read_only)]
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    #[serde(default)]
    #[schema(read_only)]
    pub updated_at: DateTime<Utc>,
}

/// Where a meeting takes place.
#[derive(
    Clone,
    Debug,
    PartialEq,
    Serialize,
    Deserialize,
    ToSchema,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::Jsonb)]
pub struct Place {
    /// Its town.
    pub name: Title,
    /// Its country.
    pub country_code: CountryCode,
    /// The building.
    pub venue: Option<Line>,
    /// Its time zone.
    pub time_zone: TimeZone,
}

jsonb!(Place);

/// What is on an agenda, in order.
#[derive(
    Clone,
    Debug,
    Default,
    PartialEq,
    Serialize,
    Deserialize,
    ToSchema,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::Jsonb)]
#[serde(transparent)]
#[schema(max_items = 200)]
pub struct Agenda(pub Vec<AgendaItem>);

jsonb!(Agenda);

/// An item of an agenda.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AgendaItem {
    /// When it begins.
    pub starts_at: Option<DateTime<Utc>>,
    /// When it ends.
    pub ends_at: Option<DateTime<Utc>>,
    /// What it is about.
    pub title: Title,
    /// Who speaks.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub speakers: Vec<Line>,
    /// What is shown.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub knowledge_items: Vec<KnowledgeId>,
}

/// What was planned for a meeting at one time.
#[derive(Clone, Debug, PartialEq, Serialize, Queryable, Selectable, Insertable, ToSchema)]
#[diesel(table_name = meeting_dates)]
pub struct PlannedDate {
    #[serde(skip)]
    pub(super) meeting: MeetingId,
    #[serde(skip)]
    pub(super) version: i64,
    /// When it was to take place (EDTF).
    pub when: Option<Edtf>,
    /// Where it stood.
    pub status: MeetingStatus,
    /// Why.
    pub reason: Option<Text>,
    /// Since when that was known here.
    pub since: DateTime<Utc>,
    /// The account that wrote it.
    pub by: Option<AccountId>,
}

/// Everything that was ever planned for a meeting, newest first.
#[derive(Serialize, ToSchema)]
pub struct PlannedDates {
    /// The newest, what is planned now, comes first.
    #[schema(max_items = 10_000)]
    pub items: Vec<PlannedDate>,
}

/// The filter of a list of meetings; repeated values mean "any of".
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MeetingFilter {
    /// Only meetings of this programme.
    #[serde(default)]
    #[param(max_items = 50)]
    pub programme: Vec<ProgrammeId>,
    /// Only meetings of this kind.
    #[serde(default)]
    #[param(max_items = 3)]
    pub kind: Vec<MeetingKind>,
    /// Only meetings that stand there.
    #[serde(default)]
    #[param(max_items = 5)]
    pub status: Vec<MeetingStatus>,
    /// Only meetings in which this city takes part.
    #[serde(default)]
    #[param(max_items = 50)]
    pub city: Vec<CityId>,
    /// Only what can still take place on or after this day.
    pub from: Option<NaiveDate>,
    /// Only what can have begun on or before this day.
    pub to: Option<NaiveDate>,
}
