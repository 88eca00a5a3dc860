//! Lists brought together, entry by entry and in an order that both sides can live with.

use std::collections::HashMap;

use serde_json::Value;

use super::{At, Merger, Shape, said, same};

/// What names an entry among the others: its name, and with the same name its turn.
pub(super) type Name = (String, usize);

impl Merger {
    /// Brings together the entries of the list that is called `list`.
    pub(super) fn list(&mut self, at: &At, list: &str, states: [&[Value]; 3]) -> Value {
        let [base, yours, theirs] = states.map(|entries| Named::of(self.shape, list, entries));
        let mut kept: HashMap<&Name, Value> = HashMap::new();
        for (index, (name, entry)) in theirs.entries.iter().enumerate() {
            let (before, mine) = (base.get(name), yours.get(name));
            let at = at.entry(&shown(name), yours.index(name), Some(index));
            let value = match (before, mine) {
                (Some(before), Some(mine)) => {
                    let name = if self.shape.whole.contains(&list) {
                        list
                    } else {
                        ""
                    };
                    self.value(&at, name, [before, mine, entry])
                }
                (Some(before), None) if same(before, entry) => continue,
                (None, None) => (*entry).clone(),
                (None, Some(mine)) if same(mine, entry) => (*entry).clone(),
                (before, mine) => {
                    let null = &Value::Null;
                    self.collide(&at, [before.unwrap_or(null), mine.unwrap_or(null), entry])
                }
            };
            kept.insert(name, value);
        }
        for (index, (name, mine)) in yours.entries.iter().enumerate() {
            if theirs.get(name).is_some() {
                continue;
            }
            match base.get(name) {
                None => {
                    kept.insert(name, (*mine).clone());
                }
                Some(before) if same(before, mine) => {}
                Some(before) => {
                    let at = at.entry(&shown(name), Some(index), None);
                    self.collide(&at, [before, mine, &Value::Null]);
                }
            }
        }
        let order = self.order(at, [&base, &yours, &theirs], &kept);
        let entries = order.into_iter().filter_map(|name| kept.remove(name));
        Value::Array(entries.collect())
    }

    /// The order of what is kept: that of the side that moved something, with what the other side added behind what
    /// stands before it there.
    fn order<'n>(
        &mut self,
        at: &At,
        [base, yours, theirs]: [&'n Named<'_>; 3],
        kept: &HashMap<&'n Name, Value>,
    ) -> Vec<&'n Name> {
        let (you_moved, they_moved) = (base.differs(yours), base.differs(theirs));
        if you_moved && they_moved && yours.differs(theirs) {
            let orders = [base, yours, theirs].map(|list| Value::Array(list.shown()));
            let [base, yours, theirs] = &orders;
            self.collide(at, [base, yours, theirs]);
        }
        let (first, second) = match you_moved && !they_moved {
            true => (yours, theirs),
            false => (theirs, yours),
        };
        let is_kept = |name: &&Name| kept.contains_key(*name);
        let mut order: Vec<&Name> = first.names().filter(is_kept).collect();
        let mut behind = 0;
        for name in second.names().filter(is_kept) {
            match order.iter().position(|other| *other == name) {
                Some(place) => behind = place + 1,
                None => {
                    order.insert(behind, name);
                    behind += 1;
                }
            }
        }
        order
    }
}

/// A list with the names of its entries.
struct Named<'a> {
    entries: Vec<(Name, &'a Value)>,
    places: HashMap<Name, usize>,
    by_all: bool,
}

impl<'a> Named<'a> {
    fn of(shape: Shape, list: &str, entries: &'a [Value]) -> Self {
        let names = names(shape, list, entries);
        Self {
            places: names.iter().cloned().zip(0..).collect(),
            entries: names.into_iter().zip(entries).collect(),
            by_all: !shape.entries.iter().any(|(name, _)| *name == list),
        }
    }

    fn index(&self, name: &Name) -> Option<usize> {
        self.places.get(name).copied()
    }

    fn get(&self, name: &Name) -> Option<&'a Value> {
        let entry = self.entries.get(self.index(name)?);
        entry.map(|(_, value)| *value)
    }

    fn names(&self) -> impl Iterator<Item = &Name> {
        self.entries.iter().map(|(name, _)| name)
    }

    /// Whether what both have stands in another order in the other.
    fn differs(&self, other: &Self) -> bool {
        let common = self.names().filter_map(|name| other.index(name));
        !common.is_sorted()
    }

    /// The names for people: of a list of words, the words.
    fn shown(&self) -> Vec<Value> {
        let entries = self.entries.iter();
        entries
            .map(|(name, entry)| match self.by_all {
                true => (*entry).clone(),
                false => shown(name).into(),
            })
            .collect()
    }
}

/// What names each entry of the list that is called `list`, each another.
pub(super) fn names(shape: Shape, list: &str, entries: &[Value]) -> Vec<Name> {
    let members = shape.entries.iter().find(|(name, _)| *name == list);
    let mut turns: HashMap<String, usize> = HashMap::new();
    let name_of = |entry: &Value| match members {
        None => said(entry),
        Some((_, members)) => {
            let values = members.iter().map(|name| entry.get(name));
            let words = values.map(|value| value.and_then(Value::as_str).unwrap_or_default());
            words.collect::<Vec<_>>().join(":")
        }
    };
    let named = entries.iter().map(|entry| {
        let name = name_of(entry);
        let turn = turns.entry(name.clone()).or_default();
        *turn += 1;
        (name, *turn)
    });
    named.collect()
}

/// A name as it is written: with its turn, where others have the same.
pub(super) fn shown((name, turn): &Name) -> String {
    match turn {
        1 => name.clone(),
        turn => format!("{name}#{turn}"),
    }
}
