//! A Sustainable Development Goal as row and as JSON.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::column::jsonb;
use crate::schema::sdgs;
use crate::text::Title;

/// One of the 17 Sustainable Development Goals, with its targets.
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
#[diesel(table_name = sdgs, primary_key(number), treat_none_as_null = true)]
pub struct Sdg {
    /// Its number, 1 to 17; also its id in paths.
    #[schema(minimum = 1, maximum = 17)]
    pub number: i32,
    /// What it is called.
    pub title: Title,
    /// Its colour, for charts.
    #[schema(max_length = 7, pattern = "^#[0-9A-F]{6}$", example = "#FD9D24")]
    pub colour: String,
    /// Its targets, in order.
    pub targets: Targets,
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

/// The targets of a goal, in order.
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
#[serde(transparent)]
#[schema(max_items = 50)]
pub struct Targets(pub Vec<Target>);

jsonb!(Targets);

/// A target of a goal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Target {
    /// Its code: the goal's number, a point, a number or letter.
    #[schema(
        max_length = 5,
        pattern = "^[1-9][0-9]?\\.([1-9][0-9]?|[a-e])$",
        example = "11.2"
    )]
    pub code: String,
    /// What it is about, in short.
    pub label: Title,
}

/// The filter of a list of goals.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SdgFilter {}

/// Code of an SDG target.
#[derive(
    Clone,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    diesel_derive_newtype::DieselNewType,
    ToSchema,
)]
#[serde(transparent)]
#[schema(value_type = String, max_length = 5, pattern = "^[1-9][0-9]?\\.([1-9][0-9]?|[a-e])$", example = "11.2")]
pub struct TargetCode(pub String);

/// Code of an SDG or of one of its targets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, max_length = 5, pattern = "^[1-9][0-9]?(\\.([1-9][0-9]?|[a-e]))?$", example = "11.2")]
pub struct SdgCode(pub String);
