//! The consents of the cities that a plan's joint actions name.

use std::collections::BTreeSet;

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
/// and the description stay as they were. Only the service writes them.
pub fn settle_consents(before: Option<&ActionPlan>, plan: &mut ActionPlan, faults: &mut Faults) {
    for (index, action) in plan.joint_actions.iter_mut().enumerate() {
        let stored = before.and_then(|before| find(before, &action.key.0));
        let given = stored.map_or(&[] as &[Consent], |stored| &stored.consents);
        faults.check(
            !action.consents.is_empty() && action.consents != given,
            format!("/joint_actions/{index}/consents"),
            Rule::ReadOnly,
        );
        let same_text = stored.is_some_and(|stored| {
            stored.title == action.title && stored.description == action.description
        });
        let kept = if same_text { given } else { &[] };
        let consent_of = |city: &CityId| {
            let known = kept.iter().find(|consent| consent.city == *city);
            known.cloned().unwrap_or_else(|| Consent::pending(city))
        };
        action.consents = action.with.iter().map(consent_of).collect();
    }
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
