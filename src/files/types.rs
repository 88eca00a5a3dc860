//! What is known of a file, and the form in which one is sent.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::column::jsonb;
use crate::ids::{AccountId, FileId};
use crate::places::Line;

/// How many files one thing may have.
pub const MAX_FILES: usize = 100;

/// What is known of a file. A file never changes: another one is uploaded, and the old one deleted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StoredFile {
    /// Id of the file.
    pub id: FileId,
    /// Its name, as it was on the machine that it came from.
    pub name: Line,
    /// What it is called.
    pub title: Option<Line>,
    /// The language it is in (BCP 47).
    #[schema(
        max_length = 35,
        pattern = "^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$",
        example = "ja"
    )]
    pub language: Option<String>,
    /// Its media type.
    #[schema(
        max_length = 100,
        pattern = "^[a-z]+/[a-z0-9.+-]+$",
        example = "application/pdf"
    )]
    pub media_type: String,
    /// How many bytes it has.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub size: i64,
    /// SHA-256 of its bytes, in hexadecimal; its ETag is made of it.
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    pub sha256: String,
    /// When it was uploaded.
    pub created_at: DateTime<Utc>,
    /// The account that uploaded it.
    pub by: Option<AccountId>,
}

impl StoredFile {
    /// Its strong ETag: what it holds.
    pub fn etag(&self) -> String {
        format!("\"{}\"", self.sha256)
    }
}

/// The files of a thing, oldest first.
#[derive(
    Clone,
    Debug,
    Default,
    PartialEq,
    Serialize,
    Deserialize,
    ToSchema,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::Jsonb)]
#[serde(transparent)]
#[schema(max_items = 100)]
pub struct FileList(pub Vec<StoredFile>);

jsonb!(FileList);

/// The form that carries a file (RFC 7578).
#[derive(Serialize, Deserialize, ToSchema)]
pub struct FileUpload {
    /// The file, with its name and its media type.
    #[schema(value_type = String, format = Binary, max_length = 104_857_600)]
    pub file: String,
    /// What it is called.
    #[schema(nullable = false)]
    pub title: Option<Line>,
    /// The language it is in (BCP 47).
    #[schema(
        nullable = false,
        max_length = 35,
        pattern = "^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$",
        example = "ja"
    )]
    pub language: Option<String>,
    /// SHA-256 of the file in hexadecimal: what arrives otherwise is refused.
    #[schema(
        nullable = false,
        min_length = 64,
        max_length = 64,
        pattern = "^[0-9a-fA-F]{64}$"
    )]
    pub sha256: Option<String>,
}

/// A file that is text, as its text.
#[derive(ToSchema)]
#[schema(value_type = String, max_length = 104_857_600, pattern = "^", example = "What we saw in Frankfurt.\n")]
pub struct FileText(pub String);

/// The bytes of a file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary, max_length = 104_857_600)]
pub struct FileBytes(pub Vec<u8>);
