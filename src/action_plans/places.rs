//! Places in a plan that outlive its edits: a JSON Pointer says where something stands now, a path what it is.
//!
//! A path is a pointer in which entries of lists go by what names them: their keys, and where they have none by what
//! they are about (a goal, a source, a name). Of entries that are named alike the later ones have their turn, as in
//! `/inputs/sources/meeting:exchange-meeting-3#2`. The paths of texts are those of `texts`.

use std::collections::HashMap;

use serde_json::Value;

/// The path to what stands at `pointer`; `None` when nothing stands there.
pub fn path_of(document: &Value, pointer: &str) -> Option<String> {
    let mut path = String::new();
    let mut value = document;
    for token in tokens(pointer)? {
        let name = match value {
            Value::Array(entries) => {
                let index = index(&token)?;
                value = entries.get(index)?;
                names(entries).into_iter().nth(index)?
            }
            _ => {
                value = value.as_object()?.get(&token)?;
                token
            }
        };
        path.push('/');
        path.push_str(&escaped(&name));
    }
    Some(path)
}

/// The pointer to what `path` leads to; `None` when it is gone.
pub fn pointer_of(document: &Value, path: &str) -> Option<String> {
    let mut pointer = String::new();
    let mut value = document;
    for name in tokens(path)? {
        let token = match value {
            Value::Array(entries) => {
                let index = names(entries).iter().position(|other| *other == name)?;
                value = entries.get(index)?;
                index.to_string()
            }
            _ => {
                value = value.as_object()?.get(&name)?;
                name
            }
        };
        pointer.push('/');
        pointer.push_str(&escaped(&token));
    }
    Some(pointer)
}

/// The reference tokens of a JSON Pointer (RFC 6901); `None` when it is none.
fn tokens(pointer: &str) -> Option<Vec<String>> {
    let mut parts = pointer.split('/');
    parts.next().filter(|first| first.is_empty())?;
    Some(
        parts
            .map(|part| part.replace("~1", "/").replace("~0", "~"))
            .collect(),
    )
}

fn escaped(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

/// An index as it is written, without leading zeros.
fn index(token: &str) -> Option<usize> {
    let index = token.parse::<usize>().ok()?;
    (index.to_string() == token).then_some(index)
}

/// What names the entries of a list, each another.
fn names(entries: &[Value]) -> Vec<String> {
    let mut turns: HashMap<String, usize> = HashMap::new();
    entries
        .iter()
        .map(|entry| {
            let name = name_of(entry);
            let turn = turns.entry(name.clone()).or_default();
            *turn += 1;
            if *turn > 1 {
                format!("{name}#{turn}")
            } else {
                name
            }
        })
        .collect()
}

/// What an entry is about.
fn name_of(entry: &Value) -> String {
    let member = |name| entry.get(name).and_then(Value::as_str);
    let pair = |one, other| Some(format!("{}:{}", member(one)?, member(other)?));
    let single = ["key", "target", "goal", "name", "source", "city"];
    pair("system", "key")
        .or_else(|| pair("type", "id"))
        .or_else(|| {
            let name = entry
                .as_str()
                .or_else(|| single.into_iter().find_map(member));
            name.map(str::to_owned)
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::action_plans::samples::{complete, plan};
    use crate::action_plans::texts::texts;

    fn places(at: &str, value: &Value, found: &mut Vec<String>) {
        found.push(at.to_owned());
        match value {
            Value::Object(members) => members
                .iter()
                .for_each(|(name, value)| places(&format!("{at}/{}", escaped(name)), value, found)),
            Value::Array(entries) => entries
                .iter()
                .enumerate()
                .for_each(|(index, value)| places(&format!("{at}/{index}"), value, found)),
            _ => {}
        }
    }

    #[test]
    fn a_path_follows_its_part() {
        let mut document = complete();
        let path = path_of(&document, "/activities/1/title").unwrap();
        assert_eq!(path, "/activities/tram/title");
        document["activities"].as_array_mut().unwrap().reverse();
        document["activities"]
            .as_array_mut()
            .unwrap()
            .insert(0, json!({"key": "new"}));
        assert_eq!(pointer_of(&document, &path).unwrap(), "/activities/2/title");
        document["activities"] = json!([]);
        assert_eq!(pointer_of(&document, &path), None);
    }

    #[test]
    fn what_is_no_place_has_no_path() {
        let document = complete();
        assert_eq!(path_of(&document, "").as_deref(), Some(""));
        for nothing in [
            "objectives",
            "/nothing",
            "/activities/3",
            "/activities/00",
            "/activities/-",
            "/activities/trees",
            "/objectives/en/0",
            "/version/0",
            "/",
            "/activities/",
            "/activities/18446744073709551616",
        ] {
            assert_eq!(path_of(&document, nothing), None, "{nothing}");
        }
    }

    proptest! {
        #[test]
        fn every_place_of_any_plan_has_a_path_of_its_own_that_leads_back(plan in plan()) {
            let document = serde_json::to_value(&plan).unwrap();
            let mut all = Vec::new();
            places("", &document, &mut all);
            let paths: Vec<String> = all.iter().map(|pointer| path_of(&document, pointer).unwrap()).collect();
            for (pointer, path) in all.iter().zip(&paths) {
                let back = pointer_of(&document, path);
                prop_assert_eq!(back.as_ref(), Some(pointer));
            }
            let distinct: std::collections::BTreeSet<_> = paths.iter().collect();
            prop_assert_eq!(distinct.len(), paths.len());
            for text in texts(&plan) {
                prop_assert_eq!(path_of(&document, &text.pointer), Some(text.path));
            }
        }
    }
}
