//! Examples of the document: real things of the programme, from the files that it is loaded from.

use serde_json::{Map, Value, json};

use super::references::walk;

/// Real things of the programme as examples.
pub(super) fn add_examples(schemas: &mut Map<String, Value>) {
    let data = [
        (
            "Programme",
            include_str!("../../../data/programme/programmes.json"),
        ),
        ("City", include_str!("../../../data/programme/cities.json")),
        (
            "Subject",
            include_str!("../../../data/programme/subjects.json"),
        ),
        (
            "Pairing",
            include_str!("../../../data/programme/pairings.json"),
        ),
        (
            "Meeting",
            include_str!("../../../data/programme/meetings.json"),
        ),
        ("Tour", include_str!("../../../data/programme/tours.json")),
        (
            "KeyQuestion",
            include_str!("../../../data/programme/key-questions.json"),
        ),
        (
            "Template",
            include_str!("../../../data/programme/templates.json"),
        ),
        ("Sdg", include_str!("../../../data/programme/sdgs.json")),
        ("KnowledgeItem", include_str!("../knowledge.json")),
        ("ActionPlan", include_str!("../action-plans.json")),
        ("Contribution", include_str!("../contributions.json")),
        ("Comment", include_str!("../comments.json")),
        ("Measurement", include_str!("../measurements.json")),
        ("Delegate", include_str!("../delegates.json")),
        ("Waiver", include_str!("../waivers.json")),
        ("User", include_str!("../users.json")),
        ("Client", include_str!("../clients.json")),
        ("Application", include_str!("../applications.json")),
        ("Webhook", include_str!("../webhooks.json")),
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
