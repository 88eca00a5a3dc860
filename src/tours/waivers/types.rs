//! A waiver as row and as JSON.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::ids::{AccountId, NotAnId, TourId};
use crate::schema::waivers;
use crate::tours::types::TourCheck;

/// Names a waiver: its tour and its check, joined by `/`.
#[derive(
    Clone,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    diesel_derive_newtype::DieselNewType,
)]
pub struct WaiverId(String);

impl WaiverId {
    /// The waiver of this check for this tour.
    pub fn of(tour: TourId, check: TourCheck) -> Self {
        Self(format!("{tour}/{check}"))
    }
}

impl std::fmt::Display for WaiverId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for WaiverId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let (tour, check) = text.split_once('/').ok_or(NotAnId)?;
        let check = check.parse::<TourCheck>().map_err(|_| NotAnId)?;
        Ok(Self::of(tour.parse()?, check))
    }
}

/// A guideline that is not asked of a study tour.
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
#[diesel(table_name = waivers, treat_none_as_null = true)]
pub struct Waiver {
    /// Tour and check.
    #[serde(skip)]
    pub id: WaiverId,
    /// The tour, as in the path.
    #[serde(default)]
    #[schema(read_only)]
    pub tour: TourId,
    /// What is not asked of it.
    pub check: TourCheck,
    /// Why, in the words of the admin.
    #[schema(min_length = 1, max_length = 2000, pattern = "\\S")]
    pub reason: String,
    /// The account that waived it.
    #[serde(default)]
    #[schema(read_only)]
    pub by: Option<AccountId>,
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

/// The filter of a list of waivers.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WaiverFilter {
    /// The tour in the path.
    #[param(ignore)]
    pub tour: Option<TourId>,
}
