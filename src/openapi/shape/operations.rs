//! What each operation gets beside what its handler says: security, bodies, answers and problems.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::references::{SCHEMAS, reference, references, walk};
use super::scopes::{scopes_of_operation, scopes_of_person};
use super::shared::good_headers;
use crate::files::media_types;
use crate::openapi::Offer;
use crate::policy::Scopes;

/// Where an operation says that it takes a form with a file.
const FORM: &str = "/requestBody/content/multipart~1form-data";

/// Shapes the operations on one path.
pub(super) fn shape_path(path: String, mut item: Value, offers: &[Offer]) -> (String, Value) {
    let read = item.get("get").and_then(|get| resource(get, offers));
    for (method, operation) in item.as_object_mut().into_iter().flatten() {
        // A deletion has neither a body nor an answer: it removes what the same path reads.
        let offer = resource(operation, offers).or(read.filter(|_| method == "delete"));
        let is_deed = is_deed(method, &path, operation, offers);
        let id = operation.get("operationId").and_then(Value::as_str);
        let scopes = scopes_of_operation(id.unwrap_or_default(), method, &path, offers);
        let mut shaped = Operation::of(method, is_deed, offer, scopes, operation);
        shaped.in_bulk = path.ends_with("/bulk");
        shaped.puts_by_ref = method == "put" && path.contains("/by-ref/");
        shaped.shape(operation);
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

/// The resource whose schema the operation answers or takes.
fn resource<'a>(operation: &Value, offers: &'a [Offer]) -> Option<&'a Offer> {
    let mut found = BTreeSet::new();
    for part in ["responses", "requestBody"] {
        references(operation.get(part).unwrap_or(&Value::Null), &mut found);
    }
    offers.iter().find(|offer| {
        found.contains(&offer.schema) || found.contains(&format!("Listing_{}", offer.schema))
    })
}

/// Whether an operation does something to a thing, by a body of its own, as `POST /contributions/{id}/decline` does. What
/// makes a thing below another takes that thing as its body.
pub(super) fn is_deed(method: &str, path: &str, operation: &Value, offers: &[Offer]) -> bool {
    let body = "/requestBody/content/application~1json/schema";
    let taken = operation.pointer(body).and_then(reference);
    method == "post"
        && path.contains('{')
        && !offers
            .iter()
            .any(|offer| taken == Some(offer.schema.as_str()))
}

/// What has to be known of an operation to shape it.
pub(super) struct Operation<'a> {
    pub(super) method: &'a str,
    /// Whether it does something to a thing, by a body of its own.
    pub(super) is_deed: bool,
    /// What the resource that it is about offers.
    pub(super) offer: Option<&'a Offer>,
    security: Value,
    /// Whether a token makes no difference.
    pub(super) public_only: bool,
    /// Whether it says itself that it answers 428.
    demands_state: bool,
    /// Whether it says itself that it answers 410, as the change feed does.
    pub(super) can_be_gone: bool,
    /// Whether it answers a file, also a range of it.
    pub(super) answers_file: bool,
    /// Whether it takes a file.
    takes_file: bool,
    /// Whether it makes or replaces what a key of another system stands for.
    pub(super) puts_by_ref: bool,
    /// Whether it takes and answers many things, one a line.
    pub(super) in_bulk: bool,
    /// Whether it answers a list.
    listing: bool,
    /// Whether a representation can be chosen.
    takes_format: bool,
}

impl<'a> Operation<'a> {
    fn of(
        method: &'a str,
        is_deed: bool,
        offer: Option<&'a Offer>,
        scopes: Option<Scopes>,
        operation: &Value,
    ) -> Self {
        let mut security = match operation.get("security") {
            Some(said) => said.clone(),
            None if method == "get" => json!([{}, {"bearer": []}]),
            None => json!([{"bearer": []}]),
        };
        let public_only = security == json!([{}]);
        let parameters = operation.get("parameters").and_then(Value::as_array);
        let mut parameters = parameters.into_iter().flatten();
        let mut answered = BTreeSet::new();
        references(
            operation.get("responses").unwrap_or(&Value::Null),
            &mut answered,
        );
        let answers_file = operation.pointer("/responses/206").is_some();
        if let (false, Some(ways)) = (public_only, security.as_array_mut()) {
            let id = operation.get("operationId").and_then(Value::as_str);
            let of_person = scopes_of_person(id.unwrap_or_default(), scopes);
            ways.extend(scopes.map(|scopes| json!({"oauth2": scopes.words()})));
            let of_person = of_person.map(Scopes::words).unwrap_or_default();
            ways.push(json!({"sign_in": of_person}));
        }
        Self {
            method,
            is_deed,
            offer,
            security,
            public_only,
            demands_state: operation.pointer("/responses/428").is_some(),
            can_be_gone: operation.pointer("/responses/410").is_some(),
            answers_file,
            takes_file: operation.pointer(FORM).is_some(),
            puts_by_ref: false,
            in_bulk: false,
            takes_format: parameters.any(|it| it.get("name") == Some(&json!("format"))),
            listing: method == "get"
                && answered.iter().any(|schema| schema.starts_with("Listing_")),
        }
    }

