//! What a kind of thing looks like beside JSON: on a map, in a calendar, as a document.

use std::error::Error;
use std::sync::atomic::AtomicBool;

use diesel::QueryResult;
use futures_util::future::BoxFuture;
use serde_json::Value;

use super::{Included, Resource};
use crate::auth::Caller;
use crate::calendar::Occasion;
use crate::db::Connection;
use crate::text::LanguageTag;

/// How a kind of thing stands on a map (GeoJSON, RFC 7946).
pub struct Mapped<R: Resource> {
    /// The related things that have to be known for it, by their names in `include`.
    pub along: &'static [&'static str],
    /// Its geometry; none of what has no place.
    pub geometry: fn(&R::Seen, &Included) -> Option<Value>,
}

/// How a kind of thing stands in a calendar.
pub struct Dated<R: Resource> {
    /// The related things that have to be known for it, by their names in `include`.
    pub along: &'static [&'static str],
    /// What takes place, in this language (BCP 47); none of what has no date.
    pub occasion: fn(&R::Seen, &Included, &str) -> Option<Occasion>,
}

/// How a kind of thing is written as a document.
pub struct Written<R: Resource> {
    /// Writes one, reading on this connection what it has to know beside it.
    pub write: Write<R>,
}

/// See [`Written`].
pub type Write<R> = for<'a> fn(
    &'a Connection,
    &'a Caller,
    &'a <R as Resource>::Seen,
    Wanted<'a>,
) -> BoxFuture<'a, QueryResult<Document>>;

/// What a document is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentForm {
    /// Markdown (RFC 7763), UTF-8.
    Markdown,
    /// Office Open XML (ECMA-376), as Word writes it.
    Docx,
    /// PDF (ISO 32000-1).
    Pdf,
}

/// How a document is wanted.
pub struct Wanted<'a> {
    /// In this form.
    pub form: DocumentForm,
    /// In these languages; when there are none, in the one that `accept` wants more.
    pub asked: &'a [LanguageTag],
    /// The field `Accept-Language`.
    pub accept: &'a str,
}

/// A document.
pub struct Document {
    /// All of it.
    pub content: Content,
    /// The languages that it is in (BCP 47).
    pub languages: Vec<String>,
}

/// What goes out as a document.
pub enum Content {
    /// This text.
    Text(String),
    /// A file that is made of this text, and nothing else: that takes a processor for a while and no connection.
    File(String, Make),
}

/// Makes a file, or an error soon once nobody wants it any more.
pub type Make =
    Box<dyn FnOnce(&AtomicBool) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> + Send>;
