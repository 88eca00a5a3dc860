//! The JSON Patch (RFC 6902) from one document to another, for people to read.
//!
//! In a list, what went is removed from the end on, then what moved is moved, then what is new is added where it
//! stands in the end, and last each entry is changed in its new place. Strings are replaced as a whole.

use serde_json::{Map, Value};

use super::order::{Origin, follow};
use crate::write::{PatchOperation, PatchVerb};

/// The operations that make `to` of `from`.
pub fn patch(from: &Value, to: &Value) -> Vec<PatchOperation> {
    let mut patch = Patch(Vec::new());
    patch.value("", "", from, to);
    patch.0
}

struct Patch(Vec<PatchOperation>);

impl Patch {
    fn push(&mut self, op: PatchVerb, path: String, from: Option<String>, value: Option<&Value>) {
        self.0.push(PatchOperation {
            op,
            path,
            from,
            value: value.cloned(),
        });
    }

    /// From one value to another at the place `at`, which is the member `name` of an object.
    fn value(&mut self, at: &str, name: &str, from: &Value, to: &Value) {
        match (from, to) {
            _ if from == to => {}
            (Value::Object(from), Value::Object(to)) => self.object(at, from, to),
            (Value::Array(from), Value::Array(to)) => self.list(at, name, from, to),
            _ => self.push(PatchVerb::Replace, at.to_owned(), None, Some(to)),
        }
    }

    fn object(&mut self, at: &str, from: &Map<String, Value>, to: &Map<String, Value>) {
        for name in from.keys().filter(|name| !to.contains_key(*name)) {
            self.push(PatchVerb::Remove, member(at, name), None, None);
        }
        for (name, value) in to {
            match from.get(name) {
                Some(before) => self.value(&member(at, name), name, before, value),
                None => self.push(PatchVerb::Add, member(at, name), None, Some(value)),
            }
        }
    }

    fn list(&mut self, at: &str, name: &str, from: &[Value], to: &[Value]) {
        let followed = follow(name, from, to);
        for index in followed.removed.iter().rev() {
            self.push(PatchVerb::Remove, format!("{at}/{index}"), None, None);
        }
        let mut now: Vec<usize> = (0..from.len())
            .filter(|index| followed.removed.binary_search(index).is_err())
            .collect();
        let mut last = None;
        for origin in &followed.origins {
            if let Origin::Moved(index) = origin {
                self.shift(at, &mut now, *index, last);
            }
            last = origin.index().or(last);
        }
        let entries = || to.iter().zip(&followed.origins).enumerate();
        for (index, (entry, _)) in entries().filter(|(_, (_, origin))| **origin == Origin::New) {
            self.push(PatchVerb::Add, format!("{at}/{index}"), None, Some(entry));
        }
        for (index, (entry, origin)) in entries() {
            if let Some(before) = origin.index().and_then(|index| from.get(index)) {
                self.value(&format!("{at}/{index}"), "", before, entry);
            }
        }
    }

    /// Moves the entry `what` behind the entry `after`, or to the front; `now` is the list as it stands.
    fn shift(&mut self, at: &str, now: &mut Vec<usize>, what: usize, after: Option<usize>) {
        let place = |now: &[usize], what| now.iter().position(|entry| *entry == what);
        let Some(from) = place(now, what) else { return };
        now.remove(from);
        let to = after
            .and_then(|after| place(now, after))
            .map_or(0, |place| place + 1);
        now.insert(to, what);
        if from != to {
            let from = format!("{at}/{from}");
            self.push(PatchVerb::Move, format!("{at}/{to}"), Some(from), None);
        }
    }
}

/// The JSON Pointer to a member (RFC 6901, section 3).
fn member(at: &str, name: &str) -> String {
    format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"))
}
