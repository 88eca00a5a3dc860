//! What was edited here goes up: new plans, changed ones, and, where that is wanted, removals.

use serde_json::Value;

use super::api::{Condition, Written};
use super::connection::Failure;
use super::folder::{Files, Local};
use super::memory::Agreed;
use super::names::form_of;
use super::place::place;
use super::report::{What, problem_text};
use super::round::Round;
use crate::merge::same;

/// From how many new plans on they go up in one request.
const MANY: usize = 50;

/// So many plans may be removed in one run, however few there are.
const FEW: usize = 10;

/// How often a plan is tried that others write at the same time.
const ATTEMPTS: u32 = 5;

impl Round<'_> {
    /// Sends what differs from what was agreed on; answers whether anything was sent.
    pub async fn push(&mut self, files: &Files) -> Result<bool, Failure> {
        for (name, why) in &files.odd {
            self.report.tell(What::Refused, name, why);
        }
        let (mut new, mut changed) = (Vec::new(), Vec::new());
        let clear = files.plans.keys();
        for key in clear.filter(|key| !files.twofold.contains(*key)) {
            self.hear_again(key).await?;
            match self.difference(key)? {
                Difference::None => {}
                Difference::New => new.push(key.clone()),
                Difference::Changed => changed.push(key.clone()),
            }
        }
        let known = self.memory.keys().into_iter();
        let gone = known.filter(|(key, _)| !files.plans.contains_key(key));
        let mut gone: Vec<String> = gone.map(|(key, _)| key).collect();
        if self.deletes && self.are_too_many(&gone) {
            gone.retain(|key| self.memory.waits(key));
        }
        if new.len() >= MANY {
            self.upload(std::mem::take(&mut new)).await?;
        }
        let length = new.len() + changed.len() + gone.len();
        self.report.begin("sending", Some(length));
        for key in new.iter().chain(&changed) {
            self.send(key).await?;
            self.report.step();
        }
        for key in &gone {
            self.removed_here(key).await?;
            self.report.step();
        }
        self.report.end();
        Ok(self.report.count(What::Sent) > 0)
    }

    /// Whether so many files are missing that it may be a mistake, such as a folder that was emptied: that is told, and no
    /// plan is removed.
    fn are_too_many(&mut self, gone: &[String]) -> bool {
        let known = self.memory.keys().len();
        let removed = gone.iter().filter(|key| !self.memory.waits(key)).count();
        let most = self.max_delete.unwrap_or((known / 2).max(FEW));
        if removed > most {
            let why = format!(
                "{removed} of {known} files are missing here, and no plan is removed: --max-delete {removed} lets that be; \
                 without --delete they come back"
            );
            self.report.tell(What::Refused, "--delete", why);
        }
        removed > most
    }

    /// A plan that an earlier run has sent as a new one, and whose file says something else by now, may be there: then it is
    /// met before it is sent anew.
    async fn hear_again(&mut self, key: &str) -> Result<(), Failure> {
        let Some(sent) = self.memory.was_making(key)? else {
            return Ok(());
        };
        let is_edited = self
            .folder
            .read(key)?
            .document()
            .is_some_and(|it| it != sent);
        if is_edited && let Some(plan) = self.api.plan_by_key(key).await? {
            self.meet_as_made(key, &plan).await?;
            self.meet(key, Some(plan))?;
        }
        Ok(())
    }

    fn difference(&mut self, key: &str) -> Result<Difference, Failure> {
        let file = self.file(key);
        let document = match self.folder.read(key)? {
            Local::Absent => return Ok(Difference::None),
            Local::Bad(problem) => {
                self.refused(key, &problem);
                return Ok(Difference::None);
            }
            Local::Plan { document, .. } => document,
        };
        Ok(match self.memory.get(key)? {
            None => Difference::New,
            Some(Agreed {
                waiting: Some(_), ..
            }) if self.memory.waits(key) => {
                self.report.tell(What::Conflict, &file, "");
                Difference::None
            }
            Some(agreed) if same(&document, &agreed.base.document) => Difference::None,
            Some(_) => Difference::Changed,
        })
    }

    /// Sends a plan, after what others wrote meanwhile was taken in.
    pub async fn send(&mut self, key: &str) -> Result<(), Failure> {
        for _ in 0..ATTEMPTS {
            let Local::Plan { document, .. } = self.folder.read(key)? else {
                return Ok(());
            };
            let agreed = self.memory.get(key)?;
            let (condition, keys) = match &agreed {
                None => (Condition::New, vec![key.to_owned()]),
                Some(Agreed {
                    waiting: Some(_), ..
                }) => return Ok(()),
                Some(agreed) if same(&document, &agreed.base.document) => return Ok(()),
                Some(agreed) => match self.etag_of(key, agreed).await? {
                    Some(etag) => (Condition::Matches(etag), with_first(key, &agreed.base.keys)),
                    None if self.is_dry => return Ok(()),
                    None => continue,
                },
            };
            self.memory.sending().begin(key, &document)?;
            match self.api.put(&keys, &document, &condition).await? {
                Written::Stored(stored) => {
                    let file = self.file(key);
                    let more = if agreed.is_none() { "new" } else { "" };
                    self.report.tell(What::Sent, &file, more);
                    return match stored {
                        Some(stored) => self.meet_answer(key, &document, *stored),
                        None => Ok(()),
                    };
                }
                Written::Refused(problem) => {
                    self.refused(key, &problem);
                    return Ok(self.memory.sending().end(key)?);
                }
                Written::Stale | Written::Gone => {
                    let theirs = match &agreed {
                        Some(agreed) => self.api.plan(&agreed.base.id).await?,
                        None => self.api.plan_by_key(key).await?,
                    };
                    if let Some(theirs) = &theirs {
                        self.meet_as_made(key, theirs).await?;
                    }
                    self.meet(key, theirs)?;
                    if self.is_dry {
                        return Ok(());
                    }
                }
            }
        }
        let file = self.file(key);
        self.report.tell(
            What::Refused,
            &file,
            "others change it all the time; the next run tries again",
        );
        Ok(())
    }

    /// The ETag of the state that was agreed on. None, after the newer one was taken in, when that is past.
    async fn etag_of(&mut self, key: &str, agreed: &Agreed) -> Result<Option<String>, Failure> {
        if let Some(etag) = &agreed.base.etag {
            return Ok(Some(etag.clone()));
        }
        let theirs = self.api.plan(&agreed.base.id).await?;
        let etag = theirs.as_ref().filter(|theirs| theirs.is(&agreed.base));
        let etag = etag.and_then(|theirs| theirs.etag.clone());
        self.meet(key, theirs)?;
        Ok(etag)
    }

    /// The file of a plan was removed here.
    async fn removed_here(&mut self, key: &str) -> Result<(), Failure> {
        let Some(agreed) = self.memory.get(key)? else {
            return Ok(());
        };
        if agreed.waiting.is_some() {
            return self.look_again(key);
        }
        // What was sent since the folder was looked at took its time: what has come back meanwhile is a file again.
        if self.folder.has(key) {
            return Ok(());
        }
        let file = self.file(key);
        if !self.deletes {
            self.folder.write(key, &agreed.base.document)?;
            self.report.tell(
                What::Back,
                &file,
                "it was removed here; --delete removes such plans at the service too",
            );
            return Ok(());
        }
        let Some(etag) = self.etag_of(key, &agreed).await? else {
            return Ok(());
        };
        if self.folder.has(key) {
            return Ok(());
        }
        match self.api.delete(key, &etag).await? {
            Written::Gone => {
                self.report.tell(What::Removed, &file, "");
                Ok(self.memory.forget(key)?)
            }
            Written::Refused(problem) => {
                self.refused(key, &problem);
                if self.folder.has(key) {
                    return Ok(());
                }
                Ok(self.folder.write(key, &agreed.base.document)?)
            }
            Written::Stale | Written::Stored(_) => {
                let theirs = self.api.plan(&agreed.base.id).await?;
                self.meet(key, theirs)
            }
        }
    }

    /// Tells why a plan is not accepted.
    pub fn refused(&mut self, key: &str, problem: &Value) {
        let file = self.file(key);
        let path = self.folder.path(key);
        let source = std::fs::read_to_string(&path).ok();
        let text = problem_text(problem, |pointer| {
            // Those to other systems stand behind our own when they are sent.
            let source = source
                .as_ref()
                .filter(|_| !pointer.starts_with("/external_refs"))?;
            place(source, form_of(&path), pointer)
        });
        self.report.tell(What::Refused, &file, text);
    }
}

/// How a file differs from what was agreed on.
enum Difference {
    None,
    New,
    Changed,
}

/// The keys of a plan, that of its file before the others.
fn with_first(key: &str, keys: &[String]) -> Vec<String> {
    let others = keys.iter().filter(|other| *other != key).cloned();
    std::iter::once(key.to_owned()).chain(others).collect()
}
