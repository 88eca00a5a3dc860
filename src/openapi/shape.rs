//! What the document gets once for all operations and schemas, so that no handler has to repeat it.

mod references;
mod variants;
mod shared;
mod parameters;
mod operations;
mod examples;
mod scopes;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use self::examples::add_examples;
use self::operations::{is_deed, shape_path};
use self::references::{SCHEMAS, reachable, reference, references, walk};
use self::shared::{headers, problems, security_schemes, tags, webhooks};
use super::{Along, Offer};

/// Shapes what the code has said into the published document.
pub fn shape(document: &mut Value, mut offers: Vec<Offer>, views: &[(&str, Along)], info: Value) {
    let mut schemas = take_object(document, &["components", "schemas"]);
    rename_pages(&mut schemas);
    let patch = json!({"type": "array", "maxItems": 1000, "items": {"$ref": format!("{SCHEMAS}PatchOperation")},
        "description": "A JSON Patch (RFC 6902): all operations are applied in order, or none."});
    schemas.insert("JsonPatch".into(), patch);
    for schema in schemas.values_mut() {
        close(schema);
    }
    let roots: Vec<String> = offers.iter().map(|offer| offer.schema.clone()).collect();
    let bodies = variants::bodies(&schemas, &roots);
    for name in reachable(&schemas, roots) {
        if let Some(schema) = schemas.get_mut(&name) {
            as_answered(&name, schema, true);
        }
    }
    for offer in &mut offers {
        let properties = schemas
            .get(&offer.schema)
            .and_then(|schema| schema.get("properties"));
        offer.fields = properties
            .and_then(Value::as_object)
            .map(|all| all.keys().cloned().collect())
            .unwrap_or_default();
    }
    for offer in &offers {
        add_answer_members(&mut schemas, offer);
    }
    for (name, along) in views {
        add_member(&mut schemas, name, "included", included(along));
    }
    schemas.extend(bodies);
    add_examples(&mut schemas);
    let paths = take_object(document, &["paths"]);
    add_dry_runs(&mut schemas, &paths, &offers);
    let paths = paths
        .into_iter()
        .map(|(path, item)| shape_path(path, item, &offers))
        .collect::<Map<_, _>>();
    for name in only_answered(&paths, &schemas) {
        if let Some(schema) = schemas.get_mut(&name) {
            as_answered(&name, schema, false);
        }
    }
    *document = json!({
        "openapi": "3.1.0",
        "info": info,
        "servers": [{"url": "/v1", "description": "This server (local or production)", "x-internal": false}],
        "security": [{"bearer": []}],
        "tags": tags(),
        "paths": paths,
        "webhooks": webhooks(),
        "components": {
            "securitySchemes": security_schemes(),
            "headers": headers(),
            "responses": problems(),
            "schemas": schemas,
        },
    });
    drop_unused(document);
}

