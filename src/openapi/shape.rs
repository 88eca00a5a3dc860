//! What the document gets once for all operations and schemas, so that no handler has to repeat it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::Offer;
use crate::write::DRY_RUN;

const SCHEMAS: &str = "#/components/schemas/";

/// Shapes what the code has said into the published document.
pub fn shape(document: &mut Value, mut offers: Vec<Offer>, info: Value) {
    let mut schemas = take_object(document, &["components", "schemas"]);
    rename_pages(&mut schemas);
    let patch = json!({"type": "array", "maxItems": 1000, "items": {"$ref": format!("{SCHEMAS}PatchOperation")},
        "description": "A JSON Patch (RFC 6902): all operations are applied in order, or none."});
    schemas.insert("JsonPatch".into(), patch);
    for schema in schemas.values_mut() {
        close(schema);
    }
    let roots: Vec<String> = offers.iter().map(|offer| offer.schema.clone()).collect();
    let raw = schemas.clone();
    let mut variants = Variants {
        raw: &raw,
        made: BTreeMap::new(),
    };
    for root in &roots {
        variants.make(root, Shape::Write);
        variants.make(root, Shape::Patch);
    }
    let made = variants.made;
    for name in reachable(&raw, &roots) {
        if let Some(schema) = schemas.get_mut(&name) {
            as_answered(schema, true);
        }
    }
    for (name, schema) in &mut schemas {
        if name.ends_with("Page")
            || ["DryRun", "Me", "SessionList", "PlannedDates", "PlannedDate"]
                .contains(&name.as_str())
        {
            as_answered(schema, false);
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
    schemas.extend(made);
    add_examples(&mut schemas);
    let paths = take_object(document, &["paths"]);
    let paths = paths
        .into_iter()
        .map(|(path, item)| shape_path(path, item, &offers))
        .collect::<Map<_, _>>();
    *document = json!({
        "openapi": "3.1.0",
        "info": info,
        "servers": [{"url": "/v1", "description": "This server (local or production)", "x-internal": false}],
        "security": [{"bearer": []}],
        "tags": tags(),
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {
                "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                "description": "An access token from `POST /sessions` or `/oauth/token`: a JWT (RFC9068) that follows RFC8725.",
            }},
            "headers": headers(),
            "responses": problems(),
            "schemas": schemas,
        },
    });
    drop_unused(document);
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

/// `Listing_City` is published as `CityPage`, and the dry run of anything as `DryRun`.
fn rename_pages(schemas: &mut Map<String, Value>) {
    let names: Vec<String> = schemas.keys().cloned().collect();
    for name in names {
        let page = name
            .strip_prefix("Listing_")
            .map(|item| format!("{item}Page"));
        let Some(new_name) =
            page.or_else(|| name.starts_with("DryRun_").then(|| "DryRun".to_owned()))
        else {
            continue;
        };
        let Some(mut schema) = schemas.remove(&name) else {
            continue;
        };
        if let Some(result) = schema.pointer_mut("/properties/result") {
            *result = json!({"type": ["object", "null"], "description": "What would be stored; null for a deletion."});
        }
        schemas.insert(new_name, schema);
    }
}

fn is_object(schema: &Value) -> bool {
    schema.get("type") == Some(&json!("object"))
}

/// Objects take no other fields than theirs; a translated text has at least one language.
fn close(schema: &mut Value) {
    walk(schema, &mut |schema| {
        let Some(object) = schema.as_object_mut() else {
            return;
        };
        if object.contains_key("properties") && object.get("type") == Some(&json!("object")) {
            object.insert("additionalProperties".into(), json!(false));
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
        if object.contains_key("propertyNames") {
            object.insert("minProperties".into(), json!(1));
            object.insert("maxProperties".into(), json!(30));
        }
    });
}

fn walk(value: &mut Value, visit: &mut impl FnMut(&mut Value)) {
    visit(value);
    match value {
        Value::Array(list) => list.iter_mut().for_each(|entry| walk(entry, visit)),
        Value::Object(object) => object.values_mut().for_each(|member| walk(member, visit)),
        _ => {}
    }
}

fn reference(value: &Value) -> Option<&str> {
    value
        .get("$ref")
        .and_then(Value::as_str)?
        .strip_prefix(SCHEMAS)
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    if let Some(name) = reference(value) {
        found.insert(name.to_owned());
    }
    match value {
        Value::Array(list) => list.iter().for_each(|entry| references(entry, found)),
        Value::Object(object) => object.values().for_each(|member| references(member, found)),
        _ => {}
    }
}

fn reachable(schemas: &Map<String, Value>, roots: &[String]) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let mut waiting: Vec<String> = roots.to_vec();
    while let Some(name) = waiting.pop() {
        if let (true, Some(schema)) = (all.insert(name.clone()), schemas.get(&name)) {
            let mut found = BTreeSet::new();
            references(schema, &mut found);
            waiting.extend(found);
        }
    }
    all
}

/// An answer has every field: with `all`, each; else those that are null rather than absent.
fn as_answered(schema: &mut Value, all: bool) {
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    properties.retain(|_, property| property.get("writeOnly") != Some(&json!(true)));
    let nullable = |property: &Value| {
        property.get("oneOf").is_some()
            || property
                .get("type")
                .is_some_and(|kind| kind.as_array().is_some())
    };
    let names: Vec<Value> = properties
        .iter()
        .filter(|(_, property)| all || nullable(property))
        .map(|(name, _)| json!(name))
        .collect();
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    let mut required = match object.remove("required") {
        Some(Value::Array(required)) => required,
        _ => Vec::new(),
    };
    for name in names {
        if !required.contains(&name) {
            required.push(name);
        }
    }
    let properties = object
        .get("properties")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    required.retain(|name| {
        name.as_str()
            .is_some_and(|name| properties.contains_key(name))
    });
    if !required.is_empty() {
        object.insert("required".into(), Value::Array(required));
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// A body that creates or replaces: what the service sets may be left out.
    Write,
    /// A merge patch (RFC 7396): every field may be left out, or null to empty it.
    Patch,
}

/// The shapes of bodies, derived from the shapes of answers.
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

fn shape_path(path: String, mut item: Value, offers: &[Offer]) -> (String, Value) {
    for (method, operation) in item.as_object_mut().into_iter().flatten() {
        Operation {
            method,
            path: &path,
            offers,
        }
        .shape(operation);
    }
    match path.strip_prefix("/v1") {
        Some(short) => (short.to_owned(), item),
        None => {
            if let Some(object) = item.as_object_mut() {
                let origin = json!([{"url": "/.", "description": "This server (local or production), not below /v1", "x-internal": false}]);
                object.insert("servers".into(), origin);
            }
            (path, item)
        }
    }
}

struct Operation<'a> {
    method: &'a str,
    path: &'a str,
    offers: &'a [Offer],
}

impl Operation<'_> {
    fn shape(&self, operation: &mut Value) {
        let public_only = operation.get("security").is_some();
        let Some(object) = operation.as_object_mut() else {
            return;
        };
        let reads = self.method == "get";
        let personal = self.path == "/v1/me"
            || ["/v1/sessions", "/v1/users"]
                .iter()
                .any(|start| self.path.starts_with(start));
        let security = match (public_only, reads && !personal) {
            (true, _) => json!([{}]),
            (false, true) => json!([{}, {"bearer": []}]),
            (false, false) => json!([{"bearer": []}]),
        };
        object.insert("security".into(), security);
        let schema = self.resource(object);
        let offer = self
            .offers
            .iter()
            .find(|offer| schema.as_deref() == Some(offer.schema.as_str()));
        self.parameters(object, offer, public_only);
        self.bodies(object, offer);
        self.responses(object, offer, public_only);
    }

    /// The schema of the resource that the operation answers or takes.
    fn resource(&self, operation: &mut Map<String, Value>) -> Option<String> {
        let mut found = BTreeSet::new();
        for part in ["responses", "requestBody"] {
            references(operation.get(part).unwrap_or(&Value::Null), &mut found);
        }
        let by_path = self.offers.iter().find(|offer| {
            let name = found.iter().next().map(String::as_str).unwrap_or_default();
            name == offer.schema || name == format!("Listing_{}", offer.schema)
        });
        by_path.map(|offer| offer.schema.clone())
    }

    fn parameters(
        &self,
        operation: &mut Map<String, Value>,
        offer: Option<&Offer>,
        public_only: bool,
    ) {
        let mut parameters = match operation.remove("parameters") {
            Some(Value::Array(parameters)) => parameters,
            _ => Vec::new(),
        };
        for parameter in &mut parameters {
            tidy(parameter);
            let Some(offer) = offer else { continue };
            let name = parameter
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            let values: Vec<String> = match name.as_str() {
                "fields" => offer.fields.clone(),
                "sort" => offer
                    .sorts
                    .iter()
                    .flat_map(|sort| [(*sort).to_owned(), format!("-{sort}")])
                    .collect(),
                "include" => offer
                    .includes
                    .iter()
                    .map(|include| (*include).to_owned())
                    .collect(),
                _ => continue,
            };
            if let Some(schema) = parameter.get_mut("schema").and_then(Value::as_object_mut) {
                schema.insert("uniqueItems".into(), json!(true));
            }
            if let Some(schema) = parameter.pointer_mut("/schema/items") {
                *schema = if values.is_empty() {
                    json!({"type": "string", "const": "nothing"})
                } else {
                    json!({"type": "string", "enum": values})
                };
            }
        }
        parameters.retain(|parameter| parameter.pointer("/schema/items/const").is_none());
        let changes = matches!(self.method, "put" | "patch" | "delete");
        if changes && offer.is_some()
            || self.method == "delete" && !self.path.starts_with("/v1/sessions")
        {
            parameters.push(header(
                "If-Match",
                true,
                80,
                "The ETag that you read, or `*` to override whatever is stored now.",
            ));
        }
        if self.method == "post" && !public_only {
            parameters.push(header("Idempotency-Key", false, 255, "Any text of yours, one for each thing you mean to do: repeating the request under it within 24 hours gives the first answer again."));
        }
        if self.method != "get" && !public_only {
            parameters.push(header(
                "Prefer",
                false,
                100,
                "`return=minimal` spares the body of the answer (RFC 7240).",
            ));
        }
        if self.method == "get" && !public_only {
            parameters.push(header("If-None-Match", false, 400, "An ETag that you have: if it is still the present one, the answer is a 304 without a body."));
        }
        if !parameters.is_empty() {
            operation.insert("parameters".into(), Value::Array(parameters));
        }
    }

    fn bodies(&self, operation: &mut Map<String, Value>, offer: Option<&Offer>) {
        let Some(offer) = offer else { return };
        let to = |suffix: &str| json!({"schema": {"$ref": format!("{SCHEMAS}{}{suffix}", offer.schema)}});
        let content = match self.method {
            "post" | "put" => json!({"application/json": to("Write")}),
            "patch" => json!({
                "application/merge-patch+json": to("Patch"),
                "application/json-patch+json": {"schema": {"$ref": format!("{SCHEMAS}JsonPatch")},
                    "example": [{"op": "test", "path": "/version", "value": 1}]},
            }),
            _ => return,
        };
        operation.insert(
            "requestBody".into(),
            json!({"required": true, "content": content}),
        );
    }

    fn responses(
        &self,
        operation: &mut Map<String, Value>,
        offer: Option<&Offer>,
        public_only: bool,
    ) {
        let mut responses = match operation.remove("responses") {
            Some(Value::Object(responses)) => responses,
            _ => Map::new(),
        };
        let listing = self.method == "get" && !self.path.contains('{') && offer.is_some();
        for (status, response) in &mut responses {
            rename_refs(response);
            self.good_answer(status, response, listing);
        }
        let writes = self.method != "get";
        if let (true, Some(_), false) = (
            writes,
            offer.or(self.method.eq("delete").then_some(&NONE)),
            public_only,
        ) && !self.path.starts_with("/v1/sessions")
        {
            let content = json!({DRY_RUN: {"schema": {"$ref": format!("{SCHEMAS}DryRun")}}});
            match responses
                .get_mut("200")
                .and_then(|response| response.get_mut("content"))
                .and_then(Value::as_object_mut)
            {
                Some(present) => present.extend(content.as_object().cloned().unwrap_or_default()),
                None => {
                    let response = json!({"description": "What would be stored (`dryrun=true`)", "headers": good_headers(&[]), "content": content});
                    responses.insert("200".into(), response);
                }
            }
        }
        if self.method == "get" && !public_only {
            let headers = good_headers(&["ETag", "Cache-Control"]);
            responses.insert("304".into(), json!({"description": "Not modified: what you have is still right", "headers": headers}));
        }
        for name in self.problems(offer.is_some(), public_only) {
            responses.insert(
                name.1.into(),
                json!({"$ref": format!("#/components/responses/{}", name.0)}),
            );
        }
        operation.insert("responses".into(), Value::Object(responses));
    }

    fn good_answer(&self, status: &str, response: &mut Value, listing: bool) {
        let mut names = vec!["Cache-Control"];
        let keyed = self.method != "post" || status == "201";
        if status != "204" && keyed {
            names.push("ETag");
        }
        if self.path.contains("{id}") && status == "200" || status == "201" {
            names.push("Last-Modified");
        }
        if status == "201" {
            names.extend(["Location", "Idempotent-Replayed"]);
        }
        if listing {
            names.push("Link");
            if let Some(content) = response.get_mut("content").and_then(Value::as_object_mut) {
                let lines = json!({"schema": {"type": "string", "maxLength": 2_147_483_647, "pattern": "^",
                    "description": "Every matching item, one JSON object a line."}});
                content.insert("application/x-ndjson".into(), lines);
            }
        }
        let description = match status {
            "201" => "Created",
            "204" => "Done; there is nothing to answer",
            _ => "Done",
        };
        if let Some(object) = response.as_object_mut() {
            object.insert("description".into(), json!(description));
            object.insert("headers".into(), good_headers(&names));
        }
    }

    /// The problems that the operation can answer, each by name and status.
    fn problems(&self, resource: bool, public_only: bool) -> Vec<(&'static str, &'static str)> {
        let writes = self.method != "get";
        let has_body = matches!(self.method, "post" | "put" | "patch");
        let conditions = [
            (true, ("InvalidRequest", "400")),
            (true, ("Unauthorized", "401")),
            (!public_only, ("Forbidden", "403")),
            (true, ("NotFound", "404")),
            (!writes, ("NotAcceptable", "406")),
            (has_body, ("RequestTimeout", "408")),
            (writes && !public_only, ("Conflict", "409")),
            (
                writes && resource && !has_body
                    || matches!(self.method, "put" | "patch")
                    || self.method == "delete" && resource,
                ("PreconditionFailed", "412"),
            ),
            (
                self.method == "delete" && !self.path.starts_with("/v1/sessions"),
                ("PreconditionFailed", "412"),
            ),
            (has_body, ("PayloadTooLarge", "413")),
            (has_body, ("UnsupportedMediaType", "415")),
            (
                self.method == "post" && !public_only,
                ("IdempotencyKeyReused", "422"),
            ),
            (
                writes && self.method != "post" && !self.path.starts_with("/v1/sessions"),
                ("PreconditionRequired", "428"),
            ),
            (true, ("TooManyRequests", "429")),
            (true, ("InternalError", "500")),
            (true, ("Unavailable", "503")),
            (true, ("AnyProblem", "default")),
        ];
        conditions
            .into_iter()
            .filter(|(applies, _)| *applies)
            .map(|(_, problem)| problem)
            .collect()
    }
}

