//! The rules of an action plan. A draft may be incomplete; what is there must make sense.

use std::collections::HashSet;

use super::types::{
    ActionPlan, Activity, Indicator, JointAction, PartKey, PlanKind, Risk, Source, SourceType,
};
use crate::contributions::types::Contribution;
use crate::ids::{ContributionId, KnowledgeId, MeetingId, TourId};
use crate::knowledge::types::KnowledgeItem;
use crate::meetings::types::Meeting;
use crate::messages::word;
use crate::pairings::types::Pairing;
use crate::problem::{Fault, Faults, Rule};
use crate::resource::{Check, Known, References, Resource, new_uuid};
use crate::tours::types::Tour;

/// Gives a key to each part of a list that has none: that of the stored part that says the same, so that a plan which
/// is sent again without keys is unchanged; else a new one.
pub fn give_keys(before: Option<&ActionPlan>, plan: &mut ActionPlan) {
    if let Some(before) = before {
        take_keys(&before.activities, &mut plan.activities);
        take_keys(&before.risks, &mut plan.risks);
        take_keys(&before.joint_actions, &mut plan.joint_actions);
        if let (Some(before), Some(part)) = (&before.follow_up, &mut plan.follow_up) {
            take_keys(&before.indicators, &mut part.indicators);
        }
    }
    let indicators = plan
        .follow_up
        .iter_mut()
        .flat_map(|part| part.indicators.iter_mut().map(|part| &mut part.key));
    let keys = plan.activities.iter_mut().map(|part| &mut part.key);
    let keys = keys.chain(plan.risks.iter_mut().map(|part| &mut part.key));
    let keys = keys.chain(plan.joint_actions.iter_mut().map(|part| &mut part.key));
    for key in keys.chain(indicators).filter(|key| key.0.is_empty()) {
        key.0 = new_uuid().to_string();
    }
}

/// A part of a list, by which differences follow it.
trait Part {
    fn key(&mut self) -> &mut PartKey;
    /// Whether both say the same, whatever their keys.
    fn says(&self, other: &Self) -> bool;
}

macro_rules! part {
    ($name:ident, $($kept:ident),*) => {
        impl Part for $name {
            fn key(&mut self) -> &mut PartKey {
                &mut self.key
            }

            fn says(&self, other: &Self) -> bool {
                let mut other = other.clone();
                other.key = self.key.clone();
                $(other.$kept = self.$kept.clone();)*
                *self == other
            }
        }
    };
}

part!(Activity,);
part!(Risk,);
part!(Indicator,);
part!(JointAction, consents);

/// Gives parts without a key those of the stored parts that say the same, each once.
fn take_keys<P: Part + Clone>(before: &[P], parts: &mut [P]) {
    if !parts.iter_mut().any(|part| part.key().0.is_empty()) {
        return;
    }
    let named: HashSet<PartKey> = parts.iter_mut().map(|part| part.key().clone()).collect();
    let mut free = before.to_vec();
    free.retain_mut(|part| !named.contains(part.key()));
    for part in parts
        .iter_mut()
        .filter_map(|part| part.key().0.is_empty().then_some(part))
    {
        if let Some(place) = free.iter().position(|stored| stored.says(part)) {
            *part.key() = free.remove(place).key().clone();
        }
    }
}

/// A key stands once in its list.
pub fn check_keys(plan: &ActionPlan, faults: &mut Faults) {
    check_unique(
        "/activities",
        plan.activities.iter().map(|part| &part.key),
        faults,
    );
    check_unique("/risks", plan.risks.iter().map(|part| &part.key), faults);
    check_unique(
        "/joint_actions",
        plan.joint_actions.iter().map(|part| &part.key),
        faults,
    );
    let indicators = plan
        .follow_up
        .iter()
        .flat_map(|part| part.indicators.iter());
    check_unique(
        "/follow_up/indicators",
        indicators.map(|part| &part.key),
        faults,
    );
}

