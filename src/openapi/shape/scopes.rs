//! Which scopes open an operation to machine clients: told by `policy`, of what the operation does with which kind of
//! thing. An operation of which nothing is known is closed to them.

use crate::openapi::Offer;
use crate::policy::{Action, Scope, Scopes, Thing, scopes_of};

/// What operations do of which method and path do not tell it.
const ABOUT: &[(&str, Action, Thing)] = &[
    ("decline_contribution", Action::Create, Thing::Decline),
    ("transition_action_plan", Action::Submit, Thing::ActionPlan),
    (
        "consent_to_joint_action",
        Action::Consent,
        Thing::ActionPlan,
    ),
    (
        "restore_action_plan_version",
        Action::Change,
        Thing::ActionPlan,
    ),
    ("list_source_uses", Action::Read, Thing::ActionPlan),
    ("get_sdg_statistics", Action::Read, Thing::ActionPlan),
    ("get_programme_statistics", Action::Read, Thing::Programme),
    // What was told is what its keeper may read.
    ("list_deliveries", Action::Change, Thing::Webhook),
    ("get_delivery", Action::Change, Thing::Webhook),
    ("delete_webhook_secret", Action::Change, Thing::Webhook),
];

/// The scopes that open the operation to a person's token of fewer scopes than the role has, all of them together; `None`:
/// it is closed to such. It is as for machine clients, but that a person may be told who the person is.
pub(super) fn scopes_of_person(id: &str, of_client: Option<Scopes>) -> Option<Scopes> {
    match id {
        "get_me" => Some(Scopes::from_iter([Scope::Read])),
        _ => of_client,
    }
}

/// The scopes that open the operation, all of them together; `None`: it is closed to machine clients.
pub(super) fn scopes_of_operation(
    id: &str,
    method: &str,
    path: &str,
    offers: &[Offer],
) -> Option<Scopes> {
    // Of all kinds of thing.
    if id == "list_changes" {
        return Some(Scopes::from_iter([Scope::ChangesRead]));
    }
    let told = ABOUT.iter().find(|(about, ..)| *about == id);
    let (action, thing) = match told {
        Some((_, action, thing)) => (*action, *thing),
        None => (action_of(method)?, thing_at(path, offers)?),
    };
    scopes_of(action, thing)
}

fn action_of(method: &str) -> Option<Action> {
    match method {
        "get" => Some(Action::Read),
        "post" => Some(Action::Create),
        "put" | "patch" => Some(Action::Change),
        "delete" => Some(Action::Delete),
        _ => None,
    }
}

/// The kind of thing at or below whose path this one lies; the longest path decides.
fn thing_at(path: &str, offers: &[Offer]) -> Option<Thing> {
    let path = path.strip_prefix("/v1")?;
    let above = offers.iter().filter(|offer| {
        path.strip_prefix(offer.path)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    above
        .max_by_key(|offer| offer.path.len())
        .map(|offer| offer.thing)
}