const NONE: Offer = Offer {
    schema: String::new(),
    sorts: Vec::new(),
    includes: Vec::new(),
    fields: Vec::new(),
};

fn rename_refs(value: &mut Value) {
    walk(value, &mut |value| {
        if let Some(name) = reference(value)
            .and_then(|name| name.strip_prefix("Listing_"))
            .map(str::to_owned)
        {
            value["$ref"] = json!(format!("{SCHEMAS}{name}Page"));
        }
    });
}

/// A parameter is never null: it is left out.
fn tidy(parameter: &mut Value) {
    let Some(schema) = parameter.get_mut("schema").and_then(Value::as_object_mut) else {
        return;
    };
    if let Some(Value::Array(kinds)) = schema.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [only] = kinds.as_slice() {
            let only = only.clone();
            schema.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(choices)) = schema.get("oneOf").cloned()
        && let Some(Value::Object(real)) = choices
            .into_iter()
            .find(|choice| choice.get("type") != Some(&json!("null")))
    {
        schema.remove("oneOf");
        schema.extend(real);
    }
    let text = schema.get("type") == Some(&json!("string"));
    let time = matches!(
        schema.get("format").and_then(Value::as_str),
        Some("date-time" | "date")
    );
    if text && time {
        schema.entry("maxLength").or_insert(json!(40));
    }
    if let Some(items) = schema
        .get_mut("items")
        .filter(|items| items.get("type") == Some(&json!("integer")))
    {
        items["minimum"] = json!(0);
        items["maximum"] = json!(1_000_000);
    }
}

