//! What became of lessons, as JSON.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ids::{AccountId, PlanId};
use crate::schema::contribution_declines;
use crate::text::Text;

/// What a plan's proponents say of a lesson that the plan does not adopt.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(examples(json!({
    "plan": "0198d3b4-7e8d-7c1a-9d53-3a4b5c6d7e8f",
    "reason": {"en": "Our streets are too narrow for bus lanes."}
})))]
pub struct DeclineRequest {
    /// The plan that does not adopt it.
    pub plan: PlanId,
    /// Why not.
    pub reason: Text,
}

/// A lesson that a plan does not adopt.
#[derive(Clone, Debug, PartialEq, Serialize, Queryable, Selectable, ToSchema)]
#[diesel(table_name = contribution_declines)]
pub struct Decline {
    /// The plan that does not adopt it.
    pub plan: PlanId,
    /// Why not.
    pub reason: Text,
    /// The account that said so.
    pub by: Option<AccountId>,
    /// When it was said last.
    pub at: DateTime<Utc>,
}

/// The plans that do not adopt a lesson.
#[derive(Serialize, ToSchema)]
pub struct Declines {
    /// Those that the caller may know of, newest first.
    #[schema(max_items = 1000)]
    pub items: Vec<Decline>,
}