/// What an answer may hold beside the fields of the thing itself.
fn add_answer_members(schemas: &mut Map<String, Value>, offer: &Offer) {
    let name = offer.schema.as_str();
    add_member(schemas, name, "dry_run", dry_run());
    if !offer.includes.is_empty() {
        let included = included(&offer.includes);
        add_member(
            schemas,
            &format!("{name}Page"),
            "included",
            included.clone(),
        );
        add_member(schemas, name, "included", included);
    }
    let secret = match name {
        "Client" => (
            "^iuc_cs_[A-Za-z0-9_-]+$",
            "iuc_cs_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ),
        "Webhook" => (
            "^whsec_[A-Za-z0-9+/]+$",
            "whsec_3q2+7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ),
        _ => return,
    };
    let (pattern, example) = secret;
    let secret = json!({"type": "string", "readOnly": true, "maxLength": 100, "pattern": pattern,
        "description": "Only in the answer to its making: the new secret. It is told this once.",
        "examples": [example]});
    add_member(schemas, name, "secret", secret);
}

/// Most things that are answered along: those of a page of the longest lists.
const MOST_INCLUDED: usize = 10_000;

/// What can be answered along, by kind and id.
fn included(includes: &[(&'static str, String)]) -> Value {
    let kinds = includes.iter().map(|(name, schema)| {
        let things = json!({"type": "object", "description": format!("By id: each {schema} that is referred to, once."),
            "additionalProperties": {"$ref": format!("{SCHEMAS}{schema}")}, "maxProperties": MOST_INCLUDED});
        ((*name).to_owned(), things)
    });
    json!({"type": "object", "readOnly": true, "additionalProperties": false,
        "description": "Only with `include`: what was asked for along, by kind and id.",
        "properties": kinds.collect::<Map<_, _>>()})
}

/// What is answered to a deed may tell of a dry run too.
fn add_dry_runs(schemas: &mut Map<String, Value>, paths: &Map<String, Value>, offers: &[Offer]) {
    let mut answers = BTreeSet::new();
    for (path, item) in paths {
        if let Some(operation) = item
            .get("post")
            .filter(|post| is_deed("post", path, post, offers))
        {
            for response in ["/responses/200", "/responses/201", "/responses/202"] {
                let schema = format!("{response}/content/application~1json/schema");
                let name = operation.pointer(&schema).and_then(reference);
                answers.extend(name.map(str::to_owned));
            }
        }
    }
    for name in answers {
        add_member(schemas, &name, "dry_run", dry_run());
    }
}

fn dry_run() -> Value {
    json!({"$ref": format!("{SCHEMAS}DryRun"), "readOnly": true,
        "description": "Only in the answer to `dryrun=true`: what would change."})
}

fn add_member(schemas: &mut Map<String, Value>, name: &str, member: &str, shape: Value) {
    let place = schemas
        .get_mut(name)
        .and_then(|schema| schema.get_mut("properties"));
    if let Some(properties) = place.and_then(Value::as_object_mut) {
        properties.insert(member.into(), shape);
    }
}

fn take_object(document: &mut Value, path: &[&str]) -> Map<String, Value> {
    let place = path
        .iter()
        .try_fold(document, |value, name| value.get_mut(name));
    match place.map(Value::take) {
        Some(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

/// `Listing_City` is published as `CityPage`, whose items are each a `City`: so that the code that a client has for one does
/// for all. It holds nothing along, unless its offer says so.
fn rename_pages(schemas: &mut Map<String, Value>) {
    let names: Vec<String> = schemas.keys().cloned().collect();
    for name in names {
        let Some(item) = name.strip_prefix("Listing_") else {
            continue;
        };
        let Some(mut page) = schemas.remove(&name) else {
            continue;
        };
        if let Some(properties) = page.get_mut("properties").and_then(Value::as_object_mut) {
            properties.remove("included");
        }
        if let Some(one) = page.pointer_mut("/properties/items/items")
            && reference(one).is_none()
        {
            let inline = std::mem::replace(one, json!({"$ref": format!("{SCHEMAS}{item}")}));
            schemas.entry(item).or_insert(inline);
        }
        schemas.insert(format!("{item}Page"), page);
    }
}

/// Objects take no other fields than theirs, unless they say so; a translated text has at least one language; a list that only the service
/// writes is marked itself, not its entries.
fn close(schema: &mut Value) {
    walk(schema, &mut |schema| {
        let Some(object) = schema.as_object_mut() else {
            return;
        };
        if object.contains_key("properties") && object.get("type") == Some(&json!("object")) {
            let open = object.entry("additionalProperties");
            open.or_insert(json!(false));
        }
        let entries = object.get_mut("items").and_then(Value::as_object_mut);
        if let Some(mark) = entries.and_then(|entries| entries.remove("readOnly")) {
            object.insert("readOnly".into(), mark);
        }
        let longest = match object.get("format").and_then(Value::as_str) {
            Some("date-time") => 40,
            Some("uuid") => 36,
            Some("date") => 10,
            _ => 0,
        };
        if longest > 0 {
            object.entry("maxLength").or_insert(json!(longest));
        }
        let items = object
            .get("items")
            .and_then(|items| items.get("$ref"))
            .and_then(Value::as_str);
        if items.is_some_and(|to| {
            ["Id", "/TargetCode", "/ExternalRef"]
                .iter()
                .any(|end| to.ends_with(end))
        }) {
            object.insert("uniqueItems".into(), json!(true));
        }
        if object.contains_key("propertyNames") {
            object.insert("minProperties".into(), json!(1));
            object.insert("maxProperties".into(), json!(30));
        }
    });
}

/// The schemas that only answers carry: reached from what is answered when all is well, and from no body.
fn only_answered(paths: &Map<String, Value>, schemas: &Map<String, Value>) -> BTreeSet<String> {
    let (mut answers, mut bodies) = (BTreeSet::new(), BTreeSet::new());
    let items = paths.values().filter_map(Value::as_object);
    for operation in items.flat_map(Map::values) {
        let part = |name| operation.get(name).unwrap_or(&Value::Null);
        references(part("requestBody"), &mut bodies);
        for (status, response) in part("responses").as_object().into_iter().flatten() {
            if status.starts_with('2') {
                references(response, &mut answers);
            }
        }
    }
    let bodies = reachable(schemas, bodies);
    let mut all = reachable(schemas, answers);
    all.retain(|name| !bodies.contains(name));
    all
}

/// What an answer leaves out where it would say nothing new.
const LEFT_OUT: &[(&str, &str)] = &[("ExternalRef", "city")];

/// An answer has every field: with `all`, each; else those that are null rather than absent.
fn as_answered(schema_name: &str, schema: &mut Value, all: bool) {
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    properties.retain(|_, property| property.get("writeOnly") != Some(&json!(true)));
    let nullable = |property: &Value| {
        property.get("oneOf").is_some() || property.get("type").is_some_and(Value::is_array)
    };
    let names: Vec<(Value, bool)> = properties
        .iter()
        .map(|(name, property)| {
            let is_left_out = LEFT_OUT.contains(&(schema_name, name.as_str()));
            (json!(name), !is_left_out && (all || nullable(property)))
        })
        .collect();
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    let said = object.get("required").and_then(Value::as_array);
    let mut required = said.cloned().unwrap_or_default();
    required.retain(|name| names.iter().any(|(there, _)| there == name));
    for (name, sent) in names {
        if sent && !required.contains(&name) {
            required.push(name);
        }
    }
    if (all || said != Some(&required)) && !required.is_empty() {
        object.remove("required");
        object.insert("required".into(), Value::Array(required));
    }
}

/// A component that nothing uses is left out.
fn drop_unused(document: &mut Value) {
    loop {
        let mut used = BTreeSet::new();
        places(document, &mut used);
        let mut unused = Vec::new();
        for kind in ["schemas", "responses", "headers"] {
            let names = document
                .pointer(&format!("/components/{kind}"))
                .and_then(Value::as_object);
            for name in names.into_iter().flat_map(Map::keys) {
                if !used.contains(format!("#/components/{kind}/{name}").as_str()) {
                    unused.push((kind, name.clone()));
                }
            }
        }
        if unused.is_empty() {
            return;
        }
        for (kind, name) in unused {
            if let Some(components) = document
                .pointer_mut(&format!("/components/{kind}"))
                .and_then(Value::as_object_mut)
            {
                components.remove(&name);
            }
        }
    }
}

/// The components that `value` names, in references and in the mappings of discriminators.
fn places<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::String(text) if text.starts_with("#/components/") => {
            found.insert(text);
        }
        Value::Array(list) => list.iter().for_each(|entry| places(entry, found)),
        Value::Object(object) => object.values().for_each(|member| places(member, found)),
        _ => {}
    }
}
