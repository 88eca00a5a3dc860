//! Where in a file something stands that the service names by a JSON Pointer (RFC 6901).

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// Line and column, from 1, of what `pointer` names in a JSON text; none when it is not there.
pub fn place(text: &str, pointer: &str) -> Option<(usize, usize)> {
    let mut value: &RawValue = serde_json::from_str(text).ok()?;
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
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
            assert_eq!(place(text, pointer), expected, "{pointer}");
        }
        assert_eq!(place("{", ""), None);
    }
}
