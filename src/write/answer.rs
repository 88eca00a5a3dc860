//! What a write answers, and what is kept of it under an Idempotency-Key.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::column::words;
use crate::events::{Event, Patch};
use crate::problem::{Code, Problem};
use crate::read::{bytes, http_date};
use crate::request::etag;
use crate::resource::Resource;

/// What a dry run tells beside the thing as it would be stored, in its member `dry_run`.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub struct DryRun {
    /// JSON Patch (RFC 6902) from what is stored now to what would be.
    #[schema(max_items = 10_000, value_type = Vec<PatchOperation>)]
    pub diff: Patch,
    /// The events that would be recorded; none when nothing would change.
    #[schema(max_items = 100)]
    pub events: Vec<Event>,
}

/// An operation of a JSON Patch (RFC 6902, section 4).
#[derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchOperation {
    /// What to do.
    pub op: PatchVerb,
    /// JSON Pointer (RFC 6901) to the place.
    #[schema(max_length = 1000, pattern = "^(/.*)?$")]
    pub path: String,
    /// JSON Pointer to where a value is moved or copied from.
    #[schema(max_length = 1000, pattern = "^(/.*)?$", nullable = false)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The value to add, put or test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

words! {
    /// A verb of a JSON Patch.
    PatchVerb {
        /// Puts a value where there was none, or before an entry of a list.
        Add = "add",
        /// Takes a value out.
        Remove = "remove",
        /// Puts another value in the place of one.
        Replace = "replace",
        /// Takes a value out and adds it elsewhere.
        Move = "move",
        /// Adds a value again elsewhere.
        Copy = "copy",
        /// Fails the whole patch unless the value stands there.
        Test = "test",
    }
}

/// A write as stored, before it becomes an HTTP answer.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The status.
    pub status: StatusCode,
    /// The header fields, by their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, an object where it is JSON.
    pub body: Vec<u8>,
    /// A secret that was made: told once, in the member `secret` of the body. Neither a dry run nor what is kept under
    /// an Idempotency-Key has it.
    pub secret: Option<SecretString>,
}

fn content_type() -> (String, String) {
    ("content-type".into(), "application/json".into())
}

impl Stored {
    /// The answer to a write that left `item`.
    pub fn of<R: Resource>(status: StatusCode, item: &R) -> Result<Self, Problem> {
        let meta = item.meta();
        let headers = vec![
            content_type(),
            ("etag".into(), etag(meta)),
            ("last-modified".into(), http_date(meta.updated_at)),
        ];
        Ok(Self {
            status,
            headers,
            body: bytes(item)?,
            secret: None,
        })
    }

    /// The answer to a dry run that would leave `item` (for a deletion: that would remove it), by these events, its own
    /// first; none when nothing would change.
    pub fn of_dry_run<R: Resource>(item: &R, events: Vec<Event>) -> Result<Self, Problem> {
        Self::of_dry_run_with(to_object(item)?, events)
    }

    /// The answer to a dry run of something that would answer `body`.
    pub fn of_dry_run_with(
        mut body: Map<String, Value>,
        events: Vec<Event>,
    ) -> Result<Self, Problem> {
        let diff = events
            .first()
            .map_or_else(Patch::default, |event| event.change.clone());
        let dry_run = DryRun { diff, events };
        body.insert(
            "dry_run".into(),
            serde_json::to_value(dry_run).unwrap_or_default(),
        );
        Ok(Self {
            status: StatusCode::OK,
            headers: vec![content_type()],
            body: bytes(&body)?,
            secret: None,
        })
    }

    /// An answer of another kind than a stored thing.
    pub fn answer(status: StatusCode, headers: Vec<(String, String)>, body: Vec<u8>) -> Self {
        Self {
            status,
            headers,
            body,
            secret: None,
        }
    }

    /// The HTTP answer. `minimal`: without its body.
    pub fn into_response(self, replayed: bool, minimal: bool) -> HttpResponse {
        let spared = minimal && !self.body.is_empty() && self.secret.is_none();
        let status = if spared && self.status == StatusCode::OK {
            StatusCode::NO_CONTENT
        } else {
            self.status
        };
        let mut response = HttpResponse::build(status);
        for (name, value) in self.headers {
            if !(spared && name == "content-type") {
                response.insert_header((name, value));
            }
        }
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if replayed {
            response.insert_header(("Idempotent-Replayed", "true"));
        }
        if spared {
            response.append_header(("Preference-Applied", "return=minimal"));
            return response.finish();
        }
        match self.secret {
            Some(secret) => response.body(with_secret(self.body, &secret)),
            None => response.body(self.body),
        }
    }
}

/// The body, an object, with a secret as its last member. Secrets need no escaping.
fn with_secret(mut body: Vec<u8>, secret: &SecretString) -> Vec<u8> {
    let last = body.pop();
    body.extend_from_slice(b",\"secret\":\"");
    body.extend_from_slice(secret.expose_secret().as_bytes());
    body.push(b'"');
    body.extend(last);
    body
}

/// A thing, or another answer, as a JSON object.
pub fn to_object(item: &impl Serialize) -> Result<Map<String, Value>, Problem> {
    match serde_json::to_value(item) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(Problem::new(Code::Internal)),
    }
}
