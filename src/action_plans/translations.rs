//! Translations of a plan: which are there, and which are behind the text in the plan's own language.
//!
//! A translation is stale when the text in the plan's own language has changed since it was made. What a plan alone
//! does not tell is kept beside it ([`Bookkeeping`]): for each stale translation since which version, and a
//! fingerprint of the text that it translates. Where that text comes back, by hand or by restoring a version, the
//! translation is current again without anybody touching it.
//!
//! The rules, for a text that is in the plan before and after a write:
//!
//! - the own text changed and the translation did not: stale, unless the write is minor or the own text is again what
//!   the translation translates;
//! - the translation changed: current, unless the write is minor; then it stays what it was;
//! - a translation that was not there is current;
//! - an own text that was not there makes nothing stale: the others were not made from it;
//! - an own text that goes away counts as changed.
//!
//! Texts are followed by the keys of their parts, so moving a part makes nothing stale. Of what goes, nothing is kept.

pub mod kept;

use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::texts::{PlanText, texts};
use super::types::ActionPlan;
use crate::column::{jsonb, words};

/// The stale translations of a plan, by the path of the text (`/activities/bus-lanes/title`) and the language.
/// Empty, as for most plans, when all are current.
#[derive(
    Clone,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::Jsonb)]
#[serde(transparent)]
pub struct Bookkeeping(BTreeMap<String, BTreeMap<String, Stale>>);

jsonb!(Bookkeeping);

/// What is kept of a stale translation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stale {
    /// The version of the plan that made it stale.
    since: i64,
    /// Fingerprint of the text that it translates.
    of: String,
}

impl Bookkeeping {
    fn get(&self, path: &str, language: &str) -> Option<&Stale> {
        self.0.get(path)?.get(language)
    }

    /// Whether all translations are current.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The bookkeeping after a write that made `after` of `before` under the number `version`.
///
/// A restored version brings its own bookkeeping back, where that was kept with it; else it is a write as any other.
pub fn record(
    before: Option<&ActionPlan>,
    after: &ActionPlan,
    old: &Bookkeeping,
    version: i64,
    minor: bool,
) -> Bookkeeping {
    let Some(before) = before else {
        return Bookkeeping::default();
    };
    let earlier: BTreeMap<String, PlanText<'_>> = texts(before)
        .into_iter()
        .map(|text| (text.path.clone(), text))
        .collect();
    let mut new = Bookkeeping::default();
    for text in texts(after) {
        let Some(was) = earlier.get(&text.path) else {
            continue;
        };
        let own = after.language.as_str();
        let step = Step {
            own: (
                was.languages.get(own).copied(),
                text.languages.get(own).copied(),
            ),
            version,
            minor,
        };
        let stale = text
            .languages
            .iter()
            .filter(|(language, _)| **language != own)
            .filter_map(|(language, words)| {
                let was = was.languages.get(language)?;
                let stale = step.take(was != words, old.get(&text.path, language))?;
                Some(((*language).to_owned(), stale))
            });
        let stale: BTreeMap<_, _> = stale.collect();
        if !stale.is_empty() {
            new.0.insert(text.path, stale);
        }
    }
    new
}

/// What a write does to the text in the plan's own language.
struct Step<'a> {
    /// What it said before and says now.
    own: (Option<&'a str>, Option<&'a str>),
    version: i64,
    minor: bool,
}

impl Step<'_> {
    /// What becomes of a translation that was there: none when it is current.
    fn take(&self, is_changed: bool, was: Option<&Stale>) -> Option<Stale> {
        if is_changed && !self.minor {
            return None;
        }
        let (before, after) = self.own;
        let now = after.map(fingerprint);
        match (was, before) {
            _ if before == after => was.cloned(),
            (Some(was), _) => (now.as_ref() != Some(&was.of)).then(|| was.clone()),
            (None, Some(before)) if !self.minor => Some(Stale {
                since: self.version,
                of: fingerprint(before),
            }),
            (None, _) => None,
        }
    }
}

/// A short name of a text: the same text has the same, another text another.
fn fingerprint(text: &str) -> String {
    let digest = digest(&SHA256, text.as_bytes());
    let short = digest.as_ref().iter().copied().take(12);
    URL_SAFE_NO_PAD.encode(short.collect::<Vec<u8>>())
}

words! {
    /// Where a text stands in a language.
    TranslationStatus {
        /// It says what the text in the plan's own language says; the own text itself is always current.
        Current = "current",
        /// The text in the plan's own language has changed since.
        Stale = "stale",
        /// There is none.
        Missing = "missing",
    }
}

/// Where a text of a plan stands in a language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Translation {
    /// JSON Pointer (RFC 6901) to the text.
    #[schema(
        max_length = 1000,
        pattern = "^(/.*)?$",
        example = "/activities/0/title"
    )]
    pub pointer: String,
    /// The language (BCP 47).
    #[schema(max_length = 35, pattern = "^[A-Za-z0-9-]+$", example = "ja")]
    pub language: String,
    /// Where it stands.
    pub status: TranslationStatus,
    /// The version of the plan since which it is stale; null when it is not.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub since: Option<i64>,
}

/// Every text of a plan in each of `languages`; when none is given, in the plan's own language and each that occurs
/// in the plan. In the document's order, and for each text the own language first.
pub fn work_list(plan: &ActionPlan, kept: &Bookkeeping, languages: &[String]) -> Vec<Translation> {
    let texts = texts(plan);
    let own = plan.language.as_str();
    let mut wanted: BTreeSet<&str> = languages.iter().map(String::as_str).collect();
    if wanted.is_empty() {
        let occurring = texts.iter().flat_map(|text| text.languages.keys().copied());
        wanted = occurring.chain([own]).collect();
    }
    let first = wanted.take(own);
    let order: Vec<&str> = first.into_iter().chain(wanted).collect();
    let mut list = Vec::new();
    for text in &texts {
        for language in &order {
            let stale = kept.get(&text.path, language);
            let (status, since) = match (text.languages.contains_key(language), stale) {
                (false, _) => (TranslationStatus::Missing, None),
                (true, Some(stale)) if *language != own => {
                    (TranslationStatus::Stale, Some(stale.since))
                }
                (true, _) => (TranslationStatus::Current, None),
            };
            list.push(Translation {
                pointer: text.pointer.clone(),
                language: (*language).to_owned(),
                status,
                since,
            });
        }
    }
    list
}

#[cfg(test)]
mod tests;
