//! Errors as users see them: problem documents (RFC 9457) from one table of codes.
//!
//! A [`Problem`] is made where something goes wrong and carries only codes and values; it is put into words,
//! in the caller's language, when it leaves the service (`edge.rs`). Nothing internal is ever in it.

mod codes;
mod faults;
mod constraints;
mod document;

use std::fmt::Display;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use serde_json::Map;

pub use self::codes::{Code, Rule};
pub use self::constraints::{known_constraints, meaning_of, owner_of};
pub use self::document::{Context, FieldConflict, InputFault, ProblemDocument};
pub use self::faults::{Fault, Faults, MAX_FAULTS};
use crate::messages::{Args, Value};

/// Where the pages that explain each problem are.
pub const PAGES: &str = "/problems/";

/// A problem on its way to the caller.
#[derive(Clone, Debug)]
pub struct Problem(Box<Details>);

#[derive(Clone, Debug)]
struct Details {
    code: Code,
    args: Args,
    faults: Vec<Fault>,
    headers: Vec<(HeaderName, HeaderValue)>,
    extensions: Map<String, serde_json::Value>,
    broken: Option<Broken>,
}

/// A rule of the database that was broken.
#[derive(Clone, Debug)]
pub struct Broken {
    /// The name of its constraint.
    pub constraint: String,
    /// The values of the key that it is about.
    pub key: Vec<String>,
    /// The thing that was to go as a whole, where that broke it: its table and its id.
    pub gone: Option<(&'static str, String)>,
}

impl Problem {
    /// A problem of this kind.
    pub fn new(code: Code) -> Self {
        Self(Box::new(Details {
            code,
            args: Args::new(),
            faults: Vec::new(),
            headers: Vec::new(),
            extensions: Map::new(),
            broken: None,
        }))
    }

    /// Something that the service cannot put into the form in which it goes out, which is its own fault.
    pub fn unwritten(error: impl Display) -> Self {
        tracing::error!(%error, "an answer could not be written");
        Self::new(Code::Internal)
    }

    /// An input with this one fault.
    pub fn fault(fault: Fault) -> Self {
        let mut problem = Self::new(Code::InvalidInput).with("count", 1);
        problem.0.faults.push(fault);
        problem
    }

    /// Gives a value that the message names.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.0.args.push((name, Value::Plain(value.to_string())));
        self
    }

    /// Gives one of the service's own words, by the id of its message.
    #[must_use]
    pub fn with_word(self, name: &'static str, id: impl Into<String>) -> Self {
        self.with_words(name, [id.into()], "list-comma")
    }

    /// Gives several of the service's own words, joined by the message `join`.
    #[must_use]
    pub fn with_words(
        mut self,
        name: &'static str,
        ids: impl IntoIterator<Item = String>,
        join: &'static str,
    ) -> Self {
        let words = Value::Words(ids.into_iter().collect(), join);
        self.0.args.push((name, words));
        self
    }

    /// Names a place in the input that the problem is about.
    #[must_use]
    pub fn about(mut self, fault: Fault) -> Self {
        self.0.faults.push(fault);
        self
    }

    /// Adds a header field to the answer.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.0.headers.push((name, value));
        }
        self
    }

    /// Adds an extension member (RFC 9457, section 3.2).
    #[must_use]
    pub fn member(mut self, name: &str, value: serde_json::Value) -> Self {
        self.0.extensions.insert(name.to_owned(), value);
        self
    }

    /// The kind of problem.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The faults that it lists.
    pub fn faults(&self) -> &[Fault] {
        &self.0.faults
    }

    /// The header fields of its answer.
    pub fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.0.headers
    }

    /// The status of its answer.
    pub fn status(&self) -> StatusCode {
        self.0.code.status()
    }

    /// A broken rule of the database, by the name of its constraint and what the database says of it; the write path gives
    /// it its meaning.
    pub(crate) fn of_constraint(name: &str, details: &str) -> Self {
        // Key (id)=(yokohama) is still referenced from table "meeting_cities".
        let key = details
            .split_once(")=(")
            .and_then(|(_, rest)| rest.split_once(')'));
        let key = key.map_or("", |(key, _)| key).split(", ");
        let mut problem = Self::new(Code::Internal);
        problem.0.broken = Some(Broken {
            constraint: name.to_owned(),
            key: key.map(str::to_owned).collect(),
            gone: None,
        });
        problem
    }

    /// The rule of the database that what still refers to something stands against its removal; none where that is not the
    /// problem.
    pub fn referrer(&self) -> Option<&Broken> {
        let broken = self.0.broken.as_ref();
        broken.filter(|_| self.0.code == Code::StillReferenced)
    }

    /// Notes that the thing with this id was to go from this table.
    #[must_use]
    pub fn removing(mut self, table: &'static str, id: String) -> Self {
        if let Some(broken) = &mut self.0.broken {
            broken.gone = Some((table, id));
        }
        self
    }

    /// Names these places in the input in the place of others.
    #[must_use]
    pub fn about_only(mut self, faults: Vec<Fault>) -> Self {
        self.0.faults = faults;
        self
    }
}

impl Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.code.as_str())?;
        for fault in &self.0.faults {
            write!(f, "; {fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

impl actix_web::ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    /// Without words: `edge.rs` puts the problem into words, where the request is known.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status())
    }
}
