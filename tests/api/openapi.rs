//! The OpenAPI document: the one in the repository is the code's, and what it says is true.
//!
//! `support/contract.rs` holds every answer of every other test against it too.

use std::collections::HashSet;
use std::path::Path;

use iuc::openapi::document;
use serde_json::{Value, json};

use crate::support::contract::{resolved, validator};
use crate::support::{App, KINDS};

/// Each operation: its path, its method, what is said of it.
fn operations() -> impl Iterator<Item = (&'static str, &'static str, &'static Value)> {
    let paths = document()["paths"].as_object().unwrap();
    paths.iter().flat_map(|(path, item)| {
        let methods = ["get", "put", "post", "patch", "delete"];
        methods
            .into_iter()
            .filter_map(move |method| Some((path.as_str(), method, item.get(method)?)))
    })
}

#[test]
fn the_document_of_the_repository_is_the_codes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi/openapi.json");
    let kept = std::fs::read_to_string(path).unwrap();
    let made = serde_json::to_string_pretty(document()).unwrap();
    let first = kept
        .lines()
        .zip(made.lines())
        .position(|(kept, made)| kept != made);
    assert!(
        kept.trim_end() == made,
        "openapi/openapi.json differs from line {}: run `make openapi`",
        first.map_or(0, |line| line + 1)
    );
}

#[test]
fn every_operation_says_what_it_is_for() {
    let mut ids = HashSet::new();
    for (path, method, operation) in operations() {
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id), "{id} stands twice");
        assert!(
            id.chars().all(|c| c.is_ascii_lowercase() || c == '_'),
            "{id}"
        );
        let summary = operation["summary"].as_str().unwrap_or_default();
        assert!(
            !summary.is_empty() && !summary.ends_with('.'),
            "{method} {path}: {summary:?}"
        );
        assert!(operation["description"].is_string(), "{id}");
        assert_eq!(operation["tags"].as_array().unwrap().len(), 1, "{id}");
        assert!(operation["security"].is_array(), "{id}");
        let parameters = operation["parameters"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let mut named = HashSet::new();
        for parameter in &parameters {
            assert!(
                named.insert(parameter["name"].to_string()),
                "{id}: {parameter}"
            );
            assert!(
                !parameter["description"]
                    .as_str()
                    .unwrap_or_default()
                    .is_empty(),
                "{id}: {parameter}"
            );
            assert!(parameter["schema"].is_object(), "{id}: {parameter}");
        }
        assert_eq!(
            path.contains("{id}"),
            named.contains("\"id\""),
            "{id} and its path"
        );
        for (status, response) in operation["responses"].as_object().unwrap() {
            assert!(
                resolved(response)["description"].is_string(),
                "{id} {status}"
            );
        }
    }
    let tags: HashSet<_> = operations()
        .map(|(_, _, operation)| &operation["tags"][0])
        .collect();
    let told: HashSet<_> = document()["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| &tag["name"])
        .collect();
    assert_eq!(tags, told);
}

#[test]
fn a_page_holds_the_things_themselves_and_what_comes_along_is_typed() {
    let schemas = document()["components"]["schemas"].as_object().unwrap();
    let pages = schemas.iter().filter(|(name, schema)| {
        name.ends_with("Page") && schema["properties"]["items"].is_object()
    });
    let mut count = 0;
    for (name, page) in pages {
        let item = page["properties"]["items"]["items"]["$ref"].as_str();
        let item = item.unwrap_or_else(|| panic!("{name} spells its items out"));
        let thing = &schemas[item.rsplit('/').next().unwrap()];
        assert_eq!(
            page["properties"].get("included"),
            thing["properties"].get("included"),
            "{name}"
        );
        count += 1;
    }
    assert!(count >= KINDS.len());
    for kind in KINDS.iter().filter(|kind| !kind.includes.is_empty()) {
        let list =
            operations().find(|(path, method, _)| *method == "get" && *path == &kind.path[3..]);
        let page = &list.unwrap().2["responses"]["200"]["content"]["application/json"]["schema"];
        let along = resolved(page)["properties"]["included"]["properties"].clone();
        let along = along.as_object().unwrap();
        assert_eq!(
            along.keys().collect::<Vec<_>>(),
            kind.includes,
            "{}",
            kind.name
        );
        for things in along.values() {
            assert!(
                things["additionalProperties"]["$ref"].is_string(),
                "{}",
                kind.name
            );
        }
    }
    for (name, kinds) in [
        ("RoundTable", vec!["cities", "key_questions"]),
        (
            "PairingFlow",
            vec!["cities", "contributions", "meetings", "tours", "knowledge"],
        ),
    ] {
        let along = &schemas[name]["properties"]["included"]["properties"];
        assert!(along["cities"]["additionalProperties"]["$ref"].is_string());
        assert_eq!(along.as_object().unwrap().keys().collect::<Vec<_>>(), kinds);
    }
}

