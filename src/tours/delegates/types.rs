//! A delegate as row and as JSON.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::column::words;
use crate::ids::{CityId, DelegateId, TourId};
use crate::places::Line;
use crate::schema::delegates;

words! {
    /// Who pays for a delegate.
    Funding {
        /// The programme.
        Programme = "programme",
        /// The delegate, or the city.
        Own = "own",
    }
}

/// A person on a study tour.
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
#[diesel(table_name = delegates, treat_none_as_null = true)]
pub struct Delegate {
    /// Id of the delegate.
    #[serde(default)]
    #[schema(read_only)]
    pub id: DelegateId,
    /// The tour, as in the path.
    #[serde(default)]
    #[schema(read_only)]
    pub tour: TourId,
    /// Who it is.
    pub name: Line,
    /// The city, company or institution.
    pub organisation: Option<Line>,
    /// What the delegate is there.
    pub position: Option<Line>,
    /// Who pays: the programme, for no more than its guidelines allow, or the delegate's own side.
    pub funding: Funding,
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
    /// The city that travels; kept in step by the database.
    #[serde(skip)]
    pub visiting_city: CityId,
    /// The city that is visited; kept in step by the database.
    #[serde(skip)]
    pub host_city: CityId,
}

/// The filter of a list of delegates; repeated values mean "any of".
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DelegateFilter {
    /// The tour in the path.
    #[param(ignore)]
    pub tour: Option<TourId>,
    /// Only those whom these pay for.
    #[serde(default)]
    #[param(max_items = 2)]
    pub funding: Vec<Funding>,
}
