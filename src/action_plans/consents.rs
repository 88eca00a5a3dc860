//! The consents of the cities that a plan's joint actions name.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::types::{
    ActionPlan, Consent, ConsentAnswer, ConsentDecision, ConsentState, JointAction, PlanStatus,
};
use crate::ids::{AccountId, CityId};
use crate::problem::{Fault, Faults, Rule};

impl Consent {
    fn pending(city: &CityId) -> Self {
        Self {
            city: city.clone(),
            decision: ConsentState::Pending,
            by: None,
            at: None,
            comment: None,
        }
    }
}

/// Brings the consents in step with what the joint actions say: one for each city that is named, kept while the title
/// and the description say what the city has read. Only the service writes them.
pub fn settle_consents(before: Option<&ActionPlan>, plan: &mut ActionPlan, faults: &mut Faults) {
    for (index, action) in plan.joint_actions.iter_mut().enumerate() {
        let stored = before.and_then(|before| find(before, &action.key.0));
        let given = stored.map_or(&[] as &[Consent], |stored| &stored.consents);
        if !action.consents.is_empty() && action.consents != given {
            let pointer = format!("/joint_actions/{index}");
            let fault = Fault::at(format!("{pointer}/consents"), Rule::ReadOnly);
            faults.push(fault.against(format!("{pointer}/key")));
        }
        let same_text = stored.is_some_and(|stored| says_the_same(stored, action, &plan.language));
        let kept = if same_text { given } else { &[] };
        let consent_of = |city: &CityId| {
            let known = kept.iter().find(|consent| consent.city == *city);
            known.cloned().unwrap_or_else(|| Consent::pending(city))
        };
        action.consents = action.with.iter().map(consent_of).collect();
    }
}

/// Whether the text that was there is there word for word, whichever of its languages a city has read. A translation may
/// have been added; not the text in the plan's own language, which the others are translations of.
fn says_the_same(before: &JointAction, after: &JointAction, own: &str) -> bool {
    let texts = |action: &JointAction| {
        let title = action.title.iter().flat_map(|it| it.languages());
        let title = title.map(|(language, text)| (("title", language.to_owned()), text.to_owned()));
        let description = action.description.iter().flat_map(|it| it.languages());
        let description = description
            .map(|(language, text)| (("description", language.to_owned()), text.to_owned()));
        title.chain(description).collect::<BTreeMap<_, _>>()
    };
    let (was, is) = (texts(before), texts(after));
    let kept = was.iter().all(|(place, text)| is.get(place) == Some(text));
    let added = is.keys().filter(|place| !was.contains_key(*place));
    kept && added.into_iter().all(|(_, language)| language != own)
}

/// The joint action with this key.
pub fn find<'a>(plan: &'a ActionPlan, key: &str) -> Option<&'a JointAction> {
    plan.joint_actions.iter().find(|action| action.key.0 == key)
}

/// The cities that the joint actions of a plan name.
pub fn asked(plan: &ActionPlan) -> BTreeSet<&CityId> {
    plan.joint_actions
        .iter()
        .flat_map(|action| &action.with)
        .collect()
}

/// The consents that are still missing, each by its place.
pub fn missing_consents(plan: &ActionPlan) -> Faults {
    let mut faults = Faults::new();
    for (index, action) in plan.joint_actions.iter().enumerate() {
        for (place, city) in action.with.iter().enumerate() {
            let mut consents = action.consents.iter();
            let decision = consents
                .find(|consent| consent.city == *city)
                .map_or(ConsentState::Pending, |consent| consent.decision);
            if decision != ConsentState::Accepted {
                faults.push(
                    Fault::at(
                        format!("/joint_actions/{index}/consents/{place}"),
                        Rule::ConsentMissing,
                    )
                    .with("city", city)
                    .with("decision", decision),
                );
            }
        }
    }
    faults
}

/// Notes what a city says to the joint action with this key; the same answer again changes nothing.
pub fn answer(
    plan: &mut ActionPlan,
    key: &str,
    city: &CityId,
    answer: ConsentAnswer,
    by: Option<AccountId>,
    at: DateTime<Utc>,
) {
    let decision = match answer.decision {
        ConsentDecision::Accepted => ConsentState::Accepted,
        ConsentDecision::Declined => ConsentState::Declined,
    };
    let consents = plan
        .joint_actions
        .iter_mut()
        .filter(|action| action.key.0 == key)
        .flat_map(|action| action.consents.iter_mut());
    for consent in consents.filter(|consent| consent.city == *city) {
        if consent.decision != decision || consent.comment != answer.comment {
            *consent = Consent {
                city: city.clone(),
                decision,
                by,
                at: Some(at),
                comment: answer.comment.clone(),
            };
        }
    }
}

/// Whether a plan takes consents now.
pub fn takes_consents(plan: &ActionPlan) -> bool {
    plan.status == PlanStatus::Submitted && !plan.is_public_copy
}