#[test]
fn every_kind_of_problem_that_can_come_is_listed() {
    for (path, method, operation) in operations() {
        let statuses: HashSet<&str> = operation["responses"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let demands = |list: &[&str]| {
            for status in list {
                assert!(statuses.contains(status), "{method} {path} has no {status}");
            }
        };
        demands(&["400", "429", "500", "503", "default"]);
        let open = operation["security"] == json!([{}]);
        if !open {
            demands(&["401", "404"]);
        }
        if matches!(method, "post" | "put" | "patch") {
            demands(&["408", "413", "415"]);
        }
        if matches!(method, "put" | "patch") || (method == "delete" && !path.contains("sessions")) {
            demands(&["403", "409", "412"]);
            if method != "put" || !path.contains("/by-ref/") {
                demands(&["428"]);
            }
        }
    }
}

/// Demands that each example fits the schema it stands in or beside.
fn check_examples(value: &Value, place: &str, count: &mut usize) {
    let Some(object) = value.as_object() else {
        for (index, entry) in value.as_array().into_iter().flatten().enumerate() {
            check_examples(entry, &format!("{place}/{index}"), count);
        }
        return;
    };
    let schema = match object.get("schema") {
        Some(schema) => schema.clone(),
        None => {
            let mut schema = value.clone();
            let members = schema.as_object_mut().unwrap();
            members.remove("example");
            members.remove("examples");
            schema
        }
    };
    let mut examples: Vec<Value> = object.get("example").cloned().into_iter().collect();
    match object.get("examples") {
        Some(Value::Array(list)) => examples.extend(list.clone()),
        Some(Value::Object(named)) => {
            examples.extend(named.values().map(|example| example["value"].clone()));
        }
        _ => {}
    }
    let is_property = place.ends_with("/properties");
    for example in examples.iter().filter(|_| !is_property) {
        let faults: Vec<_> = validator(&schema)
            .iter_errors(example)
            .map(|error| error.to_string())
            .collect();
        assert!(faults.is_empty(), "{place}: {example}: {faults:?}");
        *count += 1;
    }
    for (name, member) in object {
        if is_property || !matches!(name.as_str(), "example" | "examples") {
            check_examples(member, &format!("{place}/{name}"), count);
        }
    }
}

#[test]
fn every_example_fits_its_schema() {
    let mut count = 0;
    check_examples(document(), "", &mut count);
    assert!(count > 80, "only {count} examples were found");
}

#[test]
fn every_body_that_makes_a_resource_has_an_example() {
    for kind in KINDS {
        let schema: String = kind
            .name
            .split('_')
            .map(|word| word[..1].to_uppercase() + &word[1..])
            .collect();
        let name = format!("{schema}Write");
        let schema = &document()["components"]["schemas"][&name];
        let example = schema.get("example").or_else(|| schema["examples"].get(0));
        assert!(
            example.is_some(),
            "{name} has no example: add one in src/openapi/shape/examples.rs"
        );
    }
}

#[tokio::test]
async fn the_example_of_each_write_can_be_sent_as_it_stands() {
    let app = App::start().await;
    let admin = app.admin().await;
    for kind in KINDS {
        let schema: String = kind
            .name
            .split('_')
            .map(|word| word[..1].to_uppercase() + &word[1..])
            .collect();
        let schema = &document()["components"]["schemas"][format!("{schema}Write")];
        let example = schema.get("example").or_else(|| schema["examples"].get(0));
        let Some(example) = example else { continue };
        let reply = admin
            .post(&format!("{}?dryrun=true", kind.path), example.clone())
            .await;
        assert!(
            matches!(reply.code().as_str(), "" | "already_exists")
                || reply
                    .faults()
                    .iter()
                    .all(|(_, code)| code == "unknown_reference"),
            "{reply}"
        );
    }
}

#[tokio::test]
async fn swagger_ui_and_the_document_are_served_from_the_binary() {
    let app = App::start().await;
    let caller = app.anonymous();
    let served = caller.get("/openapi.json").await.expect(200);
    assert_eq!(&served.body, document());
    assert_eq!(served.header("content-type"), "application/json");
    let moved = caller.get("/docs").await;
    assert!((300..400).contains(&moved.status), "{moved}");
    assert_eq!(moved.header("location"), "/docs/");
    let page = caller.get("/docs/").await.expect(200);
    assert!(page.header("content-type").starts_with("text/html"));
    let text = String::from_utf8(page.bytes.clone()).unwrap();
    assert!(text.contains("swagger-ui"), "{text}");
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("script-src") && !policy.contains("default-src 'none'; frame"),
        "the page may run its scripts: {policy}"
    );
    for part in text
        .split('"')
        .filter(|part| part.starts_with("./") || part.ends_with(".js") || part.ends_with(".css"))
    {
        let path = format!("/docs/{}", part.trim_start_matches("./"));
        caller.get(&path).await.expect(200);
    }
    let start = caller.get("/docs/swagger-initializer.js").await.expect(200);
    assert!(
        String::from_utf8(start.bytes)
            .unwrap()
            .contains("/openapi.json")
    );
}

