//! The rules of a knowledge item.

use super::types::KnowledgeItem;
use crate::ids::CityId;
use crate::markdown::rendered;
use crate::pairings::types::Pairing;
use crate::problem::{Fault, Faults, Rule};
use crate::resource::{Check, Resource};
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
            faults.push(Fault::at(format!("/cities/{index}"), Rule::NotPartner).with("id", city));
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
