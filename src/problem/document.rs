//! The problem document (RFC 9457): a problem in the caller's language, and its schema.

use actix_web::HttpResponse;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{Fault, PAGES, Problem};
use crate::messages::{Language, message};
use crate::policy::Thing;

/// What a problem document tells of the request that it answers.
pub struct Context<'a> {
    /// In which language.
    pub language: Language,
    /// The origin of the service, without a slash at the end.
    pub public_url: &'a str,
    /// The path asked for.
    pub path: &'a str,
    /// The id of the request.
    pub request_id: &'a str,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: String,
    status: u16,
    detail: String,
    instance: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<RenderedFault<'a>>,
    #[serde(flatten)]
    extensions: &'a Map<String, Value>,
}

#[derive(Serialize)]
struct RenderedFault<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'a str>,
    code: &'static str,
    detail: String,
}

impl Problem {
    /// What happened this time and what to do.
    pub fn detail(&self, language: Language) -> String {
        message(language, &self.0.code.message(), None, &self.0.args).unwrap_or_default()
    }

    /// The problem document, in words.
    pub fn document(&self, context: &Context<'_>) -> Vec<u8> {
        let language = context.language;
        let document = Document {
            r#type: format!("{}{PAGES}{}", context.public_url, self.0.code.as_str()),
            title: self.0.code.title(language),
            status: self.status().as_u16(),
            detail: self.detail(language),
            instance: cut(context.path),
            request_id: context.request_id,
            errors: self
                .0
                .faults
                .iter()
                .map(|fault| RenderedFault::of(fault, language))
                .collect(),
            extensions: &self.0.extensions,
        };
        serde_json::to_vec(&document).unwrap_or_default()
    }

    /// The answer, in words.
    pub fn render(&self, context: &Context<'_>) -> HttpResponse {
        let mut response = HttpResponse::build(self.status());
        response.content_type("application/problem+json");
        response.insert_header(("Content-Language", context.language.tag()));
        response.insert_header(("Cache-Control", "no-store"));
        for (name, value) in &self.0.headers {
            response.insert_header((name.clone(), value.clone()));
        }
        response.body(self.document(context))
    }
}

impl<'a> RenderedFault<'a> {
    fn of(fault: &'a Fault, language: Language) -> Self {
        Self {
            pointer: fault.pointer(),
            parameter: fault.parameter(),
            code: fault.rule().as_str(),
            detail: fault.detail(language),
        }
    }
}

/// A problem document (RFC 9457), as answered with every error. Its URL in `type` answers with an explanation.
#[derive(ToSchema)]
#[schema(as = Problem)]
#[expect(
    dead_code,
    reason = "gives the OpenAPI document its schema; the answer itself is made by Problem::render"
)]
pub struct ProblemDocument {
    /// Which kind of problem; the URL answers with an explanation.
    #[schema(
        format = "uri",
        max_length = 200,
        example = "https://iuc.example/problems/invalid_input"
    )]
    r#type: String,
    /// The kind of problem in words, in the language of the answer.
    #[schema(max_length = 200, pattern = ".", example = "The request is not valid")]
    title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 400)]
    status: i32,
    /// What happened this time and what to do, in the language of the answer.
    #[schema(
        max_length = 2000,
        pattern = ".",
        example = "One part of the request is not valid; `errors` names it."
    )]
    detail: String,
    /// The path asked for.
    #[schema(format = "uri-reference", max_length = 2000, example = "/v1/cities")]
    instance: String,
    /// The id of the request, also in X-Request-Id; tell it when you ask for help.
    #[schema(
        max_length = 64,
        pattern = "^[A-Za-z0-9._-]+$",
        example = "0198d3b4-7e8d-7c1a-9d53-3a4b5c6d7e8f"
    )]
    request_id: String,
    /// Every part of the input that is not valid.
    #[schema(max_items = 100, nullable = false)]
    errors: Option<Vec<InputFault>>,
    /// With a 412 to a change of something whose versions are kept, when If-Match names one of them: what you and somebody
    /// else changed, each differently.
    #[schema(max_items = 10_000, nullable = false)]
    conflicts: Option<Vec<FieldConflict>>,
    /// With `conflicts`: the rest of your change, as JSON Merge Patch (RFC 7396) to the present state.
    #[schema(value_type = Object, nullable = false, required = false)]
    merge: Option<Value>,
    /// With a `transition_not_possible`: where the plan can go from where it stands.
    #[schema(max_items = 10, nullable = false)]
    possible: Option<Vec<PossibleStatus>>,
    /// With a `still_referenced`: what refers to it, as far as you see it: some of each kind, 20 in all.
    #[schema(max_items = 20, nullable = false)]
    referenced_by: Option<Vec<NamedThing>>,
    /// At /oauth/token alone: the error as RFC 6749, section 5.2, names it.
    #[schema(
        max_length = 40,
        pattern = "^[a-z_]+$",
        nullable = false,
        example = "invalid_grant"
    )]
    error: Option<String>,
    /// At /changes alone, when the cursor has expired: the exports to begin with, by the kind of thing.
    #[schema(nullable = false, additional_properties)]
    exports: Option<std::collections::BTreeMap<String, String>>,
}

