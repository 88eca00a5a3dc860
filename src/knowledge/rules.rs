//! The rules of a knowledge item.

use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::types::KnowledgeItem;
use crate::ids::CityId;
use crate::markdown::{render_ahead, rendered};
use crate::pairings::types::Pairing;
use crate::problem::{Fault, Faults, Rule};
use crate::resource::{Check, Resource};
use crate::text::Text;
use crate::tours::types::Tour;

/// What a city may say of others: it shares an item with cities of the pairing that the item names, and of no pairing
/// or tour but its own; who stands in an item stays there until that city, or an admin, takes its name out.
pub fn check_cities(item: &KnowledgeItem, check: &Check<'_, KnowledgeItem>, faults: &mut Faults) {
    let Some(own) = &check.caller.city else {
        return;
    };
    let had = |city: &CityId| {
        check
            .before
            .is_some_and(|before| before.cities.contains(city))
    };
    let pairing = item
        .pairing
        .as_ref()
        .and_then(|id| check.known.get::<Pairing>(id));
    let partners = pairing.map(Pairing::cities).unwrap_or_default();
    for (index, city) in item.cities.iter().enumerate() {
        let is_shared = partners.contains(own) && partners.contains(city);
        if city != own && !had(city) && !is_shared {
            let fault = Fault::at(format!("/cities/{index}"), Rule::NotPartner);
            faults.push(fault.against("/pairing").with("id", city));
        }
    }
    let before = check.before.iter().flat_map(|before| &before.cities);
    let parted = before.filter(|city| !item.cities.contains(city));
    faults.check(
        parted.into_iter().any(|city| check.holds(city)),
        "/cities",
        Rule::NotYours,
    );
    let is_new_pairing = check
        .before
        .is_none_or(|before| before.pairing != item.pairing);
    faults.check(
        is_new_pairing && pairing.is_some() && !partners.contains(own),
        "/pairing",
        Rule::NotYours,
    );
    let tour = item
        .tour
        .as_ref()
        .and_then(|id| check.known.get::<Tour>(id));
    let is_new_tour = check.before.is_none_or(|before| before.tour != item.tour);
    faults.check(
        is_new_tour && tour.is_some_and(|tour| !Resource::cities(tour).contains(own)),
        "/tour",
        Rule::NotYours,
    );
}

/// How many bodies are put into HTML at once: it takes a processor, and others want one too.
static TURNS: Semaphore = Semaphore::const_new(1);

/// Makes the HTML of what a body says, on a thread where it keeps nobody waiting.
pub async fn render_body_ahead(body: &Value) {
    let texts = markdown_in(body);
    if texts.is_empty() {
        return;
    }
    // It is never closed.
    let _turn = TURNS.acquire().await;
    let work = spawn_blocking(move || texts.iter().for_each(|text| render_ahead(text)));
    if let Err(error) = work.await {
        tracing::error!(%error, "Markdown could not be put into HTML ahead");
    }
}

/// The texts of a whole item, of a merge patch or of the operations of a JSON Patch.
fn markdown_in(body: &Value) -> Vec<String> {
    let operations = body.as_array().into_iter().flatten();
    let patched = operations.filter_map(|operation| {
        let path = operation.get("path")?.as_str()?;
        path.starts_with("/body").then(|| operation.get("value"))?
    });
    let said = body.get("body").into_iter().chain(patched);
    let texts = said.flat_map(|said| match said {
        Value::Object(languages) => languages.values().collect(),
        text => vec![text],
    });
    let texts = texts.filter_map(Value::as_str);
    // What is longer is refused, and there are no more languages.
    let fitting = texts.filter(|text| text.chars().count() <= Text::MAX_LENGTH);
    fitting.take(30).map(str::to_owned).collect()
}

/// The HTML beside the Markdown; what has not changed stays as it is.
pub fn render_body(item: &mut KnowledgeItem, before: Option<&KnowledgeItem>, faults: &mut Faults) {
    let stored =
        before.and_then(|before| Some((before.body.as_ref()?, before.body_html.as_ref()?)));
    item.body_html = item
        .body
        .as_ref()
        .and_then(|body| rendered(body, stored, "/body", faults));
}

/// The targets that it names, each with its place.
pub fn target_codes(item: &KnowledgeItem) -> Vec<(String, String)> {
    let codes = item.sdg_targets.iter().enumerate();
    codes
        .map(|(index, code)| (format!("/sdg_targets/{index}"), code.0.clone()))
        .collect()
}
