//! A plan as the folder and the service both know it: what people write, without what the service alone sets, so that a
//! file differs only where somebody has edited.

use std::sync::LazyLock;

use aws_lc_rs::digest;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::PartialSchema;

use crate::action_plans::merging::MERGING;
use crate::action_plans::types::ActionPlan;
use crate::merge::said;

/// The fields that only the service sets. They are read from the type alone: the contract takes longer to make than most runs.
static SET_BY_THE_SERVICE: LazyLock<Vec<String>> = LazyLock::new(|| {
    let schema = serde_json::to_value(ActionPlan::schema()).unwrap_or_default();
    let properties = schema.get("properties").and_then(Value::as_object);
    // Of a list it is said of the entries.
    let is_marked = |property: &Value| {
        ["/readOnly", "/items/readOnly"]
            .iter()
            .any(|place| property.pointer(place) == Some(&Value::Bool(true)))
    };
    let marked = properties
        .into_iter()
        .flatten()
        .filter(|(_, property)| is_marked(property));
    marked.map(|(name, _)| name.clone()).collect()
});

/// A state of a plan at the service.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct State {
    /// Its id.
    pub id: String,
    /// Counts its changes.
    pub version: i64,
    /// When it was written: a version number alone comes twice after a restored backup.
    pub written: DateTime<Utc>,
    /// What stands for it in `If-Match`; an export does not tell it.
    pub etag: Option<String>,
    /// Its keys in our system. They are no part of the document: the name of the file says them.
    pub keys: Vec<String>,
    /// What people write in it.
    pub document: Value,
}

impl State {
    /// As the service answers it, to those who know it by keys of `system` of `city`.
    pub fn of(plan: Value, etag: Option<String>, system: &str, city: &str) -> Option<Self> {
        let Value::Object(mut members) = plan else {
            return None;
        };
        let text = |name: &str| members.get(name)?.as_str().map(str::to_owned);
        let (id, written) = (text("id")?, text("updated_at")?.parse().ok()?);
        let version = members.get("version")?.as_i64()?;
        members.retain(|name, _| !SET_BY_THE_SERVICE.contains(name));
        let mut keys = Vec::new();
        // A reference that names no city is that of the first.
        let first = members
            .get("proponents")
            .and_then(|all| all.get(0))
            .cloned();
        let is_own = |reference: &Value| {
            reference.get("city").or(first.as_ref()) == Some(&Value::from(city))
        };
        if let Some(Value::Array(references)) = members.get_mut("external_refs") {
            references.retain(|reference| {
                match key_in(reference, system).filter(|_| is_own(reference)) {
                    Some(key) => {
                        keys.push(key.to_owned());
                        false
                    }
                    None => true,
                }
            });
        }
        let mut document = Value::Object(members);
        without(&mut document, MERGING.kept);
        Some(Self {
            id,
            version,
            written,
            etag,
            keys,
            document,
        })
    }

    /// Whether both are one state of one plan.
    pub fn is(&self, other: &Self) -> bool {
        self.id == other.id && self.version == other.version && self.written == other.written
    }

    /// Whether it is an earlier state of the same plan than `other`.
    pub fn is_before(&self, other: &Self) -> bool {
        self.id == other.id && self.version < other.version && self.written < other.written
    }

    /// Whether it cannot have come from `other`, nor `other` from it: its number says that it is older, its time newer.
    pub fn is_beside(&self, other: &Self) -> bool {
        self.id == other.id && self.version <= other.version && self.written > other.written
    }
}

/// The key that a reference names, when it is one of `system`.
fn key_in<'a>(reference: &'a Value, system: &str) -> Option<&'a str> {
    if reference.get("system")? != system {
        return None;
    }
    reference.get("key")?.as_str()
}

/// Takes these members out, wherever they stand.
fn without(value: &mut Value, names: &[&str]) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !names.contains(&name.as_str()));
            members.values_mut().for_each(|value| without(value, names));
        }
        Value::Array(entries) => entries.iter_mut().for_each(|entry| without(entry, names)),
        _ => {}
    }
}

/// The document as it is sent, with our keys before the references to other systems.
pub fn with_keys(document: &Value, system: &str, city: &str, keys: &[String]) -> Value {
    let mut sent = document.clone();
    if let Value::Object(members) = &mut sent {
        let others = members.entry("external_refs").or_insert_with(|| json!([]));
        if let Value::Array(others) = others {
            let own = keys.iter();
            let own = own.map(|key| json!({"system": system, "key": key, "city": city}));
            let mut references: Vec<Value> = own.collect();
            others.retain(|reference| !references.contains(reference));
            references.append(others);
            *others = references;
        }
    }
    sent
}

/// What stands for what a document says: the same on every machine and at every run.
pub fn fingerprint(document: &Value) -> String {
    let whole = digest::digest(&digest::SHA256, said(document).as_bytes());
    let bytes = whole.as_ref().iter().take(8);
    bytes.map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_service_sets_is_what_the_contract_says() {
        let contract = crate::openapi::contract().unwrap();
        assert_eq!(*SET_BY_THE_SERVICE, contract.read_only("ActionPlanWrite"));
    }

    #[test]
    fn the_file_holds_what_people_write_and_the_keys_go_with_it_when_it_is_sent() {
        let refs = json!([{"system": "ours", "key": "A", "city": "umea"}, {"system": "theirs", "key": "B"},
            {"system": "ours", "key": "C", "city": "umea"}, {"system": "ours", "key": "A"}]);
        let plan = json!({"id": "1", "proponents": ["kamakura", "umea"], "version": 3, "updated_at": "2026-01-01T00:00:00Z", "status": "draft", "title": null,
            "external_refs": refs, "actions": ["change"],
            "joint_actions": [{"key": "a", "consents": [{"city": "umea"}]}]});
        let state = State::of(plan, None, "ours", "umea").unwrap();
        assert_eq!(state.keys, ["A", "C"]);
        assert_eq!(
            state.document,
            json!({"proponents": ["kamakura", "umea"], "title": null,
                "external_refs": [{"system": "theirs", "key": "B"}, {"system": "ours", "key": "A"}], "joint_actions": [{"key": "a"}]})
        );
        let sent = with_keys(&state.document, "ours", "umea", &state.keys);
        let refs = json!([{"system": "ours", "key": "A", "city": "umea"}, {"system": "ours", "key": "C", "city": "umea"},
            {"system": "theirs", "key": "B"}, {"system": "ours", "key": "A"}]);
        assert_eq!(sent["external_refs"], refs);
    }
}
