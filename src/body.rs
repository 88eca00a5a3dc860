//! Request bodies as JSON: read strictly, and brought into Unicode normal form C before anything looks at them.
//!
//! What JSON leaves open is a fault here, with its place named: names that stand twice, NUL and other control
//! characters, nesting deeper than [`MAX_DEPTH`]. What the fields mean is checked by the contract.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use crate::messages::word;
use crate::problem::{Code, Fault, Faults, Problem, Rule};
use crate::text::codepoint;

/// How deep a body may be nested.
pub const MAX_DEPTH: usize = 32;

/// How many values a body may hold, counting every member and entry: far more than the largest plan needs.
pub const MAX_VALUES: usize = 50_000;

/// How long the name of a member may be, in bytes.
pub const MAX_NAME: usize = 256;

/// After how many faults no more are looked for.
const MAX_TOLD: usize = 500;

/// What some programs begin a text in UTF-8 with, above all on Windows.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A body as it was read, and what is wrong with it already. Where anything is, the value is there to be judged, so that all
/// faults are told together, and not to be stored: a control character is U+FFFD in it, of a name that stands twice
/// the last value is left, and what has too long a name, or one with a control character, is left out.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    /// The body.
    pub value: Value,
    /// What is wrong with it as JSON of ours.
    pub faults: Faults,
}

impl Sent {
    /// The body, when nothing is wrong with it.
    pub fn good(self) -> Result<Value, Problem> {
        self.faults.into_result()?;
        Ok(self.value)
    }
}

/// What stands for a control character in what is only judged.
const REPLACED: &str = "\u{fffd}";

/// The JSON of a body, or an `invalid_json` or `invalid_input` problem. A byte order mark before it is passed over
/// (RFC 8259, section 8.1).
pub fn parse(bytes: &[u8]) -> Result<Sent, Problem> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let found = Found::default();
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let place = Place {
        found: &found,
        parent: None,
        token: Token::Index(0),
        depth: 0,
    };
    let value = place
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Problem::fault(Fault::at("", Rule::Required)));
    }
    let value = value.map_err(|error| {
        // What is one line, such as one of a bulk, has columns alone.
        let lines = if bytes.contains(&b'\n') {
            "many"
        } else {
            "one"
        };
        let told = |fault: Fault| {
            let reason = fault.with_word("reason", reason_of(&error));
            let line = reason.with("lines", lines).with("line", error.line());
            line.with("column", error.column())
        };
        Problem::new(Code::InvalidJson)
            .with_word("reason", reason_of(&error))
            .with("lines", lines)
            .with("line", error.line())
            .with("column", error.column())
            .about(told(Fault::at("", Rule::NotJson)))
    })?;
    let mut faults = found.faults.into_inner();
    if found.values.get() > MAX_VALUES {
        faults.push(Fault::at("", Rule::TooMany).with("limit", MAX_VALUES));
    }
    // Of these not all was read.
    let is_cut = |fault: &Fault| matches!(fault.rule(), Rule::TooMany | Rule::TooDeep);
    if faults.iter().any(is_cut) {
        faults.clone().into_result()?;
    }
    Ok(Sent { value, faults })
}

/// Numbers as [`parse`] reads them, in what was read otherwise.
pub fn level(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            if let Some(same) = number.as_f64().and_then(self::number) {
                *number = same;
            }
        }
        Value::Array(entries) => entries.iter_mut().for_each(level),
        Value::Object(members) => members.values_mut().for_each(level),
        _ => {}
    }
}

/// A whole number is an integer, however it is written; none where it is none that JSON has.
fn number(value: f64) -> Option<Number> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() <= EXACT {
        return Some(Number::from(value as i64));
    }
    Number::from_f64(value)
}

/// The message that tells why a body is no JSON. The library tells the reason in English words alone.
fn reason_of(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let begins = |words: &[&str]| words.iter().any(|word| text.starts_with(word));
    let reason = if error.is_eof() {
        "ends-early"
    } else if begins(&["control character"]) {
        "control-character"
    } else if begins(&["key must be a string", "trailing comma"]) {
        "name-expected"
    } else if begins(&["trailing characters"]) {
        "more-follows"
    } else if begins(&["expected `,`"]) {
        "comma-expected"
    } else if begins(&["expected `:`"]) {
        "colon-expected"
    } else if begins(&["expected value", "expected ident"]) {
        "value-expected"
    } else if begins(&[
        "invalid escape",
        "lone leading surrogate",
        "unexpected end of hex",
    ]) {
        "escape"
    } else if begins(&["invalid unicode"]) {
        "not-unicode"
    } else if begins(&["invalid number", "number out of range"]) {
        "number"
    } else if begins(&["recursion limit"]) {
        "too-deep"
    } else {
        "other"
    };
    word("json", reason)
}

/// One reference token of a JSON Pointer (RFC 6901, section 3).
pub fn token(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Whether it is a control character other than a line break or a tab.
fn is_amiss(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\r' | '\t')
}

/// What reading one body has found so far.
#[derive(Default)]
struct Found {
    faults: RefCell<Faults>,
    told: Cell<usize>,
    values: Cell<usize>,
}

/// Where in the body a value stands. Its pointer is only written out for a fault.
#[derive(Clone, Copy)]
struct Place<'a> {
    found: &'a Found,
    parent: Option<&'a Place<'a>>,
    token: Token<'a>,
    depth: usize,
}

#[derive(Clone, Copy)]
enum Token<'a> {
    Name(&'a str),
    Index(usize),
}

