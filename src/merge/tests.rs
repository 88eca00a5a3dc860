use proptest::prelude::*;
use serde_json::json;

use super::*;

const SHAPE: Shape = Shape {
    entries: &[("parts", &["key"]), ("sources", &["type", "id"])],
    whole: &["budget"],
};

fn merged(base: Value, yours: Value, theirs: Value) -> Merged {
    merge(SHAPE, &base, &yours, &theirs)
}

/// The result, where nothing collides.
fn union(base: Value, yours: Value, theirs: Value) -> Value {
    let merged = merged(base, yours, theirs);
    assert_eq!(merged.conflicts, []);
    merged.value
}

/// Pointer, base, yours and theirs of the one thing that collides.
fn conflict(base: Value, yours: Value, theirs: Value) -> (String, Value, Value, Value) {
    let merged = merged(base, yours, theirs);
    let [conflict] = merged.conflicts.as_slice() else {
        panic!("one conflict: {merged:?}");
    };
    let conflict = conflict.clone();
    (
        conflict.pointer,
        conflict.base,
        conflict.yours,
        conflict.theirs,
    )
}

fn parts(keys: &[&str]) -> Value {
    json!({"parts": keys.iter().map(|key| json!({"key": key})).collect::<Vec<_>>()})
}

#[test]
fn a_text_is_brought_together_by_language() {
    let base = json!({"title": {"en": "Trams", "de": "Bahnen"}, "goal": null});
    let yours = json!({"title": {"en": "Trams", "ja": "路面電車"}, "goal": null});
    let theirs =
        json!({"title": {"en": "More trams", "de": "Bahnen"}, "goal": {"en": "Fewer cars"}});
    assert_eq!(
        union(base, yours, theirs),
        json!({"title": {"en": "More trams", "ja": "路面電車"}, "goal": {"en": "Fewer cars"}})
    );
}

#[test]
fn the_same_text_changed_twice_collides_and_the_rest_does_not() {
    let base = json!({"a": {"en": "1", "ja": "一"}, "b": 1});
    let yours = json!({"a": {"en": "2", "ja": "二"}, "b": 1});
    let theirs = json!({"a": {"en": "3", "ja": "一"}, "b": 2});
    let both = merged(base, yours, theirs.clone());
    assert_eq!(both.value, json!({"a": {"en": "3", "ja": "二"}, "b": 2}));
    assert_eq!(both.conflicts.len(), 1);
    assert_eq!(both.conflicts[0].pointer, "/a/en");
    assert_eq!(
        merge_patch(&theirs, &both.value),
        json!({"a": {"ja": "二"}})
    );
}

#[test]
fn money_goes_with_its_currency() {
    let money =
        |amount: &str, currency: &str| json!({"budget": {"amount": amount, "currency": currency}});
    let (pointer, ..) = conflict(money("1", "EUR"), money("2", "EUR"), money("1", "JPY"));
    assert_eq!(pointer, "/budget");
}

#[test]
fn parts_are_followed_by_their_keys_wherever_they_stand() {
    let base = json!({"parts": [{"key": "a", "x": 1}, {"key": "b", "x": 1}]});
    let yours =
        json!({"parts": [{"key": "a", "x": 2}, {"key": "b", "x": 1}, {"key": "mine", "x": 1}]});
    let theirs =
        json!({"parts": [{"key": "theirs", "x": 1}, {"key": "b", "x": 3}, {"key": "a", "x": 1}]});
    assert_eq!(
        union(base, yours, theirs),
        json!({"parts": [{"key": "theirs", "x": 1}, {"key": "b", "x": 3}, {"key": "mine", "x": 1}, {"key": "a", "x": 2}]})
    );
}

#[test]
fn what_one_side_removes_and_the_other_leaves_goes_and_what_it_changes_collides() {
    let part = |x: i32| json!({"parts": [{"key": "a", "x": 1}, {"key": "b", "x": x}]});
    let gone = json!({"parts": [{"key": "a", "x": 1}]});
    assert_eq!(union(part(1), gone.clone(), part(1)), gone);
    assert_eq!(union(part(1), part(1), gone.clone()), gone);
    assert_eq!(
        conflict(part(1), gone.clone(), part(2)),
        (
            "/parts/1".into(),
            json!({"key": "b", "x": 1}),
            Value::Null,
            json!({"key": "b", "x": 2})
        )
    );
    let (pointer, _, yours, theirs) = conflict(part(1), part(2), gone);
    assert_eq!(
        (pointer.as_str(), yours, theirs),
        ("/parts/1", json!({"key": "b", "x": 2}), Value::Null)
    );
}

#[test]
fn what_both_add_under_one_key_collides_unless_it_is_the_same() {
    let part = |x: i32| json!({"parts": [{"key": "new", "x": x}]});
    let none = json!({"parts": []});
    assert_eq!(union(none.clone(), part(1), part(1)), part(1));
    let (pointer, base, ..) = conflict(none, part(1), part(2));
    assert_eq!((pointer.as_str(), base), ("/parts/0", Value::Null));
}

