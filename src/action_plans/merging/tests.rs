use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::action_plans::samples::{complete, plan};
use crate::merge::{Conflict, Merged, merge, merge_patch};

fn together(base: &Value, yours: &Value, theirs: &Value) -> Merged {
    merge(MERGING.shape, base, yours, theirs)
}

/// A plan as its writers see it.
fn document(plan: &ActionPlan) -> Value {
    let mut document = serde_json::to_value(plan).unwrap();
    for kept in ["version", "created_at", "updated_at", "id", "status"] {
        document.as_object_mut().unwrap().shift_remove(kept);
    }
    document
}

/// Every text, number and entry of a document, by where it stands: entries of lists by what names them. What is named
/// alike stands at the same place, so there may be several.
fn leaves(path: &str, list: &str, value: &Value, found: &mut BTreeMap<String, Vec<Value>>) {
    let whole = MERGING.shape.whole;
    match value {
        Value::Null => {}
        Value::Object(members) if !whole.contains(&list) => {
            for (name, member) in members {
                leaves(&format!("{path}/{name}"), name, member, found);
            }
        }
        Value::Array(entries) => {
            let names = MERGING.shape.entries.iter().find(|(name, _)| *name == list);
            for entry in entries {
                let name = match names {
                    None => entry.to_string(),
                    Some((_, members)) => {
                        let words = members
                            .iter()
                            .map(|name| entry[*name].as_str().unwrap_or_default());
                        words.collect::<Vec<_>>().join(":")
                    }
                };
                let inside = if whole.contains(&list) { list } else { "" };
                let place = format!("{path}/{name}");
                found.entry(place).or_default().push(json!("an entry"));
                leaves(&format!("{path}/{name}"), inside, entry, found);
            }
        }
        leaf => found.entry(path.to_owned()).or_default().push(leaf.clone()),
    }
}

fn all(document: &Value) -> BTreeMap<String, Vec<Value>> {
    let mut found = BTreeMap::new();
    leaves("", "", document, &mut found);
    found
        .values_mut()
        .for_each(|values| values.sort_by_key(Value::to_string));
    found
}

/// Whether one of the conflicts is about this place.
fn is_told(place: &str, conflicts: &[Conflict]) -> bool {
    conflicts.iter().any(|conflict| {
        // What stands twice under a name has a turn in the path of a conflict.
        let parts = conflict
            .path
            .split('/')
            .map(|part| part.split('#').next().unwrap());
        let path = parts.collect::<Vec<_>>().join("/");
        place == path || place.starts_with(&format!("{path}/"))
    })
}

/// Every change of a side is in the result, or told as a conflict.
fn nothing_lost(
    base: &Value,
    side: &Value,
    other: &Value,
    merged: &Merged,
) -> Result<(), TestCaseError> {
    let (before, after, result) = (all(base), all(side), all(&merged.value));
    // Of what stands there twice the second becomes the first when that goes.
    let states = [&before, &after, &all(other)];
    let is_single = |place: &str| {
        let within = |(outer, values): (&String, &Vec<Value>)| {
            values.len() > 1 && (place == outer || place.starts_with(&format!("{outer}/")))
        };
        !states.iter().any(|state| state.iter().any(within))
    };
    for (place, values) in &after {
        let had = before.get(place);
        for value in values
            .iter()
            .filter(|value| had.is_none_or(|had| !had.contains(value)))
        {
            let kept = result
                .get(place)
                .is_some_and(|values| values.contains(value));
            prop_assert!(
                kept || is_told(place, &merged.conflicts),
                "{place}: {value} is lost: {merged:?}"
            );
        }
    }
    for (place, values) in before.iter().filter(|(place, values)| {
        values.len() == 1 && !after.contains_key(*place) && is_single(place)
    }) {
        let gone = result.get(place).is_none_or(|left| left != values);
        prop_assert!(
            gone || is_told(place, &merged.conflicts),
            "{place} is back: {merged:?}"
        );
    }
    Ok(())
}

fn swapped(conflicts: &[Conflict]) -> Vec<(String, Value, Value, Value)> {
    let mut all: Vec<_> = conflicts
        .iter()
        .cloned()
        .map(|it| (it.path, it.base, it.theirs, it.yours))
        .collect();
    all.sort_by_key(|it| it.0.clone());
    all
}