impl Place<'_> {
    fn inside<'a>(&'a self, token: Token<'a>) -> Place<'a> {
        self.found.values.set(self.found.values.get() + 1);
        Place {
            found: self.found,
            parent: Some(self),
            token,
            depth: self.depth + 1,
        }
    }

    /// Whether the body holds more than is read: what goes beyond is only skipped over.
    fn is_full(&self) -> bool {
        self.found.values.get() > MAX_VALUES
    }

    fn pointer(&self) -> String {
        match (self.parent, self.token) {
            (None, _) => String::new(),
            (Some(parent), Token::Name(name)) => format!("{}/{}", parent.pointer(), token(name)),
            (Some(parent), Token::Index(index)) => format!("{}/{index}", parent.pointer()),
        }
    }

    /// Notes a fault of this place, unless there are very many already.
    fn push(&self, rule: Rule, with: impl FnOnce(Fault) -> Fault) {
        let told = self.found.told.get();
        if told < MAX_TOLD {
            self.found.told.set(told + 1);
            let fault = with(Fault::at(self.pointer(), rule));
            self.found.faults.borrow_mut().push(fault);
        }
    }

    fn too_deep(&self) -> bool {
        let too_deep = self.depth >= MAX_DEPTH;
        if self.depth == MAX_DEPTH {
            self.push(Rule::TooDeep, |fault| fault.with("limit", MAX_DEPTH));
        }
        too_deep
    }

    /// Normal form C; control characters other than line breaks and tabs are faults.
    fn text(&self, text: &str) -> String {
        // ASCII without control characters, as most texts are, is in normal form.
        if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return text.to_owned();
        }
        if let Some(control) = text.chars().find(|c| is_amiss(*c)) {
            self.push(Rule::ControlCharacter, |fault| {
                fault.with("codepoint", codepoint(control))
            });
            return text.replace(is_amiss, REPLACED).nfc().collect();
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

    /// A whole number is one however it is written: `1.0` and `1e5` are integers (JSON Schema, section 4.2.3).
    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        number(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(self.text(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let too_deep = self.too_deep();
        let mut list = Vec::new();
        while let Some(value) = entries.next_element_seed(self.inside(Token::Index(list.len())))? {
            if !too_deep && !self.is_full() {
                list.push(value);
            }
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let too_deep = self.too_deep();
        let mut object = Map::new();
        while let Some(sent) = entries.next_key_seed(Name)? {
            if sent.len() > MAX_NAME {
                self.push(Rule::LongName, |fault| fault.with("limit", MAX_NAME));
                entries.next_value::<IgnoredAny>()?;
                continue;
            }
            let place = self.inside(Token::Name(&sent));
            let name = place.text(&sent);
            if self.is_full() || sent.chars().any(is_amiss) {
                entries.next_value::<IgnoredAny>()?;
                continue;
            }
            let value = entries.next_value_seed(place)?;
            if !too_deep && object.insert(name, value).is_some() {
                place.push(Rule::DuplicateName, |fault| fault);
            }
        }
        Ok(Value::Object(object))
    }
}

/// The name of a member: no copy where it stands in the body as it is.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(body: &str) -> Value {
        parse(body.as_bytes()).and_then(Sent::good).unwrap()
    }

    fn faults(body: &str) -> Vec<(String, Rule)> {
        let problem = parse(body.as_bytes()).and_then(Sent::good).unwrap_err();
        problem
            .faults()
            .iter()
            .map(|fault| (fault.pointer().unwrap().to_owned(), fault.rule()))
            .collect()
    }

    #[test]
    fn text_is_brought_into_normal_form_c() {
        assert_eq!(value("{\"name\": \"Ume\u{61}\u{30A}\"}")["name"], "Umeå");
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
    fn what_is_judged_beside_its_faults_holds_no_control_character() {
        let body = br#"{"a\u0000": 1, "a\u0001": 2, "b": "\u0007b\n", "c": 1, "c": 2}"#;
        let sent = parse(body).unwrap();
        assert_eq!(sent.faults.iter().count(), 4);
        assert_eq!(sent.value, serde_json::json!({"b": "\u{fffd}b\n", "c": 2}));
    }

    #[test]
    fn a_whole_number_is_one_however_it_is_written() {
        assert_eq!(
            value("[1.0, 1e5, -0.0, 1.5]").to_string(),
            "[1,100000,0,1.5]"
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
    fn more_than_any_thing_needs_is_refused_quickly() {
        let many = format!("[{}1]", "1,".repeat(MAX_VALUES));
        assert_eq!(faults(&many), [(String::new(), Rule::TooMany)]);
        let long = format!(r#"{{"a": {{"{}": 1}}}}"#, "x".repeat(MAX_NAME + 1));
        assert_eq!(faults(&long), [("/a".to_owned(), Rule::LongName)]);
    }

    #[test]
    fn very_many_faults_deep_inside_are_told_quickly() {
        let same = "\"a\":0,".repeat(49_000);
        let body = format!(
            "{}{{{same}\"b\":0}}{}",
            "{\"deep\":".repeat(30),
            "}".repeat(30)
        );
        let begun = std::time::Instant::now();
        assert_eq!(faults(&body).len(), 1);
        assert!(begun.elapsed().as_millis() < 600, "{:?}", begun.elapsed());
        let others: String = (0..20_000)
            .map(|n| format!("\"n{n}\":0,\"n{n}\":0,"))
            .collect();
        assert_eq!(
            faults(&format!("{{{others}\"b\":0}}")).len(),
            crate::problem::MAX_FAULTS
        );
    }

    #[test]
    fn what_is_no_json_is_told_with_its_place() {
        for bad in [
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
