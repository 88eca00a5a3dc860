//! Bodies with faults of shape, made good: in each place where something is wrong stands something else that fits, so that
//! all the rest is judged too, and told with what is wrong with the shape.
//!
//! What stands in is no more than a shape: nothing that it brings about may be told or stored. See `Faults::behind`.

use serde_json::{Map, Value, json};

use super::schemas::SCHEMAS;
use crate::problem::{Fault, Rule};

/// Puts something that fits where `fault` stands in `body`, which should be as `schema` says; nothing where nothing has to
/// stand.
pub(super) fn mend(body: &mut Value, fault: &Fault, schema: &Value, schemas: &Value) {
    let Some((above, token)) = fault.pointer().and_then(|pointer| pointer.rsplit_once('/')) else {
        return;
    };
    let token = unescaped(token);
    let fitting = || {
        let mut tokens = above.split('/').skip(1).map(unescaped);
        let above = tokens.try_fold(schema, |schema, token| inside(schema, &token, schemas))?;
        stand_in(inside(above, &token, schemas)?, schemas)
    };
    match body.pointer_mut(above) {
        Some(Value::Object(members)) if fault.rule() == Rule::Required => {
            members.extend(fitting().map(|value| (token.clone(), value)));
        }
        Some(Value::Object(members)) => drop(members.remove(&token)),
        Some(Value::Array(entries)) => {
            let entry = token
                .parse()
                .ok()
                .and_then(|index: usize| entries.get_mut(index));
            if let Some((entry, value)) = entry.zip(fitting()) {
                *entry = value;
            }
        }
        _ => {}
    }
}

/// The place, at `pointer` or above it, that only the service writes in what is as `schema` says.
pub(super) fn read_only_above(pointer: &str, schema: &Value, schemas: &Value) -> Option<String> {
    let (mut schema, mut place) = (schema, String::new());
    for token in pointer.split('/').skip(1) {
        schema = inside(schema, &unescaped(token), schemas)?;
        place += "/";
        place += token;
        if schema.get("readOnly") == Some(&json!(true)) {
            return Some(place);
        }
    }
    None
}

fn unescaped(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

/// The schema that `schema` refers to; of alternatives, the first that is more than null.
fn resolved<'a>(schema: &'a Value, schemas: &'a Value) -> Option<&'a Value> {
    let mut schema = schema;
    loop {
        let alternatives = ["oneOf", "anyOf", "allOf"];
        let alternatives = alternatives
            .iter()
            .find_map(|name| schema.get(name)?.as_array());
        if let Some(to) = schema.get("$ref").and_then(Value::as_str) {
            schema = schemas.get(to.strip_prefix(SCHEMAS)?)?;
        } else if let Some(alternatives) = alternatives {
            schema = alternatives.iter().find(|one| !is_null(one))?;
        } else {
            return Some(schema);
        }
    }
}

fn is_null(schema: &Value) -> bool {
    schema.get("type") == Some(&json!("null"))
}

/// The schema of what stands at `token` in what `schema` describes.
fn inside<'a>(schema: &'a Value, token: &str, schemas: &'a Value) -> Option<&'a Value> {
    let schema = resolved(schema, schemas)?;
    let property = schema.get("properties").and_then(|all| all.get(token));
    let other = || {
        schema
            .get("items")
            .or_else(|| schema.get("additionalProperties"))
    };
    property.or_else(other)
}

/// Something that fits the schema.
fn stand_in(schema: &Value, schemas: &Value) -> Option<Value> {
    let schema = resolved(schema, schemas)?;
    let examples = ["/example", "/examples/0", "/enum/0", "/const"];
    if let Some(example) = examples.iter().find_map(|place| schema.pointer(place)) {
        return Some(example.clone());
    }
    let kind = schema.get("type")?;
    let kind = kind.as_str().or_else(|| kind.get(0)?.as_str())?;
    let count = |name: &str| schema.get(name).and_then(Value::as_u64).unwrap_or_default();
    match kind {
        "object" => {
            let required = schema.get("required").and_then(Value::as_array);
            let members = required.into_iter().flatten().filter_map(Value::as_str);
            let member = |name: &str| {
                let value = stand_in(inside(schema, name, schemas)?, schemas)?;
                Some((name.to_owned(), value))
            };
            members
                .map(member)
                .collect::<Option<Map<_, _>>>()
                .map(Value::Object)
        }
        "array" => {
            let entries = (0..count("minItems")).map(|_| stand_in(schema.get("items")?, schemas));
            entries.collect::<Option<Vec<_>>>().map(Value::Array)
        }
        "string" => Some(Value::from(
            match schema.get("format").and_then(Value::as_str) {
                Some("uuid") => "00000000-0000-0000-0000-000000000000",
                Some("date") => "2000-01-01",
                Some("date-time") => "2000-01-01T00:00:00Z",
                _ => "x",
            },
        )),
        "integer" | "number" => Some(schema.get("minimum").cloned().unwrap_or(Value::from(0))),
        "boolean" => Some(Value::from(false)),
        _ => None,
    }
}
