//! A comment as JSON.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::ids::{AccountId, CityId, CommentId, PlanId};
use crate::text::Text;

/// A comment on a place in a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Comment {
    /// Id of the comment.
    #[serde(default)]
    #[schema(read_only)]
    pub id: CommentId,
    /// The plan.
    #[serde(default)]
    #[schema(read_only)]
    pub plan: PlanId,
    /// JSON Pointer (RFC 6901) to what it is about, as the plan is now; empty for the plan as a whole. It follows its
    /// part, and is null once that is gone; for a city that does not read the plan as it is now, the place where it was made.
    /// Given when the comment is made; a reply may leave it out.
    #[schema(
        max_length = 1000,
        pattern = "^(/.*)?$",
        example = "/activities/0/title"
    )]
    pub pointer: Option<String>,
    /// Where it was made.
    #[serde(default)]
    #[schema(read_only)]
    pub made_at: MadeAt,
    /// What it says.
    pub text: Text,
    /// The comment that it answers, on the same plan; kept from the beginning.
    pub reply_to: Option<CommentId>,
    /// The comment that its thread began with: itself, when it answers none.
    #[serde(default)]
    #[schema(read_only)]
    pub thread: CommentId,
    /// Whether it is settled.
    #[serde(default)]
    pub resolved: bool,
    /// The account that settled it.
    #[serde(default)]
    #[schema(read_only)]
    pub resolved_by: Option<AccountId>,
    /// The city that this account belonged to then; null when it was the programme's.
    #[serde(default)]
    #[schema(read_only)]
    pub resolved_by_city: Option<CityId>,
    /// The city whose comment it is; null when it is the programme's.
    #[serde(default)]
    #[schema(read_only)]
    pub city: Option<CityId>,
    /// The account that wrote it.
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
    /// What it is about, as a path that outlives edits of the plan.
    #[serde(skip)]
    pub path: String,
    /// Whose plan it is about.
    #[serde(skip)]
    pub proponents: Vec<CityId>,
}

/// Where a comment was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MadeAt {
    /// The version of the plan.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub version: i64,
    /// JSON Pointer to the place in that version.
    #[schema(max_length = 1000, pattern = "^(/.*)?$")]
    pub pointer: String,
}

/// The filter of a list of comments.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CommentFilter {
    /// The plan in the path.
    #[param(ignore)]
    pub plan: Option<PlanId>,
    /// Only the thread that began with this comment.
    pub thread: Option<CommentId>,
    /// Only comments that are settled, or only those that are not.
    pub resolved: Option<bool>,
}
