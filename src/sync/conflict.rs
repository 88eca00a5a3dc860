//! What both sides made of a plan, brought together; and the file that tells a person what collides, and how to go on.

use serde_json::{Value, json};

use super::document::State;
use crate::action_plans::merging::MERGING;
use crate::merge::{Conflict, Merged, merge};

/// Brings together what the file (`yours`) and the service (`theirs`) each made of `base`.
pub fn together(base: &Value, yours: &Value, theirs: &Value) -> Merged {
    merge(MERGING.shape, base, yours, theirs)
}

/// The same, where a person has decided what collides by what now stands in the file.
pub fn decided(base: &Value, yours: &Value, theirs: &Value) -> Value {
    // In what collides, the second of the two stays.
    together(base, theirs, yours).value
}

/// What a person is told of what collides in `file`.
pub fn told(file: &str, url: &str, conflicts: &[Conflict], theirs: &State) -> Value {
    let conflicts = conflicts.iter().map(|conflict| {
        json!({
            "pointer": conflict.pointer,
            "place": conflict.path,
            "base": conflict.base,
            "yours": conflict.yours,
            "theirs": conflict.theirs,
        })
    });
    json!({
        "what": format!("{file} was changed here (yours) and at the service (theirs) in the same places. It waits; all other plans go on."),
        "how": [
            format!("Edit {file}: in each place below, write what shall stand there."),
            "Then remove this file.",
            "What else was changed at the service comes into the plan by itself.",
        ],
        "plan": format!("{url}/v1/action-plans/{}", theirs.id),
        "version": theirs.version,
        "conflicts": conflicts.collect::<Vec<_>>(),
    })
}

/// What a person is told of a plan that is gone at the service, and was changed in `file`.
pub fn told_gone(file: &str) -> Value {
    json!({
        "what": format!("{file} was changed here, and the plan is gone at the service. It waits; all other plans go on."),
        "how": [
            format!("To let the plan go, remove {file} and this file."),
            "To make it anew as it stands here, remove this file alone.",
        ],
        "conflicts": [],
    })
}