#[test]
fn an_order_is_that_of_who_moved_something_and_two_orders_collide() {
    let base = parts(&["a", "b", "c"]);
    let turned = parts(&["c", "a", "b"]);
    assert_eq!(
        union(base.clone(), turned.clone(), parts(&["a", "b", "c", "d"])),
        parts(&["c", "d", "a", "b"])
    );
    assert_eq!(
        union(base.clone(), parts(&["a", "x", "b", "c"]), turned.clone()),
        parts(&["c", "a", "x", "b"])
    );
    assert_eq!(union(base.clone(), turned.clone(), turned.clone()), turned);
    assert_eq!(
        conflict(base, turned, parts(&["b", "a", "c"])),
        (
            "/parts".into(),
            json!(["a", "b", "c"]),
            json!(["c", "a", "b"]),
            json!(["b", "a", "c"])
        )
    );
}

#[test]
fn lists_of_words_are_sets() {
    let words = |words: &[&str]| json!({"with": words});
    assert_eq!(
        union(
            words(&["a", "b"]),
            words(&["b", "c"]),
            words(&["a", "b", "d"])
        ),
        words(&["b", "c", "d"])
    );
    assert_eq!(union(words(&["a"]), words(&[]), words(&["a"])), words(&[]));
}

#[test]
fn what_has_the_same_name_is_told_apart_by_its_turn() {
    let source = |note: &str| json!({"type": "tour", "id": "1", "note": note});
    let list = |notes: &[&str]| json!({"sources": notes.iter().map(|note| source(note)).collect::<Vec<_>>()});
    assert_eq!(
        union(list(&["a", "b"]), list(&["a", "c"]), list(&["d", "b"])),
        list(&["d", "c"])
    );
}

#[test]
fn a_section_that_goes_on_one_side_and_changes_on_the_other_collides() {
    let base = json!({"plan": {"text": {"en": "A"}, "list": []}});
    let (pointer, _, yours, _) = conflict(
        base,
        json!({"plan": null}),
        json!({"plan": {"text": {"en": "B"}, "list": []}}),
    );
    assert_eq!((pointer.as_str(), yours), ("/plan", Value::Null));
}

#[test]
fn null_and_absent_say_the_same_and_nothing_else_does() {
    let says = |one: Value, other: Value| same(&one, &other) && same(&other, &one);
    assert!(says(json!({"a": null, "b": [1]}), json!({"b": [1]})));
    assert!(says(json!({"a": 1, "b": 2}), json!({"b": 2, "a": 1})));
    assert!(!says(json!({"a": 1}), json!({})));
    assert!(!says(json!([1, 2]), json!([2, 1])));
    assert!(!says(json!([1]), json!([1, null])));
}

/// The same document with nulls that were not there, without some that were, and with its members in another order.
fn said_otherwise(value: &Value, dice: &mut u64) -> Value {
    let mut odd = || {
        *dice = dice
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (*dice >> 40) % 2 == 1
    };
    match value {
        Value::Object(members) => {
            let mut all: Vec<(String, Value)> = Vec::new();
            for (name, value) in members {
                if !value.is_null() || odd() {
                    all.push((name.clone(), value.clone()));
                }
            }
            if odd() {
                all.push(("never_said".into(), Value::Null));
            }
            if odd() {
                all.reverse();
            }
            let all = all.into_iter();
            Value::Object(
                all.map(|(name, value)| (name, said_otherwise(&value, dice)))
                    .collect(),
            )
        }
        Value::Array(entries) => entries
            .iter()
            .map(|entry| said_otherwise(entry, dice))
            .collect(),
        value => value.clone(),
    }
}

/// Parts, words, sources and things without a name, with members that are often null.
fn any_document() -> impl Strategy<Value = Value> {
    let leaf = || prop_oneof![Just(Value::Null), (0..3).prop_map(Value::from)];
    let entry = move |name: &'static str| {
        (0..4_u8, leaf(), leaf()).prop_map(move |(turn, x, y)| {
            let key = format!("{name}{turn}");
            json!({"key": key, "type": "t", "id": key, "x": x, "y": {"en": y}})
        })
    };
    let list = move |name| prop::collection::vec(entry(name), 0..4);
    let other = prop::collection::vec(
        (leaf(), leaf()).prop_map(|(a, b)| json!({"a": a, "b": b})),
        0..3,
    );
    let keyed = list("p").prop_map(|mut parts| {
        parts.sort_by_key(|part| part["key"].to_string());
        parts.dedup_by_key(|part| part["key"].to_string());
        parts
    });
    (keyed, list("s"), other, leaf()).prop_map(|(parts, sources, others, z)| {
        json!({"parts": parts, "sources": sources, "others": others, "z": z})
    })
}

proptest! {
    #[test]
    fn null_and_absent_and_the_order_of_members_make_no_edit(
        base in any_document(), yours in any_document(), theirs in any_document(), mut dice: u64,
    ) {
        let plain = merge(SHAPE, &base, &yours, &theirs);
        let [base, yours, theirs] = [&base, &yours, &theirs].map(|state| said_otherwise(state, &mut dice));
        let other = merge(SHAPE, &base, &yours, &theirs);
        prop_assert!(same(&plain.value, &other.value), "{plain:?}\n{other:?}");
        // An order that collides is told by what the entries say.
        let told = |merged: &Merged| {
            let mut told: Vec<_> = merged.conflicts.iter().map(|it| (it.path.clone(), said(&it.base), said(&it.yours), said(&it.theirs))).collect();
            told.sort();
            told
        };
        prop_assert_eq!(told(&plain), told(&other));
        prop_assert!(same(&merge(SHAPE, &base, &said_otherwise(&base, &mut dice), &theirs).value, &theirs));
    }
}
