//! The parts of a plan (activities, risks, indicators, joint actions) in a file: each has a key by which it is followed, also
//! where the person who wrote the file gave it none.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value, json};

use super::document::fingerprint;
use crate::action_plans::merging::MERGING;
use crate::merge::same;

/// Gives the parts that have no key one, made of what they say: the same however often the file is read, so that a
/// part whose sending was cut off is known again. Answers whether all had one.
pub fn give_keys(document: &mut Value) -> bool {
    let mut had_all = true;
    match document {
        Value::Object(members) => {
            for (name, value) in members {
                if is_list_of_parts(name)
                    && let Value::Array(parts) = value
                {
                    had_all &= give_keys_in(name, parts);
                }
                had_all &= give_keys(value);
            }
        }
        Value::Array(entries) => {
            for entry in entries {
                had_all &= give_keys(entry);
            }
        }
        _ => {}
    }
    had_all
}

fn is_list_of_parts(name: &str) -> bool {
    let mut lists = MERGING.shape.entries.iter();
    lists.any(|(list, by)| *list == name && *by == ["key"])
}

fn give_keys_in(list: &str, parts: &mut [Value]) -> bool {
    let mut had_all = true;
    let mut turns: BTreeMap<String, u32> = BTreeMap::new();
    for part in parts.iter_mut().filter_map(Value::as_object_mut) {
        if part.get("key").is_some_and(|key| !key.is_null()) {
            continue;
        }
        had_all = false;
        part.remove("key");
        let said = fingerprint(&Value::Object(part.clone()));
        let turn = turns.entry(said.clone()).or_default();
        *turn += 1;
        let key = fingerprint(&json!([list, said, turn]));
        let mut keyed = Map::from_iter([("key".to_owned(), key.into())]);
        keyed.append(part);
        *part = keyed;
    }
    had_all
}

/// Gives parts the keys of those of `stored` that say the same, each once: what was written here without keys, or under
/// others, is known again when both sides meet for the first time, and does not stand there twice.
pub fn know_again(document: &mut Value, stored: &Value) {
    let Value::Object(members) = document else {
        return;
    };
    for (name, value) in members {
        let there = stored.get(name).unwrap_or(&Value::Null);
        match (value, there) {
            (Value::Array(parts), Value::Array(there)) if is_list_of_parts(name) => {
                take_keys(parts, there);
            }
            (value, there) => know_again(value, there),
        }
    }
}

fn take_keys(parts: &mut [Value], stored: &[Value]) {
    let key_of = |part: &Value| part.get("key").cloned().unwrap_or_default();
    let named: HashSet<Value> = parts.iter().map(key_of).collect();
    let mut free: Vec<&Value> = stored
        .iter()
        .filter(|part| !named.contains(&key_of(part)))
        .collect();
    let taken: HashSet<Value> = stored.iter().map(key_of).collect();
    for part in parts
        .iter_mut()
        .filter(|part| !taken.contains(&key_of(part)))
    {
        if let Some(place) = free.iter().position(|stored| says(stored, part)) {
            let key = key_of(free.remove(place));
            if let Value::Object(members) = part {
                members.insert("key".into(), key);
            }
        }
    }
}

/// Whether `stored` says all that `part` says, whatever their keys: the service fills in what was left out.
fn says(stored: &Value, part: &Value) -> bool {
    let Value::Object(members) = part else {
        return false;
    };
    let mut said = members
        .iter()
        .filter(|(name, value)| *name != "key" && !value.is_null())
        .peekable();
    said.peek().is_some()
        && said.all(|(name, value)| stored.get(name).is_some_and(|stored| same(stored, value)))
}

/// What the service has with what the file says over it, member by member and part by part: what the file does not say
/// stays, but for the parts that it does not have.
pub fn over(stored: &Value, file: &Value) -> Value {
    layered("", stored, file)
}

fn layered(name: &str, below: &Value, above: &Value) -> Value {
    match (below, above) {
        (below, Value::Null) => below.clone(),
        (Value::Object(below), Value::Object(above)) => {
            let mut all = below.clone();
            for (name, value) in above {
                let there = below.get(name).unwrap_or(&Value::Null);
                all.insert(name.clone(), layered(name, there, value));
            }
            Value::Object(all)
        }
        (Value::Array(below), Value::Array(above)) if is_list_of_parts(name) => {
            let there = |part: &Value| {
                below
                    .iter()
                    .find(|stored| stored.get("key") == part.get("key"))
            };
            let parts = above.iter();
            parts
                .map(|part| layered("", there(part).unwrap_or(&Value::Null), part))
                .collect()
        }
        (_, above) => above.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_gets_a_key_of_what_it_says_each_time_the_same() {
        let mut first = json!({"risks": [{"description": {"en": "A flood"}}, {"key": "own"}, {"description": {"en": "A flood"}}]});
        let mut again = json!({"risks": [{"key": null, "description": {"en": "A flood"}}, {"key": "own"}, {"description": {"en": "A flood"}}]});
        assert!(!give_keys(&mut first));
        assert!(!give_keys(&mut again));
        assert!(same(&first, &again));
        let keys: Vec<_> = (0..3).map(|at| first["risks"][at]["key"].clone()).collect();
        assert_eq!(keys[1], "own");
        assert_ne!(keys[0], keys[2]);
        assert!(give_keys(&mut first));
    }

    #[test]
    fn a_part_that_says_the_same_is_known_again_and_no_other() {
        let stored = json!({"risks": [{"key": "k1", "description": {"en": "A flood"}, "level": null}, {"key": "k2", "description": {"en": "A fire"}, "level": "high"}],
            "follow_up": {"indicators": [{"key": "i", "name": {"en": "Cars"}, "unit": "cars"}]}});
        let mut file = json!({"risks": [{"key": "mine", "description": {"en": "A fire"}}, {"key": "own", "description": {"en": "A storm"}},
            {"key": "again", "description": {"en": "A fire"}}, {"key": "none"}], "follow_up": {"indicators": [{"key": "x", "name": {"en": "Cars"}}]}});
        know_again(&mut file, &stored);
        let keys = |list: &Value| {
            list.as_array()
                .unwrap()
                .iter()
                .map(|part| part["key"].clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(keys(&file["risks"]), ["k2", "own", "again", "none"]);
        assert_eq!(keys(&file["follow_up"]["indicators"]), ["i"]);
    }

    #[test]
    fn what_the_file_says_stands_over_what_is_stored() {
        let stored = json!({"title": {"en": "Old", "ja": "旧"}, "objectives": {"en": "Kept"}, "themes": ["a", "b"],
            "risks": [{"key": "1", "level": "high", "description": {"en": "x"}}, {"key": "2"}]});
        let file = json!({"title": {"en": "New"}, "objectives": null, "themes": ["c"], "risks": [{"key": "1", "description": {"en": "y"}}]});
        assert_eq!(
            over(&stored, &file),
            json!({"title": {"en": "New", "ja": "旧"}, "objectives": {"en": "Kept"}, "themes": ["c"],
                "risks": [{"key": "1", "level": "high", "description": {"en": "y"}}]})
        );
    }
}
