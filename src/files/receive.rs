//! An upload, checked while it is streamed into the store: its form, its size, its kind, its digests.

use actix_multipart::{Field, Multipart, MultipartError};
use actix_web::http::header::{CONNECTION, HeaderMap};
use actix_web::web::{Bytes, Payload};
use aws_lc_rs::digest;
use futures_util::{StreamExt, TryStreamExt};
use serde_json::{Map, Value};

use super::Files;
use super::form::{check_content_digest, check_fields, name_of};
use super::kinds::{self, HEAD, Kind, Refusal};
use super::store::Writing;
use super::wire::{Wire, too_large};
use crate::contract::Contract;
use crate::ids::{AccountId, FileId};
use crate::messages::word;
use crate::problem::{Code, Fault, Faults, Problem, Rule};

/// The one media type of an upload.
const FORM: &str = "multipart/form-data";

/// How long a part beside the file may be, in bytes.
const FIELD: usize = 4096;

/// How many parts there may be.
const PARTS: usize = 10;

/// A file that is in the store, whole, and what came with it.
#[derive(Debug)]
pub struct Received {
    /// Its name.
    pub name: String,
    /// What it is called.
    pub title: Option<String>,
    /// The language it is in.
    pub language: Option<String>,
    /// Its media type.
    pub media_type: &'static str,
    /// How many bytes it has.
    pub size: u64,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

impl Received {
    /// Stands for the content of the request: the boundary of a form differs with each attempt.
    pub fn fingerprint(&self) -> Vec<u8> {
        let mut context = digest::Context::new(&digest::SHA256);
        let parts = [
            Some(self.name.as_str()),
            self.title.as_deref(),
            self.language.as_deref(),
            Some(self.media_type),
            Some(self.sha256.as_str()),
        ];
        for part in parts {
            let part = part.unwrap_or("\0");
            context.update(&part.len().to_be_bytes());
            context.update(part.as_bytes());
        }
        context.finish().as_ref().to_vec()
    }

    /// What is known of it from now on.
    pub fn to_file(
        &self,
        id: FileId,
        at: chrono::DateTime<chrono::Utc>,
        by: Option<AccountId>,
    ) -> Result<super::StoredFile, Problem> {
        let json = serde_json::json!({
            "id": id, "name": self.name, "title": self.title, "language": self.language, "media_type": self.media_type,
            "size": self.size, "sha256": self.sha256, "created_at": at, "by": by,
        });
        // The error would quote what was sent.
        serde_json::from_value(json).map_err(|_| {
            tracing::error!(%id, "what is known of a file does not fit its type");
            Problem::new(Code::Internal)
        })
    }
}

/// The file of a form, streamed into the object `key`.
struct Stored {
    name: String,
    kind: &'static Kind,
    size: u64,
    sha256: String,
    writing: Writing,
}

/// Streams the file of a form into the object `key`. When anything is wrong nothing is kept.
pub async fn receive(
    files: &Files,
    contract: &Contract,
    headers: &HeaderMap,
    payload: Payload,
    key: &str,
) -> Result<Received, Problem> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let sent = header("content-type").unwrap_or_default();
    let sent = sent.split(';').next().unwrap_or_default().trim();
    if !sent.eq_ignore_ascii_case(FORM) {
        return Err(Problem::new(Code::UnsupportedMediaType).with("accepted", FORM));
    }
    let length = header("content-length").and_then(|length| length.parse::<u64>().ok());
    if length.is_some_and(|length| length > files.limit + 65_536) {
        return Err(too_large(files.limit));
    }
    let mut wire = Wire::new(payload, files.limit, files.patience);
    let form = Multipart::new(headers, wire.clone());
    let Form {
        stored,
        fields,
        mut faults,
        is_whole,
    } = read_form(files, form, &wire, key).await?;
    if is_whole {
        wire.drain()
            .await
            .map_err(|_| broken(&wire, "incomplete"))?;
    }
    if faults.is_empty() {
        check_content_digest(headers, &wire)?;
    }
    let file = stored
        .as_ref()
        .map(|stored| (stored.name.as_str(), stored.sha256.as_str()));
    let (fields, amiss) = check_fields(contract, &fields, file);
    let may_follow = |fault: &&Fault| !is_whole && fault.rule() == Rule::Required;
    faults.extend(amiss.iter().filter(|it| !may_follow(it)).cloned().collect());
    faults.into_result().map_err(|problem| match is_whole {
        true => problem,
        false => problem.header(CONNECTION, "close"),
    })?;
    let stored = stored.ok_or(Problem::new(Code::Internal))?;
    stored.writing.finish().await?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
    Ok(Received {
        name: stored.name,
        title: text("title"),
        language: text("language"),
        media_type: stored.kind.media_type,
        size: stored.size,
        sha256: stored.sha256,
    })
}

/// The body ended otherwise than it should: why.
fn broken(wire: &Wire, reason: &str) -> Problem {
    wire.problem().unwrap_or_else(|| {
        Problem::new(Code::InvalidMultipart)
            .with_word("reason", word("form", reason))
            .header(CONNECTION, "close")
    })
}

