//! What became of lessons, as JSON.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::ids::{AccountId, CityId, ContributionId, NotAnId, PlanId};
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

/// Names a decline: the lesson and the plan, joined by `/`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeclineId {
    /// The lesson.
    pub lesson: ContributionId,
    /// The plan.
    pub plan: PlanId,
}

impl std::fmt::Display for DeclineId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.lesson, self.plan)
    }
}

impl std::str::FromStr for DeclineId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let (lesson, plan) = text.split_once('/').ok_or(NotAnId)?;
        Ok(Self {
            lesson: lesson.parse()?,
            plan: plan.parse()?,
        })
    }
}

/// A lesson that a plan does not adopt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Decline {
    /// The lesson, as in the path.
    #[schema(read_only)]
    pub contribution: ContributionId,
    /// The plan that does not adopt it.
    #[schema(read_only)]
    pub plan: PlanId,
    /// Why not.
    pub reason: Text,
    /// The account that said so last.
    #[schema(read_only)]
    pub by: Option<AccountId>,
    /// The city that the account belonged to then; null when it was the programme's.
    #[schema(read_only)]
    pub city: Option<CityId>,
    /// When it was said last.
    #[schema(read_only)]
    pub at: DateTime<Utc>,
    /// Counts its changes, from 1.
    #[schema(read_only, minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub version: i64,
    /// Whose lesson it is.
    #[serde(skip)]
    pub lesson_of: CityId,
    /// Whose plan it is.
    #[serde(skip)]
    pub proponents: Vec<CityId>,
}

/// The filter of a list of declines.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeclineFilter {
    /// The lesson in the path.
    #[param(ignore)]
    pub contribution: Option<ContributionId>,
}
