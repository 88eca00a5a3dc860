//! How the schemas of the document refer to one another.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Where schemas are, in a reference to one.
pub(super) const SCHEMAS: &str = "#/components/schemas/";

/// Visits a value and everything in it, from the outside in.
pub(super) fn walk(value: &mut Value, visit: &mut impl FnMut(&mut Value)) {
    visit(value);
    match value {
        Value::Array(list) => list.iter_mut().for_each(|entry| walk(entry, visit)),
        Value::Object(object) => object.values_mut().for_each(|member| walk(member, visit)),
        _ => {}
    }
}

/// The name of the schema that `value` refers to.
pub(super) fn reference(value: &Value) -> Option<&str> {
    value
        .get("$ref")
        .and_then(Value::as_str)?
        .strip_prefix(SCHEMAS)
}

/// The names of the schemas that `value` and everything in it refer to.
pub(super) fn references(value: &Value, found: &mut BTreeSet<String>) {
    if let Some(name) = reference(value) {
        found.insert(name.to_owned());
    }
    match value {
        Value::Array(list) => list.iter().for_each(|entry| references(entry, found)),
        Value::Object(object) => object.values().for_each(|member| references(member, found)),
        _ => {}
    }
}

/// The schemas of these names, and all that they refer to.
pub(super) fn reachable(
    schemas: &Map<String, Value>,
    names: impl IntoIterator<Item = String>,
) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let mut waiting: Vec<String> = names.into_iter().collect();
    while let Some(name) = waiting.pop() {
        if let (true, Some(schema)) = (all.insert(name.clone()), schemas.get(&name)) {
            let mut found = BTreeSet::new();
            references(schema, &mut found);
            waiting.extend(found);
        }
    }
    all
}
