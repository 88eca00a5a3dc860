//! The rules of a knowledge item.

use super::types::KnowledgeItem;
use crate::markdown::rendered;
use crate::problem::Faults;

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