#[tokio::test]
async fn every_kind_of_problem_has_a_page_that_explains_it() {
    let app = App::start().await;
    for language in iuc::messages::Language::ALL {
        for code in iuc::problem::Code::ALL {
            let page = app
                .anonymous()
                .request("GET", &format!("/problems/{}", code.as_str()))
                .header("Accept-Language", language.tag())
                .send()
                .await
                .expect(200);
            assert!(page.header("content-type").starts_with("text/html"));
            assert_eq!(page.header("content-language"), language.tag());
            let text = String::from_utf8(page.bytes).unwrap();
            assert!(text.contains(code.as_str()), "{text}");
            assert!(!text.contains("{ $"), "{text}");
        }
    }
    app.anonymous()
        .get("/problems/no_such_thing")
        .await
        .problem("not_found");
}

#[test]
fn every_representation_of_an_answer_stands_in_the_document_with_an_example() {
    let content = |path: &str, status: &str| {
        let operation = &document()["paths"][path]["get"];
        operation["responses"][status]["content"]
            .as_object()
            .unwrap()
    };
    let exemplified = |media_type: &'static Value| {
        let schema = resolved(&media_type["schema"]);
        media_type.get("example").is_some()
            || schema.get("example").is_some()
            || schema.get("examples").is_some()
    };
    for (path, others) in [
        ("/statistics/sdgs", &["text/csv", "image/svg+xml"][..]),
        ("/statistics/programme", &["text/csv", "image/svg+xml"]),
        ("/action-plans/{id}/summary", &["text/plain"]),
        ("/templates/{id}/schema", &["application/schema+json"]),
    ] {
        let content = content(path, "200");
        let told: Vec<_> = content.keys().map(String::as_str).collect();
        assert_eq!(told[0], "application/json", "{path}");
        assert_eq!(&told[1..], others, "{path}");
        let json = &content["application/json"]["schema"];
        assert!(json["$ref"].is_string(), "{path}: one type for the JSON");
        for other in others.iter().filter(|it| !it.contains("json")) {
            assert!(exemplified(&content[*other]), "{path} {other}");
        }
    }
    let file = "/knowledge/{id}/files/{file}";
    for status in ["200", "206"] {
        let content = content(file, status);
        for media_type in [
            "application/pdf",
            "image/png",
            "text/csv",
            "application/geo+json",
        ] {
            assert!(
                content[media_type]["schema"]["$ref"].is_string(),
                "{status} {media_type}"
            );
        }
        assert!(exemplified(&content["text/csv"]));
    }
    let headers = |status: &str| &document()["paths"][file]["get"]["responses"][status]["headers"];
    for name in [
        "ETag",
        "Accept-Ranges",
        "Content-Disposition",
        "Repr-Digest",
    ] {
        assert!(headers("200")[name].is_object(), "{name}");
    }
    assert!(headers("206")["Content-Range"].is_object());
    let upload = &document()["paths"]["/knowledge/{id}/files"]["post"]["responses"]["201"];
    for name in ["ETag", "Location"] {
        assert!(upload["headers"][name].is_object(), "{name}");
    }
}