fn check_unique<'a>(list: &str, keys: impl Iterator<Item = &'a PartKey>, faults: &mut Faults) {
    let mut seen = HashSet::new();
    for (index, key) in keys.enumerate() {
        if !seen.insert(key) {
            faults.push(
                Fault::at(format!("{list}/{index}/key"), Rule::DuplicateKey).with("key", &key.0),
            );
        }
    }
}

/// Proponents and partners of joint actions belong to the pairing; a city that writes a plan alone does nothing jointly
/// with itself.
pub fn check_cities(plan: &ActionPlan, known: &Known, faults: &mut Faults) {
    let Some(pairing) = known.get::<Pairing>(&plan.pairing) else {
        return;
    };
    let members = pairing.cities();
    if let [alone] = plan.proponents.as_slice() {
        for (action, part) in plan.joint_actions.iter().enumerate() {
            if let Some(index) = part.with.iter().position(|city| city == alone) {
                let pointer = format!("/joint_actions/{action}/with/{index}");
                faults.push(Fault::at(pointer, Rule::WithItself).against("/proponents"));
            }
        }
    }
    let proponents = plan
        .proponents
        .iter()
        .enumerate()
        .map(|(index, city)| (format!("/proponents/{index}"), city));
    let partners =
        plan.joint_actions
            .iter()
            .enumerate()
            .flat_map(|(action, part)| {
                part.with.iter().enumerate().map(move |(index, city)| {
                    (format!("/joint_actions/{action}/with/{index}"), city)
                })
            });
    for (pointer, city) in proponents.chain(partners) {
        if !members.contains(city) {
            faults.push(
                Fault::at(&pointer, Rule::NotInPairing)
                    .against(&pointer)
                    .with("id", city)
                    .with("pairing", &pairing.id),
            );
        }
    }
}

/// A plan stays that of each of its proponents until that city, or an admin, takes its name out.
pub fn check_proponents(plan: &ActionPlan, check: &Check<'_, ActionPlan>, faults: &mut Faults) {
    let before = check.before.iter().flat_map(|before| &before.proponents);
    let parted = before.filter(|city| !plan.proponents.contains(city));
    faults.check(
        parted.into_iter().any(|city| check.holds(city)),
        "/proponents",
        Rule::NotYours,
    );
}

/// Each entry of the SDG relevance names a target or a goal; a plan that revises another says which, and no other plan
/// does.
pub fn check_choices(plan: &ActionPlan, faults: &mut Faults) {
    for (index, entry) in plan.sdg_relevance.iter().enumerate() {
        let pointer = format!("/sdg_relevance/{index}");
        match (&entry.target, &entry.goal) {
            (None, None) => {
                let fault = Fault::at(format!("{pointer}/target"), Rule::Required);
                faults.push(fault.against(format!("{pointer}/goal")));
            }
            (Some(_), Some(_)) => {
                faults.push(Fault::at(format!("{pointer}/goal"), Rule::OneOfBoth))
            }
            _ => {}
        }
    }
    let rule = match (plan.kind, &plan.revises) {
        (PlanKind::New, None) => None,
        (PlanKind::New, Some(_)) => Some(Rule::RevisionAlone),
        (PlanKind::Revision, None) => Some(Rule::Required),
        (PlanKind::Revision, Some(it)) => {
            let names_none = it.title.is_none() && it.url.is_none() && it.plan.is_none();
            names_none.then_some(Rule::RevisedPlanUnnamed)
        }
    };
    if let Some(rule) = rule {
        faults.push(Fault::at("/revises", rule).against("/kind"));
    }
    let revised = plan.revises.as_ref().and_then(|revises| revises.plan);
    let itself = revised == Some(plan.id);
    faults.check(itself, "/revises/plan", Rule::RevisesItself);
}

