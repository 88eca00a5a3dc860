//! Plans for the tests of this folder: one that is complete, and random ones.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::types::ActionPlan;
use crate::templates::types::Template;

/// A complete plan: written in English, some of it in Japanese and German too.
pub fn complete() -> Value {
    json!({
        "id": "0198d3b4-7e8d-7c1a-9d53-3a4b5c6d7e8f",
        "proponents": ["frankfurt"],
        "pairing": "frankfurt-yokohama",
        "kind": "new",
        "title": {"en": "A greener harbour", "ja": "緑あふれる港", "de": "Ein grünerer Hafen"},
        "sdg_relevance": [
            {"target": "11.2", "note": {"en": "Trams reach the harbour.", "ja": "路面電車が港まで通じます。"}},
            {"goal": "13", "note": null},
        ],
        "executive_summary": {"en": "The city makes its harbour green."},
        "objectives": {"en": "Half the traffic by 2030. Twice the trees.", "ja": "2030年までに交通量を半減し、樹木を倍にします。"},
        "context": {"en": "The old harbour is paved."},
        "inputs": {"text": {"en": "Yokohama showed us its waterfront."},
            "sources": [{"type": "meeting", "id": "exchange-meeting-3", "note": {"en": "Round table"}}]},
        "activities": [
            {"key": "trees", "title": {"en": "Plant trees", "ja": "植樹"}, "description": {"en": "A thousand trees."},
                "when": "2019-04/2020-03", "status": "ongoing", "progress_percent": 40, "sdg_targets": ["11.7"]},
            {"key": "tram", "title": {"en": "A tram line"}, "description": {"en": "From the station."}, "when": "2021~",
                "budget": {"amount": "1250000.00", "currency": "EUR"}},
            {"key": "quay", "title": {"en": "Open the quay"}, "description": {"en": "To walkers."}, "status": "dropped"},
        ],
        "implementation": {"text": {"en": "The planning office leads."}, "stakeholders": [{"name": "Planning office", "role": "Lead"}],
            "financing": [{"source": "City budget", "amount": "500000", "currency": "EUR"}]},
        "risks": [{"key": "money", "description": {"en": "No money."}, "likelihood": 3, "impact": 5, "mitigation": {"en": "Ask the state."}}],
        "follow_up": {"text": {"en": "A report each year."}, "indicators": [
            {"key": "trees", "name": {"en": "Trees"}, "unit": "trees", "baseline": {"value": 1200, "on": "2018"},
                "target": {"value": 2200, "on": "2030"}},
        ]},
        "joint_actions": [{"key": "school", "title": {"en": "Summer school"}, "description": {"en": "Each year in turn."}, "with": ["yokohama"]}],
        "template": "iuc-japan-1",
        "language": "en",
        "version": 3,
        "created_at": "2018-10-11T09:00:00Z",
        "updated_at": "2018-10-12T09:00:00Z",
    })
}

/// The complete plan with other values at some places.
pub fn with(changes: &[(&str, Value)]) -> ActionPlan {
    let mut plan = complete();
    for (pointer, value) in changes {
        *plan.pointer_mut(pointer).unwrap() = value.clone();
    }
    serde_json::from_value(plan).unwrap()
}

/// A plan that says no more than it must.
pub fn empty() -> ActionPlan {
    serde_json::from_value(
        json!({"proponents": ["frankfurt"], "pairing": "frankfurt-yokohama", "language": "en"}),
    )
    .unwrap()
}

/// The programme's template.
pub fn template() -> Template {
    let templates = include_str!("../../data/programme/templates.json");
    let templates: Vec<Template> = serde_json::from_str(templates).unwrap();
    templates.into_iter().next().unwrap()
}

fn text() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec!["a", "b", "港", "e\u{301}"]);
    let languages =
        prop::collection::btree_map(prop::sample::select(vec!["en", "ja", "de"]), words, 1..=3);
    prop_oneof![1 => Just(Value::Null), 4 => languages.prop_map(|text| json!(text))]
}