    /// The representations that it answers of a kind of thing, by their names in `format`.
    pub(super) fn formats(&self) -> Vec<&'static str> {
        let Some(offer) = self.offer.filter(|_| self.takes_format) else {
            return Vec::new();
        };
        let all: &[&str] = if self.listing {
            &["json", "ndjson", "csv"]
        } else {
            &["json"]
        };
        let all = all.iter().chain(&offer.formats).copied();
        all.filter(|name| !self.listing || !["md", "docx", "pdf"].contains(name))
            .collect()
    }

    fn shape(&self, operation: &mut Value) {
        let Some(object) = operation.as_object_mut() else {
            return;
        };
        object.insert("security".into(), self.security.clone());
        self.parameters(object);
        self.bodies(object);
        self.responses(object);
    }

    /// Whether it changes a resource that is there, and so has to name the state it means in `If-Match`.
    pub(super) fn conditional(&self) -> bool {
        let changes = matches!(self.method, "put" | "patch" | "delete") && self.offer.is_some();
        changes && !self.puts_by_ref || self.demands_state
    }

    /// Whether it can bring two edits together.
    pub(super) fn merges(&self) -> bool {
        let merges = self.offer.is_some_and(|offer| offer.merges);
        merges && matches!(self.method, "put" | "patch")
    }

    fn bodies(&self, operation: &mut Map<String, Value>) {
        let Some(offer) = self.offer.filter(|_| !self.is_deed) else {
            return;
        };
        let to = |suffix: &str| json!({"schema": {"$ref": format!("{SCHEMAS}{}{suffix}", offer.schema)}});
        let content = match self.method {
            _ if self.in_bulk => json!({"application/x-ndjson": to("Write")}),
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

    fn responses(&self, operation: &mut Map<String, Value>) {
        let mut responses = match operation.remove("responses") {
            Some(Value::Object(responses)) => responses,
            _ => Map::new(),
        };
        for (status, response) in &mut responses {
            rename_refs(response);
            self.good_answer(status, response);
        }
        // What is made is answered as a 201 with or without a body.
        let can_be_spared =
            matches!(self.method, "put" | "patch") || self.is_deed && responses.contains_key("200");
        let made = responses.get("201").or(responses.get("202")).cloned();
        if let (true, Some(made)) = (self.is_deed, made) {
            responses.entry("200").or_insert_with(|| {
                json!({"description": "What would be made, with `dry_run` (`dryrun=true`)",
                    "headers": good_headers(&["Cache-Control"]), "content": made.get("content")})
            });
        } else if let (true, Some(offer)) = (self.method != "get", self.offer) {
            // Of a dry run, where that is not the usual answer.
            responses.entry("200").or_insert_with(|| {
                let content = json!({"application/json": {"schema": {"$ref": format!("{SCHEMAS}{}", offer.schema)}}});
                json!({"description": "What would be stored, or would go, with `dry_run` (`dryrun=true`)",
                    "headers": good_headers(&["Cache-Control"]), "content": content})
            });
        }
        if self.offer.is_some() && can_be_spared {
            let headers = good_headers(&["ETag", "Cache-Control", "Preference-Applied"]);
            responses.entry("204").or_insert_with(|| {
                json!({"description": "Done, without a body (`Prefer: return=minimal`)", "headers": headers})
            });
        }
        if self.method == "get" && !self.public_only {
            let headers = good_headers(&["ETag", "Cache-Control"]);
            responses.insert("304".into(), json!({"description": "Not modified: what you have is still right", "headers": headers}));
        }
        for name in self.problems() {
            responses.insert(
                name.1.into(),
                json!({"$ref": format!("#/components/responses/{}", name.0)}),
            );
        }
        operation.insert("responses".into(), Value::Object(responses));
    }

    fn good_answer(&self, status: &str, response: &mut Value) {
        let listing = self.listing;
        let mut names = vec!["Cache-Control"];
        let stored = self.offer.is_some() && status != "204" && !self.in_bulk;
        if stored || self.takes_file || self.method == "get" && !self.public_only {
            names.push("ETag");
        }
        if stored && !listing {
            names.push("Last-Modified");
        }
        if matches!(status, "201" | "202") {
            names.push("Location");
        }
        if self.answers_file {
            response["content"] = files();
            names.extend([
                "Last-Modified",
                "Accept-Ranges",
                "Content-Disposition",
                "Repr-Digest",
            ]);
        }
        if status == "206" {
            names.push("Content-Range");
        }
        if self.merges() {
            names.push("Preference-Applied");
        }
        if (status == "201" || self.is_deed) && self.method == "post" && !self.public_only {
            names.push("Idempotent-Replayed");
        }
        if listing || self.can_be_gone {
            names.push("Link");
        }
        let description = match status {
            "201" => "Created",
            "202" => "Taken up; it is done soon",
            _ if self.in_bulk => {
                "Of each line what came of it, as application/x-ndjson: one result a line"
            }
            "204" => "Done; there is nothing to answer",
            _ if self.can_be_gone => {
                "One page; by `Accept: text/event-stream` or `format=sse` each change as it comes"
            }
            _ if listing && self.offer.is_none() => "One page",
            "206" => "The part that was asked for",
            _ if listing => {
                "One page; by `format`, or `Accept`, every matching item: `ndjson` (application/x-ndjson) as a JSON object a \
                 line, `csv` (text/csv) as a table"
            }
            _ => "Done",
        };
        let mut description = description.to_owned();
        for format in self.formats() {
            match format {
                "geojson" => description.push_str("; `geojson` (application/geo+json) on a map"),
                "ics" => description.push_str("; `ics` (text/calendar) in a calendar"),
                "md" => description.push_str("; `md` (text/markdown) as a document"),
                "docx" => description.push_str(
                    ", `docx` (application/vnd.openxmlformats-officedocument.wordprocessingml.document) as one for Word",
                ),
                "pdf" => description.push_str(", `pdf` (application/pdf) as one to print"),
                _ => {}
            }
        }
        if let Some(object) = response.as_object_mut() {
            object.insert("description".into(), json!(description));
            object.insert("headers".into(), good_headers(&names));
        }
    }

    /// The problems that the operation can answer, each by name and status.
    fn problems(&self) -> Vec<(&'static str, &'static str)> {
        let writes = self.method != "get";
        let has_body = matches!(self.method, "post" | "put" | "patch");
        let conditions = [
            (true, ("InvalidRequest", "400")),
            (true, ("Unauthorized", "401")),
            (!self.public_only, ("Forbidden", "403")),
            (true, ("NotFound", "404")),
            (!writes, ("NotAcceptable", "406")),
            (has_body, ("RequestTimeout", "408")),
            (writes && !self.public_only, ("Conflict", "409")),
            (self.can_be_gone, ("Gone", "410")),
            (
                self.conditional() || self.is_deed || self.puts_by_ref,
                ("PreconditionFailed", "412"),
            ),
            (has_body, ("PayloadTooLarge", "413")),
            (has_body, ("UnsupportedMediaType", "415")),
            (self.answers_file, ("RangeNotSatisfiable", "416")),
            (
                self.method == "post" && !self.public_only && !self.in_bulk,
                ("IdempotencyKeyReused", "422"),
            ),
            (self.conditional(), ("PreconditionRequired", "428")),
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

/// Every media type of a file: what is text as such, and all else as bytes.
fn files() -> Value {
    let content = media_types().map(|media_type| {
        let schema = match media_type.starts_with("text/") {
            true => format!("{SCHEMAS}FileText"),
            false => format!("{SCHEMAS}FileBytes"),
        };
        let shown = match media_type {
            "text/csv" => "year,trees\r\n2018,1200\r\n",
            "text/plain" => "What we saw in Frankfurt.\n",
            "text/markdown" => "# What we saw in Frankfurt\n",
            "application/json" => "{\"trees\": 1200}",
            "application/geo+json" => "{\"type\": \"Point\", \"coordinates\": [139.638, 35.444]}",
            _ => "",
        };
        let schema = json!({"$ref": schema});
        let content = match shown {
            "" => json!({"schema": schema}),
            shown => json!({"schema": schema, "example": shown}),
        };
        (media_type.to_owned(), content)
    });
    Value::Object(content.collect())
}

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
