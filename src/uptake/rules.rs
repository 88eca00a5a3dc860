//! When a plan has adopted a lesson.

use crate::action_plans::types::{ActionPlan, SourceType};
use crate::ids::ContributionId;

/// Whether the plan, or one of its activities, names the contribution as a source: it cannot decline that.
pub fn is_source_of(contribution: ContributionId, plan: &ActionPlan) -> bool {
    let id = contribution.to_string();
    let inputs = plan.inputs.iter().flat_map(|inputs| &inputs.sources);
    let activities = plan.activities.iter().flat_map(|part| &part.sources);
    inputs
        .chain(activities)
        .any(|source| source.r#type == SourceType::Contribution && source.id == id)
}
