//! What a form says beside the bytes of its file: the name, the other parts, the digests.

use actix_multipart::Field;
use actix_web::http::header::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization;

use super::wire::Wire;
use crate::body::{Sent, parse};
use crate::contract::Contract;
use crate::messages::word;
use crate::problem::{Fault, Faults, Problem, Rule};
use crate::text::{codepoint, invisible_in, is_line};

/// How long the name of a file may be, in characters.
const NAME: usize = 200;

/// The name of the file, without the folders that some clients send along (RFC 7578, section 4.2).
pub fn name_of(field: &Field) -> Result<String, Problem> {
    let sent = field.content_disposition();
    let extended = sent.and_then(|sent| sent.get_filename_ext());
    let sent = match extended {
        Some(extended) => String::from_utf8(extended.value.clone()).ok(),
        None => sent.and_then(|sent| sent.get_filename()).map(str::to_owned),
    };
    let name = sent.unwrap_or_default();
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    let name: String = name.nfc().collect();
    let fault = |rule| Fault::at("/file", rule);
    if matches!(name.as_str(), "" | "." | "..") {
        return Err(Problem::fault(fault(Rule::Required)));
    }
    if !is_line(&name) {
        return Err(Problem::fault(match invisible_in(&name) {
            Some(c) => fault(Rule::InvisibleCharacter).with("codepoint", codepoint(c)),
            None => fault(Rule::Format).with_word("expected", word("expected", "line")),
        }));
    }
    if name.chars().count() > NAME {
        return Err(Problem::fault(fault(Rule::TooLong).with("limit", NAME)));
    }
    Ok(name)
}

/// The parts beside the file, and what is wrong with them by the contract, or with the digest among them; `file` has a
/// name and a digest.
pub fn check_fields(
    contract: &Contract,
    fields: &Map<String, Value>,
    file: Option<(&str, &str)>,
) -> (Map<String, Value>, Faults) {
    let mut sent = fields.clone();
    if let Some((name, _)) = file {
        sent.insert("file".into(), Value::from(name));
    }
    let (sent, mut faults) = match parse(Value::Object(sent).to_string().as_bytes()) {
        Ok(Sent { value, faults }) => (value, faults),
        Err(problem) => return (Map::new(), problem.faults().iter().cloned().collect()),
    };
    faults.extend_elsewhere(contract.check("FileUpload", &sent));
    if let (Some(Value::String(expected)), Some((_, found))) = (sent.get("sha256"), file)
        && faults.is_empty()
        && !expected.eq_ignore_ascii_case(found)
    {
        faults.push(Fault::at("/sha256", Rule::DigestMismatch).with("found", found));
    }
    match sent {
        Value::Object(fields) => (fields, faults),
        _ => (Map::new(), faults),
    }
}

/// `Content-Digest` (RFC 9530) is about all that was sent, the form with the file in it.
pub fn check_content_digest(headers: &HeaderMap, wire: &Wire) -> Result<(), Problem> {
    let sent = headers
        .get_all("content-digest")
        .filter_map(|value| value.to_str().ok());
    for member in sent.flat_map(|field| field.split(',')) {
        let Some(value) = member.trim().strip_prefix("sha-256=") else {
            continue;
        };
        let found = STANDARD.encode(wire.digest());
        let bytes = value
            .strip_prefix(':')
            .and_then(|value| value.strip_suffix(':'));
        if bytes != Some(found.as_str()) {
            let fault = Fault::in_parameter("Content-Digest", Rule::DigestMismatch);
            return Err(Problem::fault(fault.with("found", format!(":{found}:"))));
        }
    }
    Ok(())
}