/// Some parts with keys of their own, made from a few random values each.
fn parts(part: fn((&str, Value, Value, i32)) -> Value) -> impl Strategy<Value = Vec<Value>> {
    let keys = prop::sample::subsequence(vec!["k1", "k2", "k3", "k4", "k5", "k6"], 0..=6);
    keys.prop_shuffle()
        .prop_flat_map(|keys| {
            let count = keys.len();
            (
                Just(keys),
                prop::collection::vec((text(), text(), 1..4), count),
            )
        })
        .prop_map(move |(keys, contents)| {
            let each = keys.into_iter().zip(contents);
            each.map(|(key, (one, other, number))| part((key, one, other, number)))
                .collect()
        })
}

fn sources() -> impl Strategy<Value = Vec<Value>> {
    let source = (
        prop::sample::select(vec!["exchange-meeting-1", "exchange-meeting-2"]),
        text(),
    );
    let source = source.prop_map(|(id, note)| json!({"type": "meeting", "id": id, "note": note}));
    prop::collection::vec(source, 0..4)
}

fn optional(section: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    prop_oneof![1 => Just(Value::Null), 4 => section]
}

/// Any plan of a small world, so that two of them have much in common.
pub fn plan() -> impl Strategy<Value = ActionPlan> {
    let activities = parts(|(key, title, description, number)| {
        let codes = ["11.2", "11.7", "13.1"];
        let codes = &codes[..usize::try_from(number).unwrap() - 1];
        json!({"key": key, "title": title, "description": description, "progress_percent": number, "sdg_targets": codes})
    });
    let risks = parts(
        |(key, description, mitigation, impact)| json!({"key": key, "description": description, "mitigation": mitigation, "impact": impact}),
    );
    let indicators = parts(
        |(key, name, _, value)| json!({"key": key, "name": name, "target": {"value": value}}),
    );
    let joint_actions = parts(
        |(key, title, description, _)| json!({"key": key, "title": title, "description": description, "with": ["yokohama"]}),
    );
    let relevance = prop::sample::subsequence(vec!["1.1", "11.2", "13.1"], 0..=3).prop_shuffle();
    let relevance = (relevance, text()).prop_map(|(codes, note)| {
        codes
            .iter()
            .map(|code| json!({"target": code, "note": note}))
            .collect::<Vec<_>>()
    });
    let inputs = optional(
        (text(), sources()).prop_map(|(text, sources)| json!({"text": text, "sources": sources})),
    );
    let implementation = optional((text(), 0..3_i32).prop_map(|(text, number)| {
        let names = ["Office", "Office", "Harbour"];
        let stakeholders: Vec<_> = names.iter().take(usize::try_from(number).unwrap()).map(|name| json!({"name": name})).collect();
        json!({"text": text, "stakeholders": stakeholders, "financing": [{"source": "City", "amount": number.to_string()}]})
    }));
    let follow_up = optional(
        (text(), indicators)
            .prop_map(|(text, indicators)| json!({"text": text, "indicators": indicators})),
    );
    let texts = (text(), text(), text(), text());
    let lists = (activities, risks, joint_actions, relevance);
    let sections = (inputs, implementation, follow_up);
    let proponents = prop::sample::subsequence(vec!["frankfurt", "essen"], 1..=2).prop_shuffle();
    (texts, lists, sections, proponents, prop::sample::select(vec!["en", "ja"]), 1..9_i64).prop_map(
        |(texts, lists, sections, proponents, language, version)| {
            serde_json::from_value(json!({
                "proponents": proponents, "pairing": "frankfurt-yokohama", "language": language, "version": version,
                "title": texts.0, "executive_summary": texts.1, "objectives": texts.2, "context": texts.3,
                "activities": lists.0, "risks": lists.1, "joint_actions": lists.2, "sdg_relevance": lists.3,
                "inputs": sections.0, "implementation": sections.1, "follow_up": sections.2,
            }))
            .unwrap()
        },
    )
}