fn header(name: &str, required: bool, max: u32, description: &str) -> Value {
    json!({"name": name, "in": "header", "required": required, "description": description,
        "schema": {"type": "string", "maxLength": max, "pattern": "^[ -~]*$"}})
}

fn good_headers(names: &[&str]) -> Value {
    let always = [
        "API-Version",
        "X-Request-Id",
        "Access-Control-Allow-Origin",
        "RateLimit-Limit",
        "RateLimit-Remaining",
        "RateLimit-Reset",
    ];
    let all = always.iter().chain(names);
    Value::Object(
        all.map(|name| {
            (
                (*name).to_owned(),
                json!({"$ref": format!("#/components/headers/{name}")}),
            )
        })
        .collect(),
    )
}

fn headers() -> Value {
    let text = |description: &str, example: &str| json!({"description": description, "schema": {"type": "string", "maxLength": 4000, "pattern": "^.*$", "examples": [example]}});
    let number = |description: &str| json!({"description": description, "schema": {"type": "integer", "format": "int32", "minimum": 0, "maximum": 1_000_000}});
    json!({
        "API-Version": text("The full version of the API.", "1.0.0"),
        "X-Request-Id": text("The id of the request: yours, if you sent one. Tell it when you ask for help.", "0198d3b4-7e8d-7c1a-9d53-3a4b5c6d7e8f"),
        "Access-Control-Allow-Origin": text("Which frontends may read the answer in a browser.", "*"),
        "RateLimit-Limit": number("How many requests you may send at once, where the number is limited."),
        "RateLimit-Remaining": number("How many of them are left."),
        "RateLimit-Reset": number("Seconds until all of them are there again."),
        "Retry-After": number("Seconds to wait before trying again."),
        "ETag": text("Stands for this state of the thing; send it back in If-Match or If-None-Match.", "\"3\""),
        "Last-Modified": text("When the thing was last changed.", "Thu, 11 Oct 2018 09:00:00 GMT"),
        "Cache-Control": text("Public answers may be kept by anybody, others by you alone; ask again before using them. Problems and tokens are not kept.", "public, no-cache"),
        "Location": text("URL of the new thing.", "https://iuc.example/v1/cities/yokohama"),
        "Link": text("The next page, as `rel=\"next\"` (RFC 8288).", "<https://iuc.example/v1/cities?cursor=abc>; rel=\"next\""),
        "Idempotent-Replayed": text("`true` when this is the answer to an earlier request under the same Idempotency-Key.", "true"),
    })
}

