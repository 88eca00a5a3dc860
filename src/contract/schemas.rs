//! The schemas of the document, as validators: how they refer to one another, and the formats of the programme.

use std::collections::BTreeSet;

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::BadContract;
use crate::edtf::Edtf;
use crate::places::{Currency, is_redirect_uri};
use crate::text::is_line;

/// Where schemas are, in a reference to one.
pub(super) const SCHEMAS: &str = "#/components/schemas/";

/// The names of the schemas that `value` refers to.
pub(super) fn references(value: &Value, found: &mut BTreeSet<String>) {
    if let Some(name) = value
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|to| to.strip_prefix(SCHEMAS))
    {
        found.insert(name.to_owned());
    }
    match value {
        Value::Array(list) => list.iter().for_each(|entry| references(entry, found)),
        Value::Object(object) => object.values().for_each(|member| references(member, found)),
        _ => {}
    }
}

/// The schemas that `root` refers to, and those that they refer to.
fn reached_from(root: &Value, schemas: &Value) -> Map<String, Value> {
    let mut waiting = BTreeSet::new();
    references(root, &mut waiting);
    let mut reached = Map::new();
    while let Some(name) = waiting.pop_first() {
        if let (false, Some(schema)) = (reached.contains_key(&name), schemas.get(&name)) {
            references(schema, &mut waiting);
            reached.insert(name, schema.clone());
        }
    }
    reached
}

/// The schema `name` as one that stands alone: what it refers to is in its `$defs`.
pub(super) fn standing_alone(name: &str, schemas: &Value) -> Option<Value> {
    let mut root = schemas.get(name)?.clone();
    let mut reached: Value = reached_from(&root, schemas).into();
    point_to_defs(&mut root);
    point_to_defs(&mut reached);
    root.as_object_mut()?.insert("$defs".into(), reached);
    Some(root)
}

fn point_to_defs(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(point_to_defs),
        Value::Object(object) => {
            if let Some(Value::String(to)) = object.get_mut("$ref")
                && let Some(name) = to.strip_prefix(SCHEMAS)
            {
                *to = format!("#/$defs/{name}");
            }
            object.values_mut().for_each(point_to_defs);
        }
        _ => {}
    }
}

/// A validator of `root`, with no more schemas than it can reach.
pub(super) fn validator(mut root: Value, schemas: &Value) -> Result<Validator, BadContract> {
    let reached = reached_from(&root, schemas);
    if let Some(object) = root.as_object_mut() {
        object.insert("components".into(), json!({"schemas": reached}));
    }

    jsonschema::draft202012::options()
        .should_validate_formats(true)
        .with_format("line", is_line)
        .with_format("edtf", |text: &str| text.parse::<Edtf>().is_ok())
        .with_format("currency", |text: &str| Currency::in_use(text).is_some())
        .with_format("iana-time-zone", |text: &str| {
            text.parse::<chrono_tz::Tz>().is_ok()
        })
        .with_format("redirect-uri", is_redirect_uri)
        .with_format("date-time", |text: &str| {
            chrono::DateTime::parse_from_rfc3339(text).is_ok()
        })
        .with_format("date", |text: &str| {
            text.len() == 10 && text.parse::<chrono::NaiveDate>().is_ok()
        })
        .with_format("password", |_: &str| true)
        .build(&root)
        .map_err(|error| BadContract(error.to_string()))
}
