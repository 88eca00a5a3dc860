//! Two edits of one JSON document brought together: what both began with (`base`), what you made of it (`yours`), and
//! what is stored by now (`theirs`).
//!
//! A member that only one side changed is as that side has it. Entries of lists are known again by what names them
//! ([`Shape`]): one that came, went or moved on one side has done so; lists of words are taken as sets. What both sides
//! changed, each differently, collides: the whole text in a language, the whole number, never a part of it. Null and
//! absent are the same, also in the entries of lists, as is the order of members. Where something collides the result has what is stored.

mod lists;

use serde_json::{Map, Value};

/// What has to be known of a kind of document.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// The members by which the entries of a list are known again; of every other list, by all that they are.
    pub entries: &'static [(&'static str, &'static [&'static str])],
    /// Members, and lists of entries, that mean something only as a whole.
    pub whole: &'static [&'static str],
}

/// Something that both sides changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Where, by what names the entries of lists: the same for both sides.
    pub path: String,
    /// JSON Pointer into `theirs`; of an entry that is not there any more, into `yours`.
    pub pointer: String,
    /// What it was.
    pub base: Value,
    /// What you made of it.
    pub yours: Value,
    /// What is stored by now.
    pub theirs: Value,
}

/// Two edits, brought together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The document.
    pub value: Value,
    /// What collides.
    pub conflicts: Vec<Conflict>,
}

/// Brings together what `yours` and `theirs` each made of `base`.
pub fn merge(shape: Shape, base: &Value, yours: &Value, theirs: &Value) -> Merged {
    let mut merger = Merger {
        shape,
        conflicts: Vec::new(),
    };
    let value = merger.value(&At::default(), "", [base, yours, theirs]);
    let conflicts = merger.conflicts;
    Merged { value, conflicts }
}

/// The JSON Merge Patch (RFC 7396) that makes `to` of `from`.
pub fn merge_patch(from: &Value, to: &Value) -> Value {
    let (Value::Object(from), Value::Object(to)) = (from, to) else {
        return to.clone();
    };
    let gone = from.keys().filter(|name| !to.contains_key(*name));
    let mut patch: Map<String, Value> = gone.map(|name| (name.clone(), Value::Null)).collect();
    for (name, value) in to {
        let before = from.get(name).unwrap_or(&Value::Null);
        if before != value {
            patch.insert(name.clone(), merge_patch(before, value));
        }
    }
    Value::Object(patch)
}

/// Whether two values say the same: null and absent are one, as is the order of members.
pub fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let in_other = |name: &str| other.get(name).unwrap_or(&Value::Null);
            one.iter().all(|(name, value)| same(value, in_other(name)))
                && other
                    .iter()
                    .all(|(name, value)| value.is_null() || one.contains_key(name))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        _ => one == other,
    }
}

/// What a value says, in one way of writing it: the same of all that are [`same`].
pub fn said(value: &Value) -> String {
    let mut said = without_nulls(value);
    said.sort_all_objects();
    said.to_string()
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let said = members.iter().filter(|(_, value)| !value.is_null());
            let said = said.map(|(name, value)| (name.clone(), without_nulls(value)));
            Value::Object(said.collect())
        }
        Value::Array(entries) => entries.iter().map(without_nulls).collect(),
        value => value.clone(),
    }
}

/// A place in all three documents.
#[derive(Clone, Debug, Default)]
struct At {
    path: String,
    yours: String,
    theirs: String,
}

impl At {
    /// The member of an object.
    fn member(&self, name: &str) -> Self {
        let token = escaped(name);
        Self {
            path: format!("{}/{token}", self.path),
            yours: format!("{}/{token}", self.yours),
            theirs: format!("{}/{token}", self.theirs),
        }
    }

    /// The entry of a list, by its name and where it stands.
    fn entry(&self, name: &str, yours: Option<usize>, theirs: Option<usize>) -> Self {
        let place = |list: &str, index: Option<usize>| index.map(|index| format!("{list}/{index}"));
        let in_yours = place(&self.yours, yours);
        let in_theirs = place(&self.theirs, theirs).or_else(|| in_yours.clone());
        Self {
            path: format!("{}/{}", self.path, escaped(name)),
            theirs: in_theirs.unwrap_or_default(),
            yours: in_yours.unwrap_or_default(),
        }
    }
}

/// A reference token of a JSON Pointer (RFC 6901, section 3).
fn escaped(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

struct Merger {
    shape: Shape,
    conflicts: Vec<Conflict>,
}

impl Merger {
    /// Brings one value together, which is the member `name`.
    fn value(&mut self, at: &At, name: &str, states: [&Value; 3]) -> Value {
        let [base, yours, theirs] = states;
        if same(yours, theirs) || same(base, yours) {
            return theirs.clone();
        }
        if same(base, theirs) {
            return yours.clone();
        }
        if self.shape.whole.contains(&name) && !theirs.is_array() {
            return self.collide(at, states);
        }
        match (base, yours, theirs) {
            (Value::Object(_) | Value::Null, Value::Object(yours), Value::Object(theirs)) => {
                self.object(at, base, yours, theirs)
            }
            (Value::Array(_) | Value::Null, Value::Array(yours), Value::Array(theirs)) => {
                let base = base.as_array().map(Vec::as_slice).unwrap_or_default();
                self.list(at, name, [base, yours, theirs])
            }
            _ => self.collide(at, states),
        }
    }

    fn object(
        &mut self,
        at: &At,
        base: &Value,
        yours: &Map<String, Value>,
        theirs: &Map<String, Value>,
    ) -> Value {
        let mut merged = Map::new();
        let added = yours.keys().filter(|name| !theirs.contains_key(*name));
        for name in theirs.keys().chain(added) {
            let in_base = base.get(name).unwrap_or(&Value::Null);
            let (mine, stored) = (yours.get(name), theirs.get(name));
            let null = &Value::Null;
            let states = [in_base, mine.unwrap_or(null), stored.unwrap_or(null)];
            let value = self.value(&at.member(name), name, states);
            if !value.is_null() || mine.is_some() && stored.is_some() {
                merged.insert(name.clone(), value);
            }
        }
        Value::Object(merged)
    }

    /// Notes what collides; what is stored stays.
    fn collide(&mut self, at: &At, [base, yours, theirs]: [&Value; 3]) -> Value {
        self.conflicts.push(Conflict {
            path: at.path.clone(),
            pointer: at.theirs.clone(),
            base: base.clone(),
            yours: yours.clone(),
            theirs: theirs.clone(),
        });
        theirs.clone()
    }
}

#[cfg(test)]
mod tests;
