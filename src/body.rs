//! Request bodies as JSON: read strictly, and brought into Unicode normal form C before anything looks at them.
//!
//! What JSON leaves open is refused here, with its place named: names that stand twice, NUL and other control
//! characters, nesting deeper than [`MAX_DEPTH`]. What the fields mean is checked by the contract.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use crate::problem::{Code, Fault, Faults, Problem, Rule};

/// How deep a body may be nested.
pub const MAX_DEPTH: usize = 32;

/// The JSON value of a body, or an `invalid_json` or `invalid_input` problem.
pub fn parse(bytes: &[u8]) -> Result<Value, Problem> {
    let faults = RefCell::new(Faults::new());
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let place = Place {
        faults: &faults,
        pointer: String::new(),
        depth: 0,
    };
    let value = place
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    let value = value.map_err(|error| {
        let reason = error.to_string();
        let reason = reason
            .rsplit_once(" at line")
            .map_or(reason.as_str(), |(reason, _)| reason);
        Problem::new(Code::InvalidJson)
            .with("reason", reason)
            .with("line", error.line())
            .with("column", error.column())
    })?;
    faults.into_inner().into_result()?;
    Ok(value)
}

/// One reference token of a JSON Pointer (RFC 6901, section 3).
pub fn token(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

struct Place<'a> {
    faults: &'a RefCell<Faults>,
    pointer: String,
    depth: usize,
}

impl Place<'_> {
    fn inside(&self, name: &str) -> Place<'_> {
        Place {
            faults: self.faults,
            pointer: format!("{}/{}", self.pointer, token(name)),
            depth: self.depth + 1,
        }
    }

    fn push(&self, fault: Fault) {
        self.faults.borrow_mut().push(fault);
    }

    fn too_deep(&self) -> bool {
        let too_deep = self.depth >= MAX_DEPTH;
        if too_deep {
            self.push(Fault::at(&self.pointer, Rule::TooDeep).with("limit", MAX_DEPTH));
        }
        too_deep
    }

    /// Normal form C; control characters other than line breaks and tabs are faults.
    fn text(&self, text: &str) -> String {
        if let Some(control) = text
            .chars()
            .find(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        {
            let codepoint = format!("{:04X}", u32::from(control));
            self.push(
                Fault::at(&self.pointer, Rule::ControlCharacter).with("codepoint", codepoint),
            );
        }
        match is_nfc_quick(text.chars()) {
            IsNormalized::Yes => text.to_owned(),
            _ => text.nfc().collect(),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(self.text(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let too_deep = self.too_deep();
        let mut list = Vec::new();
        while let Some(value) = entries.next_element_seed(self.inside(&list.len().to_string()))? {
            if !too_deep {
                list.push(value);
            }
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let too_deep = self.too_deep();
        let mut object = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            let place = self.inside(&name);
            let name = place.text(&name);
            if object.contains_key(&name) {
                self.push(Fault::at(&place.pointer, Rule::DuplicateName));
            }
            let value = entries.next_value_seed(place)?;
            if !too_deep {
                object.insert(name, value);
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(body: &str) -> Vec<(String, Rule)> {
        let problem = parse(body.as_bytes()).unwrap_err();
        problem
            .faults()
            .iter()
            .map(|fault| (fault.pointer().unwrap().to_owned(), fault.rule()))
            .collect()
    }

    #[test]
    fn text_is_brought_into_normal_form_c() {
        assert_eq!(
            parse("{\"name\": \"Ume\u{61}\u{30A}\"}".as_bytes()).unwrap()["name"],
            "Umeå"
        );
    }

    #[test]
    fn every_bad_place_is_named_at_once() {
        let body = r#"{"name": {"en": "a\u0000b"}, "list": [1, "\u0007"], "name": {}}"#;
        assert_eq!(
            faults(body),
            [
                ("/list/1".into(), Rule::ControlCharacter),
                ("/name".into(), Rule::DuplicateName),
                ("/name/en".into(), Rule::ControlCharacter),
            ]
        );
    }

    #[test]
    fn deep_nesting_is_refused() {
        let deep = "[".repeat(40) + &"]".repeat(40);
        assert_eq!(faults(&deep).first().unwrap().1, Rule::TooDeep);
        let bottomless = "[".repeat(100_000);
        assert_eq!(
            parse(bottomless.as_bytes()).unwrap_err().code(),
            Code::InvalidJson
        );
    }

    #[test]
    fn what_is_no_json_is_told_with_its_place() {
        for bad in [
            "",
            "{",
            "{\"a\": \"\\ud800\"}",
            "nul",
            "{} {}",
            "\"\u{1}\"",
            "{\"a\": 01}",
        ] {
            assert_eq!(
                parse(bad.as_bytes()).unwrap_err().code(),
                Code::InvalidJson,
                "{bad}"
            );
        }
        assert_eq!(
            parse(&[b'"', 0xff, b'"']).unwrap_err().code(),
            Code::InvalidJson
        );
    }
}
