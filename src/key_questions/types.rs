//! A key question as row and as JSON.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::column::jsonb;
use crate::ids::QuestionId;
use crate::schema::key_questions;
use crate::text::Title;

/// A question of the round tables.
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
#[diesel(table_name = key_questions, treat_none_as_null = true)]
pub struct KeyQuestion {
    /// Readable id; derived from the English text when left out at creation.
    #[serde(default)]
    pub id: QuestionId,
    /// The group it stands in.
    pub group: QuestionGroup,
    /// The question.
    pub text: Title,
    /// Its place in the list, from 1.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1000)]
    pub position: i32,
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

/// A group of key questions.
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
pub struct QuestionGroup {
    /// Readable id of the group.
    #[schema(
        max_length = 80,
        pattern = "^[a-z0-9]+(-[a-z0-9]+)*$",
        example = "lessons"
    )]
    pub id: String,
    /// What it is called.
    pub name: Title,
}

jsonb!(QuestionGroup);

/// The filter of a list of key questions.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct KeyQuestionFilter {}
