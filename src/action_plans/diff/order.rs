//! Following the entries of a list from one version of a plan to another: which stayed, moved, came and went.
//!
//! An entry is known again by what names it ([`NAMES`]), wherever it stands. What is named alike twice is told apart
//! by its turn.

use std::collections::HashMap;

use serde_json::Value;

/// By which members the entries of a list are known again; those of every other list are known by all that they are.
pub const NAMES: &[(&str, &[&str])] = &[
    ("activities", &["key"]),
    ("risks", &["key"]),
    ("indicators", &["key"]),
    ("joint_actions", &["key"]),
    ("sdg_relevance", &["target", "goal"]),
    ("sources", &["type", "id"]),
    ("stakeholders", &["name"]),
    ("financing", &["source"]),
    ("external_refs", &["city", "system", "key"]),
    ("consents", &["city"]),
];

/// Where an entry of the later list was in the earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nowhere.
    New,
    /// At this index, and it has kept its place among the others.
    Kept(usize),
    /// At this index, and it has changed its place among the others.
    Moved(usize),
}

impl Origin {
    /// Its index in the earlier list.
    pub fn index(self) -> Option<usize> {
        match self {
            Self::New => None,
            Self::Kept(index) | Self::Moved(index) => Some(index),
        }
    }
}

/// A list in two versions.
#[derive(Debug, PartialEq, Eq)]
pub struct Followed {
    /// Where each entry of the later list comes from. As few as possible have moved.
    pub origins: Vec<Origin>,
    /// The indices of what went, ascending.
    pub removed: Vec<usize>,
}

/// Follows the entries of the list that is called `list`.
pub fn follow(list: &str, from: &[Value], to: &[Value]) -> Followed {
    let mut earlier: HashMap<_, _> = names(list, from).into_iter().zip(0..).collect();
    let found: Vec<Option<usize>> = names(list, to)
        .iter()
        .map(|name| earlier.remove(name))
        .collect();
    let mut removed: Vec<usize> = earlier.into_values().collect();
    removed.sort_unstable();
    let common: Vec<usize> = found.iter().flatten().copied().collect();
    let mut in_order = rising(&common).into_iter();
    let origins = found
        .iter()
        .map(|found| match found {
            None => Origin::New,
            Some(index) if in_order.next() == Some(true) => Origin::Kept(*index),
            Some(index) => Origin::Moved(*index),
        })
        .collect();
    Followed { origins, removed }
}

/// What names each entry, and how many of the same name stand before it.
fn names(list: &str, entries: &[Value]) -> Vec<(String, usize)> {
    let members = NAMES.iter().find(|(name, _)| *name == list);
    let mut turns: HashMap<String, usize> = HashMap::new();
    entries
        .iter()
        .map(|entry| {
            let name = match members {
                None => entry.to_string(),
                Some((_, members)) => {
                    let values: Vec<_> = members.iter().map(|name| entry.get(name)).collect();
                    format!("{values:?}")
                }
            };
            let turn = turns.entry(name.clone()).or_default();
            *turn += 1;
            (name, *turn)
        })
        .collect()
}

/// Which of the numbers, none of them twice, make up a longest rising sequence.
fn rising(numbers: &[usize]) -> Vec<bool> {
    // For each length so far, the lowest number at which a sequence of this length ends, and its index.
    let mut ends: Vec<(usize, usize)> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::new();
    for (index, &number) in numbers.iter().enumerate() {
        let length = ends.partition_point(|(end, _)| *end < number);
        let previous = length.checked_sub(1).and_then(|shorter| ends.get(shorter));
        before.push(previous.map(|(_, index)| *index));
        match ends.get_mut(length) {
            Some(end) => *end = (number, index),
            None => ends.push((number, index)),
        }
    }
    let mut chosen = vec![false; numbers.len()];
    let mut at = ends.last().map(|(_, index)| *index);
    while let Some(index) = at {
        if let Some(flag) = chosen.get_mut(index) {
            *flag = true;
        }
        at = before.get(index).copied().flatten();
    }
    chosen
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn keyed(keys: &[&str]) -> Vec<Value> {
        keys.iter().map(|key| json!({"key": key})).collect()
    }

    #[test]
    fn one_entry_that_jumps_over_the_others_is_the_only_one_moved() {
        let followed = follow(
            "risks",
            &keyed(&["a", "b", "c", "d"]),
            &keyed(&["d", "a", "b", "c"]),
        );
        assert_eq!(
            followed.origins,
            [
                Origin::Moved(3),
                Origin::Kept(0),
                Origin::Kept(1),
                Origin::Kept(2)
            ]
        );
    }

    #[test]
    fn entries_come_and_go_without_moving_others() {
        let followed = follow("risks", &keyed(&["a", "b", "c"]), &keyed(&["x", "a", "c"]));
        assert_eq!(
            followed.origins,
            [Origin::New, Origin::Kept(0), Origin::Kept(2)]
        );
        assert_eq!(followed.removed, [1]);
    }

    #[test]
    fn a_source_is_known_by_kind_and_id_and_what_stands_twice_by_its_turn() {
        let tour = json!({"type": "tour", "id": "x", "note": null});
        let noted = json!({"type": "tour", "id": "x", "note": {"en": "Trams"}});
        let meeting = json!({"type": "meeting", "id": "x"});
        let followed = follow("sources", &[tour.clone(), meeting], &[noted, tour]);
        assert_eq!(followed.origins, [Origin::Kept(0), Origin::New]);
        assert_eq!(followed.removed, [1]);
    }

    /// The length of the longest rising sequence, by trying all.
    fn longest(numbers: &[usize], above: Option<usize>) -> usize {
        let Some((first, rest)) = numbers.split_first() else {
            return 0;
        };
        let without = longest(rest, above);
        if above.is_some_and(|above| above >= *first) {
            return without;
        }
        without.max(1 + longest(rest, Some(*first)))
    }

    proptest! {
        #[test]
        fn as_few_as_possible_move(numbers in Just((0..10).collect::<Vec<usize>>()).prop_shuffle()) {
            let chosen = rising(&numbers);
            let kept: Vec<usize> = numbers.iter().zip(&chosen).filter(|(_, kept)| **kept).map(|(number, _)| *number).collect();
            prop_assert!(kept.is_sorted());
            prop_assert_eq!(kept.len(), longest(&numbers, None));
        }
    }
}