fn straight(conflicts: &[Conflict]) -> Vec<(String, Value, Value, Value)> {
    let turned = swapped(conflicts).into_iter();
    turned
        .map(|(path, base, theirs, yours)| (path, base, yours, theirs))
        .collect()
}

/// The document without what is null: absent and null are the same.
fn bare(mut document: Value) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(members) => {
                members.retain(|_, member| !member.is_null());
                members.values_mut().for_each(strip);
            }
            Value::Array(entries) => entries.iter_mut().for_each(strip),
            _ => {}
        }
    }
    strip(&mut document);
    document
}

/// A plan, and two plans that were made of it: of some fields each keeps what was there, others come from another plan.
fn edits() -> impl Strategy<Value = (Value, Value, Value)> {
    let kept = || prop::collection::vec(any::<bool>(), 20);
    (plan(), plan(), plan(), kept(), kept()).prop_map(|(base, one, other, first, second)| {
        let base = document(&base);
        let edited = |other: &ActionPlan, kept: &[bool]| {
            let mut edited = document(other);
            let fields = edited.as_object_mut().unwrap();
            for ((name, value), kept) in fields.iter_mut().zip(kept.iter().cycle()) {
                if *kept {
                    *value = base[name].clone();
                }
            }
            edited
        };
        let (yours, theirs) = (edited(&one, &first), edited(&other, &second));
        (base, yours, theirs)
    })
}

proptest! {
    #[test]
    fn no_field_of_either_side_is_lost((base, yours, theirs) in edits()) {
        let merged = together(&base, &yours, &theirs);
        nothing_lost(&base, &yours, &theirs, &merged)?;
        nothing_lost(&base, &theirs, &yours, &merged)?;
    }

    #[test]
    fn an_edit_that_met_no_other_is_stored_as_it_is((base, yours, _) in edits()) {
        for merged in [together(&base, &yours, &base), together(&base, &base, &yours), together(&base, &yours, &yours)] {
            prop_assert_eq!(&merged.value, &yours);
            prop_assert!(merged.conflicts.is_empty());
        }
    }

    #[test]
    fn whoever_comes_second_the_same_collides((base, yours, theirs) in edits()) {
        let one = together(&base, &yours, &theirs);
        let other = together(&base, &theirs, &yours);
        prop_assert_eq!(straight(&one.conflicts), swapped(&other.conflicts));
        if one.conflicts.is_empty() {
            let sets = |merged: &Merged| all(&merged.value);
            prop_assert_eq!(sets(&one), sets(&other));
        }
    }

    #[test]
    fn the_rest_is_told_as_a_patch_to_what_is_stored((base, yours, theirs) in edits()) {
        let merged = together(&base, &yours, &theirs);
        let mut patched = theirs.clone();
        json_patch::merge(&mut patched, &merge_patch(&theirs, &merged.value));
        prop_assert_eq!(bare(patched), bare(merged.value.clone()));
        let plan: Result<ActionPlan, _> = serde_json::from_value(merged.value);
        prop_assert!(plan.is_ok());
    }
}

#[test]
fn every_list_of_a_plan_is_followed() {
    let base = complete();
    let mut yours = base.clone();
    let mut theirs = base.clone();
    yours["activities"][0]["title"]["en"] = json!("Yours");
    theirs["activities"][0]["title"]["ja"] = json!("Theirs");
    yours["risks"][0]["impact"] = json!(1);
    theirs["risks"][0]["likelihood"] = json!(1);
    yours["follow_up"]["indicators"][0]["unit"] = json!("Bäume");
    theirs["follow_up"]["indicators"][0]["name"]["de"] = json!("Bäume");
    yours["joint_actions"][0]["description"]["de"] = json!("Jährlich");
    theirs["joint_actions"][0]["title"]["de"] = json!("Sommerschule");
    let merged = together(&base, &yours, &theirs);
    assert_eq!(merged.conflicts, []);
    for (side, pointer) in [
        (&yours, "/activities/0/title/en"),
        (&theirs, "/activities/0/title/ja"),
        (&yours, "/risks/0/impact"),
        (&theirs, "/risks/0/likelihood"),
        (&yours, "/follow_up/indicators/0/unit"),
        (&theirs, "/follow_up/indicators/0/name/de"),
        (&yours, "/joint_actions/0/description/de"),
        (&theirs, "/joint_actions/0/title/de"),
    ] {
        assert_eq!(
            merged.value.pointer(pointer),
            side.pointer(pointer),
            "{pointer}"
        );
    }
}
