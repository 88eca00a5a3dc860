//! A programme as row and as JSON.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::column::jsonb;
use crate::ids::ProgrammeId;
use crate::schema::programmes;
use crate::text::Title;

/// A phase of the cooperation with its own guidelines.
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
#[diesel(table_name = programmes, treat_none_as_null = true)]
pub struct Programme {
    /// Readable id; derived from the English name when left out at creation.
    #[serde(default)]
    pub id: ProgrammeId,
    /// What it is called.
    pub name: Title,
    /// The project implementation guidelines.
    pub guidelines: Guidelines,
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

/// What the programme has agreed on for meetings and tours.
#[derive(
    Clone,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    ToSchema,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::Jsonb)]
pub struct Guidelines {
    /// How many delegates of a tour the programme pays for.
    pub programme_funded_delegates: DelegateRange,
    /// Full days that a tour has at least.
    #[schema(minimum = 0, maximum = 365)]
    pub tour_full_days_min: i32,
    /// Where exchange meetings take place, in turn.
    #[schema(max_items = 50)]
    pub meeting_places: Vec<MeetingPlace>,
}

jsonb!(Guidelines);

/// Name of a place where exchange meetings take place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(value_type = String, min_length = 1, max_length = 100, format = "line", example = "Brussels")]
pub struct MeetingPlace(String);

/// From how many to how many delegates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DelegateRange {
    /// At least.
    #[schema(minimum = 0, maximum = 1000)]
    pub min: i32,
    /// At most.
    #[schema(minimum = 0, maximum = 1000)]
    pub max: i32,
}

/// The filter of a list of programmes.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ProgrammeFilter {}
