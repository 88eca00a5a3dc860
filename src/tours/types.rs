//! A study tour as row and as JSON.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::column::{jsonb, words};
use crate::edtf::Edtf;
use crate::ids::{CityId, PairingId, TourId};
use crate::places::{ExternalRefs, Line, TimeZone};
use crate::schema::tours;
use crate::text::{Text, Title};

words! {
    /// Where a tour stands.
    TourStatus {
        /// It is meant to take place.
        Planned = "planned",
        /// Date and delegates are fixed.
        Confirmed = "confirmed",
        /// It took place.
        Completed = "completed",
        /// It will not take place.
        Cancelled = "cancelled",
    }
}

words! {
    /// What a tour is checked for.
    TourCheck {
        /// Both cities belong to the pairing.
        CitiesOfPairing = "cities_of_pairing",
        /// One city of each side.
        CitiesOfBothSides = "cities_of_both_sides",
        /// Every visit is on a day of the tour, at a time of that day, and ends after it begins.
        ProgrammeWithinTour = "programme_within_tour",
        /// Not more delegates paid by the programme than its guidelines allow.
        ProgrammeFundedDelegatesMax = "programme_funded_delegates_max",
        /// Enough delegates paid by the programme.
        ProgrammeFundedDelegatesMin = "programme_funded_delegates_min",
        /// Enough full days.
        TourFullDaysMin = "tour_full_days_min",
    }
}

words! {
    /// Which side visits which.
    Direction {
        /// An EU city visits Japan.
        EuToJp = "eu_to_jp",
        /// A Japanese city visits the EU.
        JpToEu = "jp_to_eu",
    }
}

/// A study tour: a city visits its partner.
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
#[diesel(table_name = tours, treat_none_as_null = true)]
pub struct Tour {
    /// Id of the tour.
    #[serde(default)]
    #[schema(read_only)]
    pub id: TourId,
    /// The pairing that both cities belong to.
    pub pairing: PairingId,
    /// The city that travels.
    pub visiting_city: CityId,
    /// The city that is visited.
    pub host_city: CityId,
    /// Which side visits which; follows from the cities.
    #[serde(default = "unset_direction")]
    #[schema(read_only)]
    pub direction: Direction,
    /// When it takes place, as precisely as is known (EDTF).
    pub when: Edtf,
    /// The first day that `when` can mean.
    #[serde(default)]
    #[schema(read_only)]
    pub earliest: Option<NaiveDate>,
    /// The last day that `when` can mean.
    #[serde(default)]
    #[schema(read_only)]
    pub latest: Option<NaiveDate>,
    /// The time zone of its days (IANA): that of the host city.
    #[serde(default)]
    #[schema(read_only)]
    pub time_zone: TimeZone,
    /// Where it stands.
    pub status: TourStatus,
    /// What is visited, in order.
    #[serde(default)]
    pub programme: TourProgramme,
    /// What came of it.
    pub report: Option<Text>,
    /// How many people travel: as recorded here, and never fewer than are listed as delegates of the tour. A number that is
    /// not recorded is counted from that list, as soon as there is one.
    #[serde(default)]
    pub delegates: DelegateCounts,
    /// The keys under which other systems know it.
    #[serde(default)]
    pub external_refs: ExternalRefs,
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
    /// The numbers of people that were recorded, whatever the list of delegates says.
    #[serde(skip)]
    pub delegates_recorded: DelegateCounts,
    /// How many delegates it has; kept by the database.
    #[serde(skip)]
    pub delegates_named: i32,
    /// How many of them the programme pays for; kept by the database.
    #[serde(skip)]
    pub funded_named: i32,
    /// The checks that are waived; kept by the database.
    #[serde(skip)]
    pub waived: Vec<TourCheck>,
}

impl Tour {
    /// How many people are listed as its delegates, by who pays: the programme, or they themselves.
    pub fn listed(&self) -> [i32; 2] {
        [self.funded_named, self.delegates_named - self.funded_named]
    }

    /// How many people travel: what is recorded, and never fewer than are listed.
    pub fn counted(&self, recorded: &DelegateCounts) -> DelegateCounts {
        let [programme, own] = self.listed();
        let count = |recorded: Option<i32>, listed: i32| match recorded {
            Some(number) => Some(number.max(listed)),
            None => (self.delegates_named > 0).then_some(listed),
        };
        DelegateCounts {
            programme_funded: count(recorded.programme_funded, programme),
            self_funded: count(recorded.self_funded, own),
        }
    }
}

/// Stands until the cities are known, at the end of the same write.
fn unset_direction() -> Direction {
    Direction::EuToJp
}

/// What is visited, in order.
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
pub struct TourProgramme(pub Vec<TourProgrammeItem>);

jsonb!(TourProgramme);

/// One visit of a tour.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TourProgrammeItem {
    /// The day, in the time zone of the tour: one of its days, where these are known.
    pub day: NaiveDate,
    /// When it begins: a time in UTC that is on this day in the time zone of the tour, `time_zone`. What begins at 9:30 in
    /// Yokohama has `T00:30:00Z` here.
    pub starts_at: Option<DateTime<Utc>>,
    /// When it ends, told in the same way; on this day, or in the night after it.
    pub ends_at: Option<DateTime<Utc>>,
    /// What it is.
    pub title: Title,
    /// Where it is.
    pub place: Option<Line>,
    /// More about it.
    pub description: Option<Text>,
}

/// How many people travel, by who pays; null when unknown.
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
pub struct DelegateCounts {
    /// Paid by the programme.
    #[schema(minimum = 0, maximum = 1000)]
    pub programme_funded: Option<i32>,
    /// At their own expense.
    #[schema(minimum = 0, maximum = 1000)]
    pub self_funded: Option<i32>,
}

jsonb!(DelegateCounts);

/// The filter of a list of tours; repeated values mean "any of".
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TourFilter {
    /// Only tours of this pairing.
    #[serde(default)]
    #[param(max_items = 50)]
    pub pairing: Vec<PairingId>,
    /// Only tours in which this city takes part, travelling or visited.
    #[serde(default)]
    #[param(max_items = 50)]
    pub city: Vec<CityId>,
    /// Only tours that stand there.
    #[serde(default)]
    #[param(max_items = 4)]
    pub status: Vec<TourStatus>,
    /// Only tours in this direction.
    #[serde(default)]
    #[param(max_items = 2)]
    pub direction: Vec<Direction>,
    /// Only what can still take place on or after this day.
    pub from: Option<NaiveDate>,
    /// Only what can have begun on or before this day.
    pub to: Option<NaiveDate>,
}
