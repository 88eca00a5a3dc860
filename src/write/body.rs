//! Bodies of writes: read within limits, patched, and freed of what only the service sets.

use std::time::Duration;

use actix_web::http::header;
use actix_web::web::Payload;
use aws_lc_rs::digest::{SHA256, digest};
use futures_util::StreamExt;
use json_patch::{Patch, PatchOperation};
use serde_json::{Map, Value};

use crate::body::parse;
use crate::contract::Contract;
use crate::problem::{Code, Fault, Faults, Problem, Rule};
use crate::request::Ask;

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

/// The body as JSON, and its media type, which must be one of `accepted`.
pub async fn read_json(
    ask: &mut Ask,
    payload: Payload,
    accepted: &[MediaType],
) -> Result<(MediaType, Value), Problem> {
    let (media_type, bytes) = read(ask, payload, accepted).await?;
    Ok((media_type, parse(&bytes)?))
}

/// The body, at most `body_limit` bytes within `body_timeout`, and its media type.
pub async fn read(
    ask: &mut Ask,
    mut payload: Payload,
    accepted: &[MediaType],
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
    let (limit, seconds) = (settings.body_limit, settings.body_timeout);
    let too_large = || {
        Problem::new(Code::PayloadTooLarge)
            .with("limit", limit)
            .header(header::CONNECTION, "close")
    };
    if ask
        .header(header::CONTENT_LENGTH)
        .parse::<usize>()
        .is_ok_and(|length| length > limit)
    {
        return Err(too_large());
    }
    let receive = async {
        let mut body = Vec::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| late(seconds))?;
            if body.len() + chunk.len() > limit {
                return Err(too_large());
            }
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
    contract.check("JsonPatch", patch).into_result()?;
    let operations: Patch = serde_json::from_value(patch.clone()).map_err(|error| {
        Problem::fault(Fault::at("", Rule::PatchOperation).with("reason", error))
    })?;
    let mut value = Value::Object(stored.clone());
    let mut copied = 0;
    for (index, operation) in operations.0.iter().enumerate() {
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
            Problem::new(Code::PatchConflict).about(fault.with("reason", error.kind))
        })?;
    }
    Ok(value)
}

/// Takes out the fields that only the service sets; one that is sent with another value than the stored, or
/// than the path says, is a fault.
pub fn take_read_only(
    value: &mut Value,
    stored: &Map<String, Value>,
    read_only: &[String],
) -> Faults {
    let mut faults = Faults::new();
    let Value::Object(object) = value else {
        return faults;
    };
    for name in read_only {
        if let Some(sent) = object.remove(name)
            && stored.get(name) != Some(&sent)
        {
            faults.push(Fault::at(format!("/{name}"), Rule::ReadOnly));
        }
    }
    faults
}
