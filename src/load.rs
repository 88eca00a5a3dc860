//! Loads the programme's data from a folder: all of it in one transaction, or nothing.
//!
//! The files are in the shape of the API's write bodies and go the same way as those: the contract, the rules, the
//! database, an event for each change. What is stored already as it stands in the files is left alone, so loading
//! again changes nothing. A fault names file, item and field.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::body::{Sent, parse};
use crate::cities::types::City;
use crate::contract::Contract;
use crate::db::{Connection, begin, commit, rollback};
use crate::events::Author;
use crate::key_questions::types::KeyQuestion;
use crate::meetings::types::Meeting;
use crate::messages::Language;
use crate::pairings::types::Pairing;
use crate::problem::Problem;
use crate::programmes::types::Programme;
use crate::resource::Resource;
use crate::sdgs::types::Sdg;
use crate::subjects::types::Subject;
use crate::templates::types::Template;
use crate::tours::types::Tour;
use crate::write::{Outcome, store};

/// What loading has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Things made.
    pub created: usize,
    /// Things changed to what the files say.
    pub updated: usize,
    /// Things that stood there already.
    pub unchanged: usize,
    /// Things that somebody has edited since: left as they are.
    pub kept: usize,
}

/// Nothing was loaded; the text names file, item and field.
#[derive(Debug)]
pub struct LoadError(String);

impl std::fmt::Display for LoadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for LoadError {}

struct Loader<'a> {
    folder: PathBuf,
    contract: &'a Contract,
    author: Author,
    report: Report,
}

/// Loads every file of `folder`.
pub async fn load(
    conn: &mut Connection,
    contract: &Contract,
    folder: &Path,
) -> Result<Report, LoadError> {
    let author = Author::itself(crate::clock::now(), "load");
    let mut loader = Loader {
        folder: folder.to_owned(),
        contract,
        author,
        report: Report::default(),
    };
    let of_database = |problem: Problem| LoadError(format!("the database refused: {problem}"));
    begin(conn).await.map_err(of_database)?;
    match loader.load_all(conn).await {
        Ok(()) => {
            commit(conn).await.map_err(of_database)?;
            Ok(loader.report)
        }
        Err(error) => {
            rollback(conn).await.map_err(of_database)?;
            Err(error)
        }
    }
}

impl Loader<'_> {
    async fn load_all(&mut self, conn: &mut Connection) -> Result<(), LoadError> {
        self.load_file::<Sdg>(conn, "sdgs.json").await?;
        self.load_file::<Programme>(conn, "programmes.json").await?;
        self.load_file::<City>(conn, "cities.json").await?;
        self.load_file::<Subject>(conn, "subjects.json").await?;
        self.load_file::<Pairing>(conn, "pairings.json").await?;
        self.load_file::<Meeting>(conn, "meetings.json").await?;
        self.load_file::<KeyQuestion>(conn, "key-questions.json")
            .await?;
        self.load_file::<Template>(conn, "templates.json").await?;
        self.load_file::<Tour>(conn, "tours.json").await
    }

    async fn load_file<R: Resource>(
        &mut self,
        conn: &mut Connection,
        file: &str,
    ) -> Result<(), LoadError> {
        let path = self.folder.join(file);
        let bytes = std::fs::read(&path)
            .map_err(|error| LoadError(format!("{}: {error}", path.display())))?;
        let value = parse(&bytes)
            .and_then(Sent::good)
            .map_err(|problem| self.fault(file, None, &problem))?;
        let Value::Array(items) = value else {
            return Err(LoadError(format!("{file}: must be a list of items")));
        };
        for (index, mut item) in items.into_iter().enumerate() {
            if file == "key-questions.json"
                && let Value::Object(question) = &mut item
            {
                question.entry("position").or_insert((index + 1).into());
            }
            let outcome = store::<R>(conn, self.contract, &self.author, item).await;
            match outcome.map_err(|problem| self.fault(file, Some(index), &problem))? {
                Outcome::Created => self.report.created += 1,
                Outcome::Updated => self.report.updated += 1,
                Outcome::Unchanged => self.report.unchanged += 1,
                Outcome::Kept => self.report.kept += 1,
            }
        }
        Ok(())
    }

    fn fault(&self, file: &str, index: Option<usize>, problem: &Problem) -> LoadError {
        let item = index
            .map(|index| format!(", item {}", index + 1))
            .unwrap_or_default();
        let faults: Vec<String> = problem
            .faults()
            .iter()
            .map(|fault| {
                format!(
                    "{}: {}",
                    fault.pointer().unwrap_or_default(),
                    fault.detail(Language::En)
                )
            })
            .collect();
        match faults.is_empty() {
            true => LoadError(format!("{file}{item}: {problem}")),
            false => LoadError(format!("{file}{item}: {}", faults.join("; "))),
        }
    }
}
