//! Where in a file something stands that the service names by a JSON Pointer (RFC 6901).

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_saphyr::{Location, Spanned};

use super::names::Form;

/// Line and column, from 1, of what `pointer` names in a text; none when it is not there.
pub fn place(text: &str, form: Form, pointer: &str) -> Option<(usize, usize)> {
    // A byte order mark is passed over, as in a body.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let tokens = pointer.split('/').skip(1);
    let tokens = tokens.map(|token| token.replace("~1", "/").replace("~0", "~"));
    match form {
        Form::Json => in_json(text, tokens),
        Form::Yaml => in_yaml(text, tokens),
    }
}

fn in_json(text: &str, tokens: impl Iterator<Item = String>) -> Option<(usize, usize)> {
    let mut value: &RawValue = serde_json::from_str(text).ok()?;
    for token in tokens {
        value = member(value, &token).or_else(|| entry(value, &token))?;
    }
    // The value is a part of the text itself: what stands before it is as long as their beginnings are apart.
    let before = value
        .get()
        .as_ptr()
        .addr()
        .checked_sub(text.as_ptr().addr())?;
    let before = text.get(..before)?;
    let line = before.matches('\n').count() + 1;
    let begun = before.rsplit('\n').next().unwrap_or_default();
    Some((line, begun.chars().count() + 1))
}

fn member<'a>(value: &'a RawValue, name: &str) -> Option<&'a RawValue> {
    let members: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(value.get()).ok()?;
    members.get(name).copied()
}

fn entry<'a>(value: &'a RawValue, index: &str) -> Option<&'a RawValue> {
    let entries: Vec<&RawValue> = serde_json::from_str(value.get()).ok()?;
    entries.get(index.parse::<usize>().ok()?).copied()
}

/// A YAML text, as far as its places go.
enum Node {
    Members(Vec<(Spanned<String>, Self)>),
    Entries(Vec<Spanned<Self>>),
    Leaf,
}

/// Of a member the place of its name: its value may begin on another line.
fn in_yaml(text: &str, tokens: impl Iterator<Item = String>) -> Option<(usize, usize)> {
    let whole: Spanned<Node> = serde_saphyr::from_str(text).ok()?;
    let (mut place, mut node): (Location, &Node) = (whole.referenced, &whole.value);
    for token in tokens {
        (place, node) = match node {
            Node::Members(members) => {
                let member = members.iter().find(|(name, _)| name.value == token);
                member.map(|(name, value)| (name.referenced, value))
            }
            Node::Entries(entries) => {
                let entry = entries.get(token.parse::<usize>().ok()?);
                entry.map(|entry| (entry.referenced, &entry.value))
            }
            Node::Leaf => None,
        }?;
    }
    let number = |number: u64| usize::try_from(number).ok().filter(|number| *number > 0);
    Some((number(place.line())?, number(place.column())?))
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Nodes)
    }
}

struct Nodes;

impl<'de> Visitor<'de> for Nodes {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = entries.next_entry()? {
            members.push(member);
        }
        Ok(Node::Members(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = all.next_element()? {
            entries.push(entry);
        }
        Ok(Node::Entries(entries))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Node, E> {
        Ok(Node::Leaf)
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        Ok(Node::Leaf)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_leads_to_a_line_and_a_column() {
        let text =
            "{\n  \"港\": {\"a/b\": 1},\n  \"list\": [\n    1,\n    {\"x\\u0041\": true}\n  ]\n}\n";
        for (pointer, expected) in [
            ("", Some((1, 1))),
            ("/港", Some((2, 8))),
            ("/港/a~1b", Some((2, 16))),
            ("/list/1/xA", Some((5, 17))),
            ("/list/2", None),
            ("/港/a", None),
        ] {
            assert_eq!(place(text, Form::Json, pointer), expected, "{pointer}");
            let marked = format!("\u{feff}{text}");
            assert_eq!(place(&marked, Form::Json, pointer), expected, "{pointer}");
        }
        assert_eq!(place("{", Form::Json, ""), None);
    }

    #[test]
    fn a_pointer_leads_into_yaml_too() {
        let text = "# Ours\n\"港\":\n  a/b: 1\nlist:\n  - 1\n  - {x: true, y: ~}\n  -\n    deep:\n      - text\ntitle: &t {en: A}\nother: *t\n";
        for (pointer, expected) in [
            ("/港", Some((2, 1))),
            ("/港/a~1b", Some((3, 3))),
            ("/list/0", Some((5, 5))),
            ("/list/1/y", Some((6, 15))),
            ("/list/2/deep/0", Some((9, 9))),
            ("/list/3", None),
            ("/title/en", Some((10, 12))),
            ("/other", Some((11, 1))),
            ("/other/ja", None),
        ] {
            assert_eq!(place(text, Form::Yaml, pointer), expected, "{pointer}");
        }
        assert_eq!(place("a: [", Form::Yaml, "/a"), None);
    }
}