/// Every goal and target that the plan or one of its activities names, with its place.
pub fn sdg_codes(plan: &ActionPlan) -> Vec<(String, String)> {
    let mut codes = Vec::new();
    for (index, entry) in plan.sdg_relevance.iter().enumerate() {
        for (field, code) in [("target", &entry.target), ("goal", &entry.goal)] {
            codes.extend(
                code.iter()
                    .map(|code| (format!("/sdg_relevance/{index}/{field}"), code.clone())),
            );
        }
    }
    for (activity, part) in plan.activities.iter().enumerate() {
        for (index, code) in part.sdg_targets.iter().enumerate() {
            codes.push((
                format!("/activities/{activity}/sdg_targets/{index}"),
                code.0.clone(),
            ));
        }
    }
    codes
}

/// Every source that the plan names, with its place.
fn sources(plan: &ActionPlan) -> impl Iterator<Item = (String, &Source)> {
    let of_inputs = plan.inputs.iter().flat_map(|inputs| {
        inputs
            .sources
            .iter()
            .enumerate()
            .map(|(index, source)| (format!("/inputs/sources/{index}"), source))
    });
    let of_activities = plan
        .activities
        .iter()
        .enumerate()
        .flat_map(|(activity, part)| {
            part.sources.iter().enumerate().map(move |(index, source)| {
                (format!("/activities/{activity}/sources/{index}"), source)
            })
        });
    of_inputs.chain(of_activities)
}

/// Notes the sources as references, so that unknown ones are refused.
pub fn refer_to_sources(plan: &ActionPlan, references: &mut References) {
    for (pointer, source) in sources(plan) {
        let (pointer, by) = (format!("{pointer}/id"), format!("{pointer}/type"));
        match source.r#type {
            SourceType::Tour => {
                if let Ok(id) = source.id.parse::<TourId>() {
                    references.to_kind::<Tour>(pointer, by, &id);
                }
            }
            SourceType::Meeting => {
                if let Ok(id) = source.id.parse::<MeetingId>() {
                    references.to_kind::<Meeting>(pointer, by, &id);
                }
            }
            SourceType::Contribution => {
                if let Ok(id) = source.id.parse::<ContributionId>() {
                    references.to_kind::<Contribution>(pointer, by, &id);
                }
            }
            SourceType::Knowledge => {
                if let Ok(id) = source.id.parse::<KnowledgeId>() {
                    references.to_kind::<KnowledgeItem>(pointer, by, &id);
                }
            }
        }
    }
}

/// A source has the shape of its kind's ids.
pub fn check_sources(plan: &ActionPlan, faults: &mut Faults) {
    for (pointer, source) in sources(plan) {
        if canonical(source).is_none() {
            let fault = Fault::at(format!("{pointer}/id"), Rule::UnknownReference);
            faults.push(
                fault
                    .against(format!("{pointer}/type"))
                    .with_word("kind", word("thing", source.r#type))
                    .with("id", &source.id),
            );
        }
    }
}

/// Writes the ids of sources as the things themselves write theirs.
pub fn tidy_sources(plan: &mut ActionPlan) {
    let of_inputs = plan.inputs.iter_mut().flat_map(|part| &mut part.sources);
    let of_activities = plan
        .activities
        .iter_mut()
        .flat_map(|part| &mut part.sources);
    for source in of_inputs.chain(of_activities) {
        if let Some(id) = canonical(source) {
            source.id = id;
        }
    }
}

/// The id of the source as its thing writes it; none when it has not the shape of one.
fn canonical(source: &Source) -> Option<String> {
    let id = &source.id;
    match source.r#type {
        SourceType::Contribution => id.parse().ok().map(|id: ContributionId| id.to_string()),
        SourceType::Tour => id.parse().ok().map(|id: TourId| id.to_string()),
        SourceType::Meeting => id.parse().ok().map(|id: MeetingId| id.to_string()),
        SourceType::Knowledge => id.parse().ok().map(|id: KnowledgeId| id.to_string()),
    }
}

/// The title in the plan's own language, cut to what an index holds.
pub fn title_key(plan: &ActionPlan) -> String {
    plan.title
        .as_ref()
        .map(|title| title.best(&plan.language).chars().take(200).collect())
        .unwrap_or_default()
}