fn problems() -> Value {
    let problem = |description: &str, retry: bool| {
        let headers = good_headers(if retry {
            &["Retry-After", "Cache-Control"]
        } else {
            &["Cache-Control"]
        });
        json!({"description": description, "headers": headers,
            "content": {"application/problem+json": {"schema": {"$ref": format!("{SCHEMAS}Problem")}}}})
    };
    json!({
        "InvalidRequest": problem("The request is not valid; `errors` lists every fault", false),
        "Unauthorized": problem("No token, or one that is not valid", false),
        "Forbidden": problem("Your role does not allow this", false),
        "NotFound": problem("Not there, or not for you to know of", false),
        "NotAcceptable": problem("There is no such representation; the detail lists what there is", false),
        "RequestTimeout": problem("The body did not arrive in time", false),
        "Conflict": problem("In conflict with what is stored: already there, still in use, still running", false),
        "PreconditionFailed": problem("It has changed since you read it; `ETag` tells the present state", false),
        "PayloadTooLarge": problem("The body is too large", false),
        "UnsupportedMediaType": problem("The media type of the body is not one of those that are taken", false),
        "IdempotencyKeyReused": problem("The Idempotency-Key was used for another request", false),
        "PreconditionRequired": problem("If-Match is missing", false),
        "TooManyRequests": problem("Too many requests; wait for `Retry-After`", true),
        "InternalError": problem("Something went wrong on our side", false),
        "Unavailable": problem("The database is away or busy; try again after `Retry-After`", true),
        "AnyProblem": problem("Any other problem", false),
    })
}

