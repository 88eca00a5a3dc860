//! The OpenAPI document: what the handlers and types say, and on top of it, once for all operations, what the
//! shared mechanisms add: security, conditions, problems, header fields, the write and patch shapes of resources.

mod shape;

use std::sync::LazyLock;

use actix_web::web::Bytes;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;
use utoipa_actix_web::AppExt;

use crate::accounts::applications::types::Application;
use crate::accounts::clients::types::Client;
use crate::accounts::types::User;
use crate::action_plans::comments::types::Comment;
use crate::action_plans::measurements::types::Measurement;
use crate::action_plans::types::ActionPlan;
use crate::app::API_VERSION;
use crate::cities::types::City;
use crate::contract::{BadContract, Contract};
use crate::contributions::round_table;
use crate::contributions::types::Contribution;
use crate::db::Connection;
use crate::files::FileText;
use crate::key_questions::types::KeyQuestion;
use crate::knowledge::types::KnowledgeItem;
use crate::meetings::types::Meeting;
use crate::pairings::types::Pairing;
use crate::policy::Thing;
use crate::problem::{Problem, ProblemDocument};
use crate::programmes::types::Programme;
use crate::resource::{Include, Referrer, Resource};
use crate::routes;
use crate::sdgs::types::{Sdg, SdgCode};
use crate::subjects::types::Subject;
use crate::templates::types::Template;
use crate::text::LanguageTag;
use crate::tours::delegates::types::Delegate;
use crate::tours::types::Tour;
use crate::tours::waivers::types::Waiver;
use crate::uptake::along::{FlowInclude, INCLUDES as FLOW_INCLUDES};
use crate::uptake::types::Decline;
use crate::webhooks::types::{Message, Webhook};
use crate::write::{DryRun, PatchOperation, find_words};

#[derive(OpenApi)]
#[openapi(components(schemas(
    LanguageTag,
    SdgCode,
    ProblemDocument,
    PatchOperation,
    DryRun,
    FileText,
    FlowInclude,
    Message
)))]
struct Shared;

/// What a list of a resource offers; told to the document.
pub(crate) struct Offer {
    schema: String,
    thing: Thing,
    path: &'static str,
    sorts: Vec<&'static str>,
    /// The representations of one of it beside JSON, by their names in `format`.
    formats: Vec<&'static str>,
    /// What can be answered along, by name, with the schema of each.
    includes: Along,
    fields: Vec<String>,
    /// Whether it is found by its words.
    is_searched: bool,
    find_words: FindWords,
    /// Whether two edits of one state of it can be brought together.
    merges: bool,
    referrer: Referrer,
}

/// What can be answered along: the name of each kind, and its schema.
type Along = Vec<(&'static str, String)>;

fn along<T>(includes: &[Include<T>]) -> Along {
    let each = includes.iter();
    each.map(|include| (include.name, (include.schema)().into_owned()))
        .collect()
}

/// The answers that are no things of their own and can have others along, by schema.
fn views() -> [(&'static str, Along); 2] {
    [
        ("RoundTable", along(round_table::INCLUDES)),
        ("PairingFlow", along(FLOW_INCLUDES)),
    ]
}

fn offer<R: Resource>() -> Offer {
    Offer {
        schema: R::name().into_owned(),
        thing: R::THING,
        path: R::PATH,
        sorts: R::SORTS.iter().map(|sort| sort.name).collect(),
        formats: [
            R::MAPPED.map(|_| "geojson"),
            R::DATED.map(|_| "ics"),
            R::WRITTEN.map(|_| "md"),
            R::WRITTEN.map(|_| "docx"),
            R::WRITTEN.map(|_| "pdf"),
        ]
        .into_iter()
        .flatten()
        .collect(),
        includes: along(R::INCLUDES),
        fields: Vec::new(),
        is_searched: R::SEARCHED.is_some(),
        find_words: |conn, after| Box::pin(find_words::<R>(conn, after)),
        merges: R::MERGING.is_some(),
        referrer: Referrer::of::<R>(),
    }
}

fn offers() -> Vec<Offer> {
    vec![
        offer::<Programme>(),
        offer::<City>(),
        offer::<Subject>(),
        offer::<Pairing>(),
        offer::<Meeting>(),
        offer::<Tour>(),
        offer::<Delegate>(),
        offer::<Waiver>(),
        offer::<KeyQuestion>(),
        offer::<Template>(),
        offer::<Sdg>(),
        offer::<KnowledgeItem>(),
        offer::<ActionPlan>(),
        offer::<Contribution>(),
        offer::<Decline>(),
        offer::<Comment>(),
        offer::<Measurement>(),
        offer::<User>(),
        offer::<Client>(),
        offer::<Application>(),
        offer::<Webhook>(),
    ]
}

/// Every kind of thing, as something that can refer to others.
pub fn referrers() -> Vec<Referrer> {
    offers().into_iter().map(|offer| offer.referrer).collect()
}

/// Gives words to the next things of one kind that have none; see [`find_words`].
pub type FindWords = for<'a> fn(&'a mut Connection, String) -> BoxFuture<'a, FoundWords>;

/// The last of them, and how many they are; none when there are no more.
type FoundWords = Result<Option<(String, usize)>, Problem>;

/// What gives words to what has none, of every kind of thing.
pub fn word_finders() -> Vec<(Thing, FindWords)> {
    let each = offers().into_iter();
    each.map(|offer| (offer.thing, offer.find_words)).collect()
}

/// The OpenAPI 3.1 document of the service: a constant of the program.
pub fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(made);
    &DOCUMENT
}

/// The document as it is served.
pub fn bytes() -> Bytes {
    static BYTES: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(document().to_string()));
    BYTES.clone()
}

/// The document as what requests are checked against.
pub fn contract() -> Result<&'static Contract, &'static BadContract> {
    static CONTRACT: LazyLock<Result<Contract, BadContract>> =
        LazyLock::new(|| Contract::of(document()));
    CONTRACT.as_ref()
}

fn made() -> Value {
    let (_, mut api): (_, Document) = actix_web::App::new()
        .into_utoipa_app()
        .configure(routes::documented)
        .split_for_parts();
    api.merge(Shared::openapi());
    let mut document = serde_json::to_value(api).unwrap_or_default();
    shape::shape(&mut document, offers(), &views(), info());
    document
}

fn info() -> Value {
    json!({
        "title": "IUC city-to-city API",
        "version": API_VERSION,
        "summary": "The cities, pairings, meetings, study tours and Local Action Plans of International Urban Cooperation Japan.",
        "description": include_str!("openapi/description.md"),
        "termsOfService": "https://iuc.example/terms",
        "contact": {"name": "IUC Japan programme office", "url": "https://iuc.example", "email": "api@iuc.example"},
        "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        "x-api-id": "5d0f2f0e-6a55-4ae2-9f0f-1f6f5c1c7b10",
        "x-audience": "external-public",
    })
}
