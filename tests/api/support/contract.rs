//! Every answer that any test gets is held against the OpenAPI document: its status, its media type, its shape.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use iuc::openapi::document;
use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::Reply;

static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// Demands that the answer is one that the document tells of.
pub fn check(reply: &Reply) {
    let (method, path) = reply.line.split_once(' ').unwrap();
    let path = path.strip_prefix(&reply.url).unwrap_or(path);
    let Some(operation) = operation(method, path.split('?').next().unwrap_or_default()) else {
        return;
    };
    let responses = &operation["responses"];
    let status = reply.status.to_string();
    let response = responses.get(&status).or(responses.get("default"));
    let response = resolved(response.unwrap_or_else(|| panic!("no such status: {reply}")));
    if method == "HEAD" || reply.bytes.is_empty() {
        return;
    }
    let media_type = reply.header("content-type");
    let media_type = media_type.split(';').next().unwrap_or_default();
    let beside = [
        "application/x-ndjson",
        "text/event-stream",
        "text/csv",
        "application/geo+json",
        "text/calendar",
        "text/markdown",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/pdf",
    ];
    if beside.contains(&media_type) && response["content"].get(media_type).is_none() {
        // Told in words: a second media type would make every generated client's answer an `any`.
        let told = response["description"].as_str().unwrap_or_default();
        assert!(told.contains(media_type), "{told}");
        return;
    }
    let content = &response["content"][media_type];
    assert!(
        content.is_object(),
        "the document has no {media_type} for this: {reply}"
    );
    // A file that is JSON is told as its bytes.
    let is_file = response["content"].get("application/pdf").is_some();
    let is_json = media_type == "application/json" || media_type.ends_with("+json");
    if !is_json || is_file || !reply.header("content-encoding").is_empty() {
        return;
    }
    let thinned = reply.line.contains("fields=");
    if thinned && reply.status == 200 {
        return;
    }
    let validator = validator(&content["schema"]);
    let faults: Vec<String> = validator
        .iter_errors(&reply.body)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{}\n{reply}", faults.join("\n"));
}

/// What a `$ref` stands for.
pub fn resolved(value: &'static Value) -> &'static Value {
    match value.get("$ref").and_then(Value::as_str) {
        Some(reference) => document()
            .pointer(reference.trim_start_matches('#'))
            .unwrap_or_else(|| panic!("{reference} leads nowhere")),
        None => value,
    }
}

/// The operation behind a request, when the document has it.
fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let method = if method == "HEAD" { "get" } else { method };
    let paths = document()["paths"].as_object().unwrap();
    let found = paths.iter().find(|(template, item)| {
        let base = if item.get("servers").is_some() {
            ""
        } else {
            "/v1"
        };
        let template = format!("{base}{template}");
        let (mut parts, mut wanted) = (path.split('/'), template.split('/'));
        parts.clone().count() == wanted.clone().count()
            && wanted.all(|want| {
                parts
                    .next()
                    .is_some_and(|part| part == want || (want.starts_with('{') && !part.is_empty()))
            })
    });
    found?.1.get(method.to_lowercase())
}

/// A validator of a schema of the document, made once.
pub fn validator(schema: &Value) -> Arc<Validator> {
    let name = schema.to_string();
    let mut made = VALIDATORS.lock().unwrap();
    let validator = made
        .entry(name)
        .or_insert_with(|| Arc::new(compile(schema)));
    validator.clone()
}

/// Only what a schema refers to goes along with it: compiling all of the document takes much longer.
fn compile(schema: &Value) -> Validator {
    let mut needed = Map::new();
    gather(schema, &mut needed);
    let root = json!({"allOf": [schema], "components": {"schemas": needed}});
    jsonschema::draft202012::options()
        .should_validate_formats(true)
        .build(&root)
        .unwrap_or_else(|error| panic!("{schema}: {error}"))
}

fn gather(value: &Value, needed: &mut Map<String, Value>) {
    if let Some(name) = value
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| reference.strip_prefix("#/components/schemas/"))
        && !needed.contains_key(name)
    {
        let schema = &document()["components"]["schemas"][name];
        needed.insert(name.to_owned(), schema.clone());
        gather(schema, needed);
    }
    match value {
        Value::Array(list) => list.iter().for_each(|entry| gather(entry, needed)),
        Value::Object(object) => object.values().for_each(|member| gather(member, needed)),
        _ => {}
    }
}
