//! A pairing as row and as JSON.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::column::{jsonb, words};
use crate::edtf::Edtf;
use crate::ids::{CityId, PairingId, ProgrammeId, SubjectId};
use crate::schema::pairings;
use crate::text::Title;

words! {
    /// Where a pairing stands.
    PairingStatus {
        /// The cities work together.
        Active = "active",
        /// The cooperation has reached its end.
        Completed = "completed",
        /// The cities have given it up.
        Withdrawn = "withdrawn",
    }
}

/// A cooperation of one or more EU cities with one or more Japanese cities.
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
#[diesel(table_name = pairings, treat_none_as_null = true)]
pub struct Pairing {
    /// Readable id; made of the cities' ids when left out at creation.
    #[serde(default)]
    pub id: PairingId,
    /// The programme it belongs to.
    pub programme: ProgrammeId,
    /// Its number in the programme.
    #[schema(minimum = 1, maximum = 10_000)]
    pub number: i32,
    /// Its cities of the EU side.
    #[schema(min_items = 1, max_items = 20)]
    pub eu_cities: Vec<CityId>,
    /// Its cities of the Japanese side.
    #[schema(min_items = 1, max_items = 20)]
    pub jp_cities: Vec<CityId>,
    /// The year in which it joined the programme.
    #[schema(minimum = 1990, maximum = 2200)]
    pub joined_year: i32,
    /// The topics it works on.
    #[schema(max_items = 20)]
    pub subjects: Vec<SubjectId>,
    /// The topics as the cities word them.
    pub subject_text: Option<Title>,
    /// Where it stands.
    pub status: PairingStatus,
    /// What the cities have signed.
    pub agreement: Option<Agreement>,
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

/// The agreement of the cities of a pairing.
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
pub struct Agreement {
    /// When it was signed.
    pub signed: Option<Edtf>,
    /// Until when it runs.
    pub runs_until: Option<Edtf>,
}

jsonb!(Agreement);

/// The filter of a list of pairings; repeated values mean "any of".
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PairingFilter {
    /// Only pairings of this programme.
    #[serde(default)]
    #[param(max_items = 50)]
    pub programme: Vec<ProgrammeId>,
    /// Only pairings in which this city takes part, on either side.
    #[serde(default)]
    #[param(max_items = 50)]
    pub city: Vec<CityId>,
    /// Only pairings that work on this subject.
    #[serde(default)]
    #[param(max_items = 50)]
    pub subject: Vec<SubjectId>,
    /// Only pairings that stand there.
    #[serde(default)]
    #[param(max_items = 3)]
    pub status: Vec<PairingStatus>,
    /// Only pairings that joined in this year.
    #[serde(default)]
    #[param(max_items = 50)]
    pub year: Vec<i32>,
}