/// Why the form cannot be read.
fn reason_of(error: &MultipartError) -> &'static str {
    match error {
        MultipartError::BoundaryMissing
        | MultipartError::ContentTypeMissing
        | MultipartError::ContentTypeParse => "no boundary",
        MultipartError::ContentDispositionMissing
        | MultipartError::ContentDispositionNameMissing => "unnamed part",
        MultipartError::Nested => "nested",
        MultipartError::Incomplete | MultipartError::Payload(_) => "incomplete",
        _ => "unreadable",
    }
}

/// What a form says.
struct Form {
    stored: Option<Stored>,
    /// The parts beside the file.
    fields: Map<String, Value>,
    /// The parts that should not be there.
    faults: Faults,
    /// Whether it was read to its end.
    is_whole: bool,
}

async fn read_form(
    files: &Files,
    mut parts: Multipart,
    wire: &Wire,
    key: &str,
) -> Result<Form, Problem> {
    let mut form = Form {
        stored: None,
        fields: Map::new(),
        faults: Faults::new(),
        is_whole: true,
    };
    let mut count = 0;
    while let Some(field) = parts.next().await {
        let field = field.map_err(|error| broken(wire, reason_of(&error)))?;
        count += 1;
        let name = field.name().unwrap_or_default().to_owned();
        let pointer = format!("/{}", crate::body::token(&name));
        let known = ["file", "title", "language", "sha256"].contains(&name.as_str());
        let again = form.fields.contains_key(&name) || name == "file" && form.stored.is_some();
        if count > PARTS || !known || again {
            let rule = if again {
                Rule::DuplicateName
            } else {
                Rule::UnknownField
            };
            form.faults.push(Fault::at(pointer, rule));
            if count > PARTS || bytes_of(field, wire).await?.is_none() {
                // It is long, as what follows may be: that is not read.
                form.is_whole = false;
                break;
            }
        } else if name == "file" {
            form.stored = Some(store(files, field, wire, key).await?);
        } else {
            let text = Value::from(text(field, wire, &pointer).await?);
            form.fields.insert(name, text);
        }
    }
    Ok(form)
}

/// A part beside the file.
async fn text(field: Field, wire: &Wire, pointer: &str) -> Result<String, Problem> {
    let Some(bytes) = bytes_of(field, wire).await? else {
        let fault = Fault::at(pointer, Rule::TooLong).with("limit", FIELD);
        return Err(Problem::fault(fault).header(CONNECTION, "close"));
    };
    String::from_utf8(bytes).map_err(|_| {
        Problem::fault(
            Fault::at(pointer, Rule::Format).with_word("expected", word("expected", "utf-8")),
        )
    })
}

/// What stands in a part, unless that is longer than a part beside the file may be.
async fn bytes_of(mut field: Field, wire: &Wire) -> Result<Option<Vec<u8>>, Problem> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.next().await {
        bytes.extend_from_slice(&chunk.map_err(|error| broken(wire, reason_of(&error)))?);
        if bytes.len() > FIELD {
            return Ok(None);
        }
    }
    Ok(Some(bytes))
}

/// The file itself.
async fn store(files: &Files, field: Field, wire: &Wire, key: &str) -> Result<Stored, Problem> {
    let refused = |problem: Problem| problem.header(CONNECTION, "close");
    let name = name_of(&field).map_err(refused)?;
    let named = field.content_type().map_or(String::new(), |named| {
        named.essence_str().to_ascii_lowercase()
    });
    let kind = kinds::find(&named, &name).map_err(|refusal| refused(not_taken(refusal)))?;
    let mut field = field.fuse();
    let mut chunk = async || {
        let chunk = field.try_next().await;
        chunk.map_err(|error| broken(wire, reason_of(&error)))
    };
    let mut head = Vec::new();
    while head.len() < HEAD
        && let Some(bytes) = chunk().await?
    {
        head.extend_from_slice(&bytes);
    }
    let differs =
        || refused(Problem::new(Code::FileTypeMismatch).with("media_type", kind.media_type));
    if !kind.fits(head.get(..HEAD).unwrap_or(&head)) {
        return Err(differs());
    }
    let mut writing = files.begin(key);
    let (mut context, mut size) = (digest::Context::new(&digest::SHA256), 0_u64);
    let mut next = Some(Bytes::from(head));
    while let Some(bytes) = next {
        size += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if size > files.limit {
            return Err(too_large(files.limit));
        }
        if !kind.may_hold(&bytes) {
            return Err(differs());
        }
        context.update(&bytes);
        writing.write(bytes).await?;
        next = chunk().await?;
    }
    Ok(Stored {
        name,
        kind,
        size,
        sha256: hexadecimal(context.finish().as_ref()),
        writing,
    })
}

fn not_taken(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Type => {
            let taken: Vec<_> = kinds::media_types().collect();
            Problem::new(Code::UnsupportedFileType).with("accepted", taken.join(", "))
        }
        Refusal::Ending(endings) => {
            Problem::fault(Fault::at("/file", Rule::FileEnding).with("endings", endings.join(", ")))
        }
    }
}

/// Lower-case hexadecimal.
fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
