//! What a plan is about: the subjects of its pairing, and the goals that it serves.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use utoipa::ToSchema;

use super::Names;
use crate::action_plans::types::{ActionPlan, ActivityStatus};
use crate::ids::SubjectId;
use crate::pairings::types::Pairing;
use crate::sdgs::types::TargetCode;
use crate::text::Title;

/// What a plan is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Themes {
    /// The subjects of the pairing.
    #[schema(max_items = 20)]
    pub subjects: Vec<NamedSubject>,
    /// The goals that the plan and its activities serve, in their order.
    #[schema(max_items = 17)]
    pub goals: Vec<ServedGoal>,
}

/// A subject and what it is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct NamedSubject {
    /// Its id.
    pub id: SubjectId,
    /// Its name.
    pub name: Option<Title>,
}

/// A goal that a plan serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ServedGoal {
    /// Its number.
    #[schema(minimum = 1, maximum = 17)]
    pub number: i32,
    /// What it is called.
    pub title: Option<Title>,
    /// Its targets that are named, in their order.
    #[schema(max_items = 50)]
    pub targets: Vec<TargetCode>,
}

/// The subjects of the pairing; the goals of the plan and of its activities that were not given up.
pub fn themes(plan: &ActionPlan, pairing: &Pairing, names: &Names) -> Themes {
    let relevance = plan.sdg_relevance.iter();
    let named = relevance.flat_map(|entry| entry.target.iter().chain(&entry.goal));
    let served = plan
        .activities
        .iter()
        .filter(|part| part.status != ActivityStatus::Dropped)
        .flat_map(|part| part.sdg_targets.iter().map(|code| &code.0));
    let mut goals: BTreeMap<i32, BTreeSet<(i32, &str)>> = BTreeMap::new();
    for code in named.chain(served) {
        let (goal, target) = code.split_once('.').unwrap_or((code, ""));
        let Ok(goal) = goal.parse() else { continue };
        let targets = goals.entry(goal).or_default();
        if !target.is_empty() {
            // Numbers in their order, then letters.
            let place = target.parse().unwrap_or(i32::MAX);
            targets.insert((place, code));
        }
    }
    let subjects = pairing.subjects.iter().map(|id| NamedSubject {
        id: id.clone(),
        name: names.subjects.get(id).cloned(),
    });
    let goals = goals.into_iter().map(|(number, targets)| ServedGoal {
        number,
        title: names.goals.get(&number).cloned(),
        targets: targets
            .into_iter()
            .map(|(_, code)| TargetCode(code.to_owned()))
            .collect(),
    });
    Themes {
        subjects: subjects.collect(),
        goals: goals.collect(),
    }
}
