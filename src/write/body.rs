//! Bodies of writes: read within limits, patched, and freed of what only the service sets.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header;
use actix_web::web::Payload;
use aws_lc_rs::digest::{SHA256, digest};
use futures_util::StreamExt;
use json_patch::{PatchErrorKind, PatchOperation};
use serde_json::{Map, Value};

use crate::body::{Sent, parse};
use crate::contract::Contract;
use crate::messages::word;
use crate::problem::{Code, Fault, Faults, Problem, Rule};
use crate::request::Ask;
use crate::room::{Place, weight};

/// A media type of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// `application/json`.
    Json,
    /// `application/merge-patch+json` (RFC 7396).
    MergePatch,
    /// `application/json-patch+json` (RFC 6902).
    JsonPatch,
    /// `application/x-www-form-urlencoded`.
    Form,
}

impl MediaType {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::MergePatch => "application/merge-patch+json",
            Self::JsonPatch => "application/json-patch+json",
            Self::Form => "application/x-www-form-urlencoded",
        }
    }
}

/// The `Accept-Patch` field (RFC 5789) of everything that can be patched.
pub const ACCEPT_PATCH: &str = "application/merge-patch+json, application/json-patch+json";

/// The largest body of who has not signed in, in bytes: what signs in is small.
const STRANGERS_LIMIT: usize = 16 * 1024;

/// The body as JSON, with what is wrong with it already, and its media type, which must be one of `accepted`.
pub async fn read_json(
    ask: &mut Ask,
    payload: Payload,
    accepted: &[MediaType],
) -> Result<(MediaType, Sent), Problem> {
    let mut place = ask.app.room.place();
    let (media_type, bytes) = receive(ask, payload, accepted, &mut place).await?;
    let sent = parse(&bytes)?;
    drop(bytes);
    place.fit(weight(&sent.value))?;
    ask.place = Some(Arc::new(place));
    Ok((media_type, sent))
}

/// The body, and its media type.
pub async fn read(
    ask: &mut Ask,
    payload: Payload,
    accepted: &[MediaType],
) -> Result<(MediaType, Vec<u8>), Problem> {
    let mut place = ask.app.room.place();
    receive(ask, payload, accepted, &mut place).await
}

/// The body, at most `body_limit` bytes within `body_timeout`, as far as there is room for it.
async fn receive(
    ask: &mut Ask,
    mut payload: Payload,
    accepted: &[MediaType],
    place: &mut Place,
) -> Result<(MediaType, Vec<u8>), Problem> {
    let sent = ask
        .header(header::CONTENT_TYPE)
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let media_type = accepted
        .iter()
        .copied()
        .find(|media_type| media_type.as_str() == sent)
        .ok_or_else(|| {
            let names: Vec<_> = accepted
                .iter()
                .map(|media_type| media_type.as_str())
                .collect();
            let problem =
                Problem::new(Code::UnsupportedMediaType).with("accepted", names.join(", "));
            if accepted.contains(&MediaType::MergePatch) {
                problem.header(
                    header::HeaderName::from_static("accept-patch"),
                    ACCEPT_PATCH,
                )
            } else {
                problem
            }
        })?;
    let settings = &ask.app.config.settings;
    let seconds = settings.body_timeout;
    let limit = match ask.caller.account() {
        Some(_) => settings.body_limit,
        None => settings.body_limit.min(STRANGERS_LIMIT),
    };
    let too_large = || {
        Problem::new(Code::PayloadTooLarge)
            .with("limit", limit)
            .header(header::CONNECTION, "close")
    };
    let length = ask.header(header::CONTENT_LENGTH).parse::<usize>();
    if length.as_ref().is_ok_and(|length| *length > limit) {
        return Err(too_large());
    }
    let receive = async {
        // Of what was announced, memory is only used as it comes.
        let mut body = Vec::with_capacity(length.unwrap_or_default());
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| late(seconds))?;
            if body.len() + chunk.len() > limit {
                return Err(too_large());
            }
            place.fit(body.len() + chunk.len())?;
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    };
    let body = tokio::time::timeout(Duration::from_secs(seconds), receive)
        .await
        .map_err(|_| late(seconds))??;
    ask.body_digest = digest(&SHA256, &body).as_ref().to_vec();
    Ok((media_type, body))
}