/// A thing by its kind and its id.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "gives the OpenAPI document its schema; the answer itself is made by the one who finds the problem"
)]
struct NamedThing {
    /// Its kind.
    r#type: Thing,
    /// Its id.
    #[schema(
        max_length = 200,
        pattern = "^[A-Za-z0-9/_.-]+$",
        example = "frankfurt-yokohama"
    )]
    id: String,
}

/// A status that can be reached.
#[derive(ToSchema)]
#[schema(value_type = String, max_length = 20, pattern = "^[a-z]+$", example = "submitted")]
#[expect(
    dead_code,
    reason = "gives the OpenAPI document its schema; the answer itself is made by the one who finds the problem"
)]
struct PossibleStatus(String);

/// One part of the input that is not valid.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "gives the OpenAPI document its schema; the answer itself is made by RenderedFault::of"
)]
pub struct InputFault {
    /// JSON Pointer (RFC 6901) into the request body; empty for the whole body.
    #[schema(
        max_length = 10_000,
        nullable = false,
        pattern = "^(/[^\x00]*)?$",
        example = "/name/en"
    )]
    pointer: Option<String>,
    /// Name of a query parameter or header field.
    #[schema(max_length = 1000, nullable = false, pattern = "^", example = "limit")]
    parameter: Option<String>,
    /// The rule that is broken; never changes.
    #[schema(max_length = 60, pattern = "^[a-z_]+$", example = "too_long")]
    code: String,
    /// The rule in words, in the language of the answer.
    #[schema(
        max_length = 1000,
        pattern = ".",
        example = "Must have at most 300 characters."
    )]
    detail: String,
}

/// Something that you and somebody else changed, each differently. A member or entry that is not there is null; where a
/// list was put into two orders, each of them is a list of the names of its entries.
#[derive(Serialize, ToSchema)]
pub struct FieldConflict {
    /// JSON Pointer (RFC 6901) into the present state; of an entry that is not there any more, into what you sent.
    #[schema(
        max_length = 1000,
        pattern = "^(/.*)?$",
        example = "/activities/0/title/en"
    )]
    pub pointer: String,
    /// As `pointer`, with the entries of lists by what names them, such as their `key`, instead of where they stand: no two
    /// conflicts have the same one.
    #[schema(
        max_length = 4000,
        pattern = "^(/.*)?$",
        example = "/activities/bridge/title/en"
    )]
    pub place: String,
    /// What stood there when you read it.
    pub base: Value,
    /// What you made of it.
    pub yours: Value,
    /// What stands there now.
    pub theirs: Value,
}

/// As much of a path as an answer repeats.
fn cut(path: &str) -> &str {
    path.char_indices()
        .nth(1000)
        .map_or(path, |(end, _)| path.split_at(end).0)
}
