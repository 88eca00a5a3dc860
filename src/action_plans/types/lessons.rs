//! What a plan came from, what it adopts of that, and whose lessons it answers.

use std::collections::BTreeSet;

use super::{ActionPlan, ActivityStatus, PlanStatus, SourceType};
use crate::ids::CityId;
use crate::problem::Rule;

impl ActionPlan {
    /// What it came from, once each: the key of the activity that names the source (empty: the inputs do), its type and
    /// id.
    pub fn citations(&self) -> BTreeSet<(&str, SourceType, &str)> {
        let of_inputs = self.inputs.iter().flat_map(|part| &part.sources);
        let of_inputs = of_inputs.map(|source| ("", source));
        let of_activities = self.activities.iter().flat_map(|part| {
            let key = part.key.0.as_str();
            part.sources.iter().map(move |source| (key, source))
        });
        of_inputs
            .chain(of_activities)
            .map(|(activity, source)| (activity, source.r#type, source.id.as_str()))
            .collect()
    }

    /// What it adopts of what it came from: nothing when it was given up, nor what dropped activities alone name.
    pub fn adopts(&self) -> BTreeSet<(SourceType, &str)> {
        if self.status == PlanStatus::Withdrawn {
            return BTreeSet::new();
        }
        let dropped = |key: &str| {
            let mut parts = self.activities.iter();
            parts.any(|part| part.key.0 == key && part.status == ActivityStatus::Dropped)
        };
        self.citations()
            .into_iter()
            .filter(|(activity, _, _)| activity.is_empty() || !dropped(activity))
            .map(|(_, kind, id)| (kind, id))
            .collect()
    }

    /// Why it has nothing to answer to what `city` said at a round table, when its pairing has the cities `paired`: it
    /// answers what was said in its own pairing, by another city than the one that writes it alone.
    pub fn no_lesson_of(&self, city: &CityId, paired: &[CityId]) -> Option<Rule> {
        if !paired.contains(city) {
            Some(Rule::LessonOfOthers)
        } else if self.proponents.iter().all(|own| own == city) {
            Some(Rule::OwnLesson)
        } else {
            None
        }
    }
}