fn late(seconds: u64) -> Problem {
    Problem::new(Code::RequestTimeout)
        .with("seconds", seconds)
        .header(header::CONNECTION, "close")
}

/// How many bytes the copies that a JSON Patch makes may have in all, as JSON: `copy` can double a document with
/// each operation.
const MAX_COPIED: usize = 1_048_576;

/// Applies a JSON Patch, all operations or none.
pub fn apply(
    contract: &Contract,
    patch: &Value,
    stored: &Map<String, Value>,
) -> Result<Value, Problem> {
    let operations = operations_of(contract, patch)?;
    let mut value = Value::Object(stored.clone());
    let mut copied = 0;
    for (index, operation) in operations.iter().enumerate() {
        if let PatchOperation::Copy(copy) = operation {
            copied += value
                .pointer(copy.from.as_str())
                .map_or(0, |source| source.to_string().len());
            if copied > MAX_COPIED {
                return Err(Problem::new(Code::PayloadTooLarge).with("limit", MAX_COPIED));
            }
        }
        json_patch::patch_unsafe(&mut value, std::slice::from_ref(operation)).map_err(|error| {
            let fault = Fault::at(format!("/{index}"), Rule::PatchOperation);
            Problem::new(Code::PatchConflict)
                .about(fault.with_word("reason", reason_of(&error.kind)))
        })?;
    }
    Ok(value)
}

/// The operations of a JSON Patch, or everything that is wrong with them.
fn operations_of(contract: &Contract, patch: &Value) -> Result<Vec<PatchOperation>, Problem> {
    let mut faults = contract.check("JsonPatch", patch);
    let mut operations = Vec::new();
    for (index, sent) in patch.as_array().into_iter().flatten().enumerate() {
        // RFC 6902, section 4: which members there have to be depends on what is to be done.
        let needed = match sent.get("op").and_then(Value::as_str) {
            Some("add" | "replace" | "test") => Some("value"),
            Some("move" | "copy") => Some("from"),
            _ => None,
        };
        if let Some(needed) = needed.filter(|needed| sent.get(needed).is_none()) {
            faults.push(Fault::at(format!("/{index}/{needed}"), Rule::Required));
        }
        match serde_json::from_value(sent.clone()) {
            Ok(operation) => operations.push(operation),
            Err(_) => {
                let own = format!("/{index}");
                let reason = word("patch", "unreadable");
                let fault = Fault::at(&own, Rule::PatchOperation).with_word("reason", reason);
                faults.push_unless_within(fault);
            }
        }
    }
    faults.into_result()?;
    Ok(operations)
}

/// The message that tells why an operation does not fit.
fn reason_of(error: &PatchErrorKind) -> String {
    let reason = match error {
        PatchErrorKind::TestFailed => "test-failed",
        PatchErrorKind::InvalidFromPointer => "nothing-at-from",
        PatchErrorKind::InvalidPointer => "nothing-at-path",
        PatchErrorKind::CannotMoveInsideItself => "into-itself",
        _ => "unreadable",
    };
    word("patch", reason)
}

/// Takes out the fields that only the service sets; one that is sent with another value than the stored, or
/// than the path says, is a fault, unless it `may_differ`.
pub fn take_read_only(
    value: &mut Cow<'_, Value>,
    stored: &Map<String, Value>,
    read_only: &[String],
    may_differ: impl Fn(&str, &Value) -> bool,
) -> Faults {
    let mut faults = Faults::new();
    for name in read_only {
        if value.get(name).is_none() {
            continue;
        }
        let object = value.to_mut().as_object_mut();
        if let Some(sent) = object.and_then(|object| object.remove(name))
            && stored.get(name) != Some(&sent)
            && !may_differ(name, &sent)
        {
            faults.push(Fault::at(format!("/{name}"), Rule::ReadOnly));
        }
    }
    faults
}
