use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::action_plans::samples::{complete, empty, plan, template, with};

fn patched(from: &ActionPlan, difference: &Difference) -> Value {
    let mut document = document(from);
    let patch: json_patch::Patch =
        serde_json::from_value(serde_json::to_value(&difference.patch).unwrap()).unwrap();
    json_patch::patch(&mut document, &patch).unwrap();
    document
}

fn told(difference: &Difference) -> Vec<String> {
    let tell = |change: &PlanChange| match &change.key {
        Some(key) => format!("{} {} {}", change.field, key.0, change.change),
        None => format!("{} {}", change.field, change.change),
    };
    difference.summary.iter().map(tell).collect()
}

#[test]
fn a_moved_and_changed_activity_is_moved_and_changed_in_place() {
    let before = with(&[]);
    let mut after = before.clone();
    after.activities.rotate_right(1);
    after.activities[0].progress_percent = Some(10);
    let difference = difference(&before, &after);
    assert_eq!(
        serde_json::to_value(&difference.patch).unwrap(),
        json!([
            {"op": "move", "from": "/activities/2", "path": "/activities/0"},
            {"op": "replace", "path": "/activities/0/progress_percent", "value": 10},
        ])
    );
    assert_eq!(
        told(&difference),
        ["activities quay moved", "activities quay changed"]
    );
}

#[test]
fn parts_come_and_go_by_their_keys() {
    let before = with(&[]);
    let mut after = before.clone();
    let mut bus = after.activities.remove(0);
    bus.key = PartKey("bus".into());
    after.activities.push(bus);
    after.follow_up.as_mut().unwrap().indicators.clear();
    let difference = difference(&before, &after);
    assert_eq!(
        told(&difference),
        [
            "activities bus added",
            "activities trees removed",
            "follow_up trees removed"
        ]
    );
    let paths: Vec<_> = difference
        .patch
        .iter()
        .map(|operation| (operation.op.as_str(), operation.path.as_str()))
        .collect();
    assert_eq!(
        paths,
        [
            ("remove", "/activities/0"),
            ("add", "/activities/2"),
            ("remove", "/follow_up/indicators/0")
        ]
    );
}

#[test]
fn a_translation_touches_only_its_language() {
    let before = with(&[]);
    let after = with(&[(
        "/context",
        json!({"en": "The old harbour is paved.", "ja": "古い港は舗装されています。"}),
    )]);
    let difference = difference(&before, &after);
    assert_eq!(
        serde_json::to_value(&difference.patch).unwrap(),
        json!([{"op": "add", "path": "/context/ja", "value": "古い港は舗装されています。"}])
    );
    assert_eq!(told(&difference), ["context changed"]);
}

#[test]
fn a_filled_plan_has_every_section_added_and_a_cleared_one_removed() {
    let (filled, cleared) = (with(&[]), empty());
    let added = told(&difference(&cleared, &filled));
    let expected = [
        "title added",
        "sdg_relevance added",
        "executive_summary added",
        "objectives added",
        "context added",
        "inputs added",
        "activities trees added",
        "activities tram added",
        "activities quay added",
        "implementation added",
        "risks money added",
        "follow_up added",
        "follow_up trees added",
        "joint_actions school added",
        "template added",
    ];
    assert_eq!(added, expected);
    let removed = told(&difference(&filled, &cleared));
    let expected: BTreeSet<_> = expected
        .iter()
        .map(|line| line.replace("added", "removed"))
        .collect();
    assert_eq!(removed.into_iter().collect::<BTreeSet<_>>(), expected);
}

#[test]
fn bookkeeping_is_in_the_patch_and_not_in_the_summary() {
    let mut before = complete();
    before["joint_actions"][0]["consents"] = json!([{"city": "yokohama", "decision": "pending"}]);
    let mut after = before.clone();
    after["version"] = json!(4);
    after["status"] = json!("submitted");
    after["updated_at"] = json!("2018-10-13T09:00:00Z");
    after["joint_actions"][0]["consents"][0]["decision"] = json!("accepted");
    let difference = difference_of_documents(&before, &after);
    assert!(difference.summary.is_empty());
    let paths: Vec<_> = difference
        .patch
        .iter()
        .map(|operation| operation.path.as_str())
        .collect();
    assert_eq!(
        paths,
        [
            "/joint_actions/0/consents/0/decision",
            "/version",
            "/updated_at",
            "/status"
        ]
    );
}

#[test]
fn the_summary_knows_every_section_and_every_field_that_people_write() {
    for section in template().sections.0 {
        assert!(
            section.field.as_str().parse::<PlanField>().is_ok(),
            "{}",
            section.field
        );
    }
    let bookkeeping = [
        "id",
        "status",
        "status_comment",
        "published_version",
        "version",
        "created_at",
        "updated_at",
    ];
    let document = document(&empty());
    for field in document.as_object().unwrap().keys() {
        let told = field.parse::<PlanField>().is_ok();
        assert_ne!(told, bookkeeping.contains(&field.as_str()), "{field}");
    }
}

proptest! {
    #[test]
    fn the_patch_makes_one_plan_of_the_other_exactly(from in plan(), to in plan()) {
        let difference = difference(&from, &to);
        prop_assert_eq!(patched(&from, &difference), document(&to));
        prop_assert_eq!(difference.patch.is_empty(), from == to);
    }

    #[test]
    fn an_order_costs_moves_alone(from in plan(), seed in any::<prop::sample::Index>()) {
        let mut to = from.clone();
        if !to.activities.is_empty() {
            let middle = seed.index(to.activities.len());
            to.activities.rotate_left(middle);
            to.risks.reverse();
        }
        let difference = difference(&from, &to);
        prop_assert!(difference.patch.iter().all(|operation| operation.op == crate::write::PatchVerb::Move));
        prop_assert!(difference.summary.iter().all(|change| change.change == PlanChangeKind::Moved));
        prop_assert_eq!(difference.patch.len(), difference.summary.len());
        prop_assert_eq!(patched(&from, &difference), document(&to));
    }

    #[test]
    fn the_summary_is_empty_only_where_nothing_written_differs(from in plan(), to in plan()) {
        let told = difference(&from, &to).summary;
        let back = difference(&to, &from).summary;
        prop_assert_eq!(told.is_empty(), back.is_empty());
        let keyed = told.iter().filter(|change| change.key.is_some());
        for change in keyed {
            let twin = told.iter().filter(|other| (other.field, &other.key) == (change.field, &change.key)).count();
            prop_assert!(twin <= 2);
        }
    }
}
