//! When a plan has adopted a lesson, and which it may decline.

use crate::action_plans::types::{ActionPlan, SourceType};
use crate::contributions::types::Contribution;
use crate::ids::{CityId, ContributionId};
use crate::problem::{Fault, Rule};

/// Whether the plan adopts the contribution, itself or by one of its activities: it cannot decline that.
pub fn is_source_of(contribution: ContributionId, plan: &ActionPlan) -> bool {
    let id = contribution.to_string();
    let key = (SourceType::Contribution, id.as_str());
    plan.adopts().contains(&key)
}

/// Why the plan, whose pairing has these cities, has no lesson in the contribution: a plan answers what was said in its
/// own pairing, by another city than the one that writes it alone.
pub fn no_lesson(lesson: &Contribution, plan: &ActionPlan, cities: &[CityId]) -> Option<Fault> {
    let rule = if !cities.contains(&lesson.city) {
        Rule::LessonOfOthers
    } else if plan.proponents.iter().all(|city| *city == lesson.city) {
        Rule::OwnLesson
    } else {
        return None;
    };
    Some(Fault::at("/plan", rule).with("city", &lesson.city))
}
