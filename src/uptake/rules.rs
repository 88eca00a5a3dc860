//! When a plan has adopted a lesson, and which it may decline.

use crate::action_plans::types::{ActionPlan, SourceType};
use crate::contributions::types::Contribution;
use crate::ids::{CityId, ContributionId};
use crate::problem::Fault;

/// Whether the plan adopts the contribution, itself or by one of its activities: it cannot decline that.
pub fn is_source_of(contribution: ContributionId, plan: &ActionPlan) -> bool {
    let id = contribution.to_string();
    let key = (SourceType::Contribution, id.as_str());
    plan.adopts().contains(&key)
}

/// Why the plan, whose pairing has these cities, has no lesson in the contribution.
pub fn no_lesson(lesson: &Contribution, plan: &ActionPlan, cities: &[CityId]) -> Option<Fault> {
    let rule = plan.no_lesson_of(&lesson.city, cities)?;
    Some(Fault::at("/plan", rule).with("city", &lesson.city))
}