fn tags() -> Value {
    let tag = |name: &str, description: &str| json!({"name": name, "description": description});
    json!([
        tag("service", "How the service is."),
        tag("signing in", "Tokens, sessions and your own account."),
        tag(
            "programmes",
            "The phases of the cooperation, with their guidelines."
        ),
        tag("cities", "The participating cities of both sides."),
        tag("subjects", "The topics of cooperation."),
        tag("pairings", "Which cities work together, on what."),
        tag("meetings", "Exchange meetings, webinars and workshops."),
        tag("tours", "Study tours to the partner city."),
        tag("key questions", "What the round tables talk about."),
        tag("templates", "The sections of an action plan."),
        tag("sdgs", "The Sustainable Development Goals."),
        tag(
            "action plans",
            "The Local Action Plans that the cities write."
        ),
        tag("users", "The accounts; for admins."),
    ])
}

/// Real things of the programme as examples.
fn add_examples(schemas: &mut Map<String, Value>) {
    let data = [
        (
            "Programme",
            include_str!("../../data/programme/programmes.json"),
        ),
        ("City", include_str!("../../data/programme/cities.json")),
        (
            "Subject",
            include_str!("../../data/programme/subjects.json"),
        ),
        (
            "Pairing",
            include_str!("../../data/programme/pairings.json"),
        ),
        (
            "Meeting",
            include_str!("../../data/programme/meetings.json"),
        ),
        ("Tour", include_str!("../../data/programme/tours.json")),
        (
            "KeyQuestion",
            include_str!("../../data/programme/key-questions.json"),
        ),
        (
            "Template",
            include_str!("../../data/programme/templates.json"),
        ),
        ("ActionPlan", include_str!("action-plans.json")),
    ];
    for (name, text) in data {
        let Ok(Value::Array(items)) = serde_json::from_str::<Value>(text) else {
            continue;
        };
        let Some(mut body) = items.into_iter().next() else {
            continue;
        };
        walk(&mut body, &mut |value| {
            if let Some(object) = value.as_object_mut() {
                object.retain(|_, member| !member.is_null());
            }
        });
        if let Some(schema) = schemas.get_mut(&format!("{name}Write")) {
            schema["examples"] = json!([body]);
        }
    }
}

/// A component that nothing uses is left out.
fn drop_unused(document: &mut Value) {
    loop {
        let text = document.to_string();
        let mut unused = Vec::new();
        for kind in ["schemas", "responses", "headers"] {
            let names = document
                .pointer(&format!("/components/{kind}"))
                .and_then(Value::as_object);
            for name in names.into_iter().flat_map(Map::keys) {
                if !text.contains(&format!("\"#/components/{kind}/{name}\"")) {
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
