//! When a plan has adopted a lesson.

use crate::action_plans::types::{ActionPlan, SourceType};
use crate::ids::ContributionId;

/// Whether the plan, or one of its activities, names the contribution as a source: it cannot decline that.
pub fn is_source_of(contribution: ContributionId, plan: &ActionPlan) -> bool {
    let id = contribution.to_string();
    plan.citations()
        .iter()
        .any(|(_, kind, source)| *kind == SourceType::Contribution && *source == id)
}
