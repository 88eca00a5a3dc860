//! The shapes of bodies, derived from the shape of the thing: `CityWrite` and `CityPatch` from `City`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::references::{SCHEMAS, reference};

/// The shapes of the bodies that write the schemas `roots`, and of their parts.
pub(super) fn bodies(raw: &Map<String, Value>, roots: &[String]) -> BTreeMap<String, Value> {
    let mut variants = Variants {
        raw,
        made: BTreeMap::new(),
    };
    for root in roots {
        variants.make(root, Shape::Write);
        variants.make(root, Shape::Patch);
    }
    variants.made
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// A body that creates or replaces: what the service sets may be left out.
    Write,
    /// A merge patch (RFC 7396): every field may be left out, or null to empty it.
    Patch,
}

struct Variants<'a> {
    raw: &'a Map<String, Value>,
    made: BTreeMap<String, Value>,
}

impl Variants<'_> {
    /// Makes the variant of a schema and of what it refers to; answers the name to refer to.
    fn make(&mut self, name: &str, shape: Shape) -> String {
        let Some(schema) = self.raw.get(name).cloned() else {
            return name.to_owned();
        };
        let is_map = schema.get("propertyNames").is_some();
        let is_list = schema.get("type") == Some(&json!("array"));
        if !is_object(&schema) && !is_list || (is_map && shape == Shape::Write) {
            return name.to_owned();
        }
        // The entries of a list are replaced whole, also by a patch.
        let shape = if is_list { Shape::Write } else { shape };
        let variant = format!(
            "{name}{}",
            if shape == Shape::Write {
                "Write"
            } else {
                "Patch"
            }
        );
        if self.made.contains_key(&variant) {
            return variant;
        }
        self.made.insert(variant.clone(), Value::Null);
        let mut schema = schema;
        if is_map {
            map_patch(&mut schema);
        } else if is_list {
            self.point(&mut schema, shape);
        } else {
            self.object(&mut schema, shape);
        }
        self.made.insert(variant.clone(), schema);
        variant
    }

    fn object(&mut self, schema: &mut Value, shape: Shape) {
        let Some(object) = schema.as_object_mut() else {
            return;
        };
        let required = object.remove("required");
        let Some(properties) = object.get_mut("properties").and_then(Value::as_object_mut) else {
            return;
        };
        let read_only: Vec<String> = properties
            .iter()
            .filter(|(_, property)| property.get("readOnly").is_some())
            .map(|(name, _)| name.clone())
            .collect();
        for (name, property) in properties.iter_mut() {
            if !read_only.contains(name) {
                self.point(property, shape);
                if shape == Shape::Patch {
                    or_null(property);
                }
            }
        }
        if let (Shape::Write, Some(Value::Array(mut names))) = (shape, required) {
            names.retain(|name| !read_only.iter().any(|other| name == other));
            if !names.is_empty() {
                object.insert("required".into(), Value::Array(names));
            }
        }
    }

    /// Points the references inside `value` to variants; those in lists to whole ones.
    fn point(&mut self, value: &mut Value, shape: Shape) {
        if let Some(name) = reference(value).map(str::to_owned) {
            let variant = self.make(&name, shape);
            if let Some(object) = value.as_object_mut() {
                object.insert("$ref".into(), json!(format!("{SCHEMAS}{variant}")));
            }
        }
        if let Some(items) = value.get_mut("items") {
            self.point(items, Shape::Write);
        }
        for choice in ["oneOf", "anyOf", "allOf"] {
            for entry in value
                .get_mut(choice)
                .and_then(Value::as_array_mut)
                .into_iter()
                .flatten()
            {
                self.point(entry, shape);
            }
        }
    }
}

/// Null takes a language out of a translated text.
fn map_patch(schema: &mut Value) {
    if let Some(object) = schema.as_object_mut() {
        object.remove("examples");
        object.insert("minProperties".into(), json!(0));
        if let Some(value) = object.get_mut("additionalProperties") {
            or_null(value);
        }
    }
}

/// Lets a schema also take null.
fn or_null(schema: &mut Value) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    if object.contains_key("oneOf") {
        return;
    }
    match object.get_mut("type") {
        Some(kind @ Value::String(_)) => *kind = json!([kind.clone(), "null"]),
        Some(_) => {}
        None => {
            let description = object.remove("description");
            let inner = std::mem::take(object);
            object.insert("oneOf".into(), json!([{"type": "null"}, inner]));
            if let Some(description) = description {
                object.insert("description".into(), description);
            }
        }
    }
    if let Some(Value::Array(values)) = object.get_mut("enum") {
        values.push(Value::Null);
    }
}

fn is_object(schema: &Value) -> bool {
    schema.get("type") == Some(&json!("object"))
}
