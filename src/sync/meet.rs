//! Where the three states of a plan meet: what its file says, what was agreed on, and what the service has.
//!
//! Nothing that a person wrote is lost in it: a file is replaced only by what holds all that it says. The order of the
//! steps is what makes it safe to be killed between any two: first the files for people, then what is agreed on.

use serde_json::Value;

use super::conflict::{decided, together, told, told_gone};
use super::connection::Failure;
use super::document::{State, fingerprint};
use super::folder::Local;
use super::memory::{Agreed, Waiting};
use super::names::shown;
use super::parts::{know_again, over};
use super::report::{What, value_text};
use super::round::{Round, Side};
use crate::merge::{Conflict, same};

impl Round<'_> {
    /// Takes in what the service has of a plan: `None` when it is gone.
    pub fn meet(&mut self, key: &str, theirs: Option<State>) -> Result<(), Failure> {
        let agreed = self.memory.get(key)?;
        match theirs {
            Some(theirs) => {
                let base = match &agreed {
                    Some(agreed) if agreed.waiting.is_none() && agreed.base.is(&theirs) => {
                        return self.note_etag(key, agreed, theirs);
                    }
                    // A restored backup has lost what both sides had: it is as if it had been edited here alone.
                    Some(agreed) if theirs.is_before(&agreed.base) => Some(theirs.clone()),
                    // And where it was edited since, nobody knows what both sides have in common.
                    Some(agreed) if theirs.is_beside(&agreed.base) => None,
                    Some(agreed) => Some(agreed.base.clone()),
                    None => None,
                };
                self.meet_from(key, base, theirs)
            }
            None => match agreed {
                Some(agreed) => self.gone(key, agreed),
                None => Ok(()),
            },
        }
    }

    /// The answer to what was sent: that, and no older state, is what both sides have in common.
    pub fn meet_answer(&mut self, key: &str, sent: &Value, stored: State) -> Result<(), Failure> {
        let base = State {
            document: sent.clone(),
            ..stored.clone()
        };
        self.meet_from(key, Some(base), stored)
    }

    fn note_etag(&mut self, key: &str, agreed: &Agreed, theirs: State) -> Result<(), Failure> {
        if theirs.etag.is_some() && theirs.etag != agreed.base.etag {
            let base = State {
                etag: theirs.etag,
                ..agreed.base.clone()
            };
            self.memory.set(
                key,
                Agreed {
                    base,
                    waiting: None,
                },
            )?;
        }
        Ok(())
    }

    fn meet_from(&mut self, key: &str, base: Option<State>, theirs: State) -> Result<(), Failure> {
        let file = self.file(key);
        let (mut yours, is_whole) = match self.folder.read(key)? {
            Local::Absent => {
                let what = if base.is_some() {
                    What::Back
                } else {
                    What::Received
                };
                let more = if base.is_some() {
                    "it was removed here, and changed at the service"
                } else {
                    ""
                };
                self.report.tell(what, &file, more);
                return self.take(key, theirs);
            }
            Local::Bad(_) => {
                // Told where the file is looked at.
                let Some(base) = base else { return Ok(()) };
                return self.wait(key, base, Some(theirs), false);
            }
            Local::Plan { document, is_whole } => (document, is_whole),
        };
        if is_whole && yours == theirs.document {
            // Its text is left as the person wrote it.
            return self.agree(key, theirs);
        }
        if same(&yours, &theirs.document) {
            return self.take(key, theirs);
        }
        let was_sent = self.sent.get(key) == Some(&fingerprint(&yours));
        if was_sent
            || base
                .as_ref()
                .is_some_and(|base| same(&yours, &base.document))
        {
            if !was_sent && !self.is_answer(base.as_ref(), &theirs) {
                self.report.tell(What::Received, &file, "");
            }
            return self.take(key, theirs);
        }
        let null = Value::Null;
        let before = base.as_ref().map_or(&null, |base| &base.document);
        let is_first = before.is_null();
        if is_first {
            know_again(&mut yours, &theirs.document);
        }
        // What an earlier run sent and heard no answer to is ours, when it is in there.
        let sent = self.sent_in(key, before, &theirs)?;
        if is_first
            && sent.is_none()
            && let Some(side) = self.adopt
        {
            return self.adopt(key, side, &yours, theirs);
        }
        let merged = together(sent.as_ref().unwrap_or(before), &yours, &theirs.document);
        if merged.conflicts.is_empty() {
            let is_ours = same(&merged.value, &yours);
            if !is_ours {
                self.report.tell(What::Merged, &file, "");
            }
            if same(&merged.value, &theirs.document) {
                return self.take(key, theirs);
            }
            if !is_ours {
                self.folder.write(key, &merged.value)?;
            }
            return self.agree(key, theirs);
        }
        self.tell_conflicts(key, &merged.conflicts, is_first);
        let text = told(&file, &self.api.line.url, &merged.conflicts, &theirs);
        self.folder.write_conflict(key, &text)?;
        // Of a plan that is new on both sides nothing was agreed on.
        let mut base = base.unwrap_or_else(|| State {
            version: 0,
            etag: None,
            document: Value::Null,
            ..theirs.clone()
        });
        // By what both sides had, and not by what was there before, it is judged what the person decides.
        base.document = sent.unwrap_or(base.document);
        self.wait(key, base, Some(theirs), true)
    }

    /// Both sides have a plan and nothing was agreed on about it: one of them is right.
    fn adopt(
        &mut self,
        key: &str,
        side: Side,
        yours: &Value,
        theirs: State,
    ) -> Result<(), Failure> {
        let file = self.file(key);
        match side {
            Side::Service => {
                self.folder.keep_copy(key)?;
                let more = "as it was it is in .iuc-sync/trash";
                self.report.tell(What::Received, &file, more);
                self.take(key, theirs)
            }
            Side::Folder => {
                if self.is_dry {
                    self.report.tell(What::Sent, &file, "");
                }
                // It differs from what is agreed on by what it says, and so it is sent.
                self.folder.write(key, &over(&theirs.document, yours))?;
                self.agree(key, theirs)
            }
        }
    }

    /// What an earlier run sent of a plan, which was `before` then, when that is in there.
    pub fn sent_in(
        &self,
        key: &str,
        before: &Value,
        theirs: &State,
    ) -> Result<Option<Value>, Failure> {
        let Some(mut sent) = self.memory.sending().get(key)? else {
            return Ok(None);
        };
        if before.is_null() {
            know_again(&mut sent, &theirs.document);
        }
        let merged = together(before, &sent, &theirs.document);
        let is_in_there = merged.conflicts.is_empty() && same(&merged.value, &theirs.document);
        Ok(is_in_there.then_some(sent))
    }

    /// Whether `theirs` is what the service made of `base`, which was sent.
    fn is_answer(&self, base: Option<&State>, theirs: &State) -> bool {
        base.is_some_and(|base| base.is(theirs))
    }

    fn gone(&mut self, key: &str, agreed: Agreed) -> Result<(), Failure> {
        let file = self.file(key);
        match self.folder.read(key)? {
            Local::Absent => self.forget(key),
            Local::Plan { document, .. } if same(&document, &agreed.base.document) => {
                self.folder.put_away(key)?;
                self.report.tell(
                    What::PutAway,
                    &file,
                    "its plan is gone at the service; the file is in .iuc-sync/trash",
                );
                self.forget(key)
            }
            Local::Plan { .. } | Local::Bad(_) => {
                let conflict = shown(&self.folder.conflict_path(key));
                let more = format!(
                    "it was changed here, and is gone at the service; {conflict} tells how to go on"
                );
                self.report.tell(What::Conflict, &file, more);
                self.folder.write_conflict(key, &told_gone(&file))?;
                self.wait(key, agreed.base, None, true)
            }
        }
    }

    /// Looks again at a plan that waits: a person may have decided, or the file may say by now what goes together.
    pub fn look_again(&mut self, key: &str) -> Result<(), Failure> {
        let Some(Agreed {
            base,
            waiting: Some(waiting),
        }) = self.memory.get(key)?
        else {
            return Ok(());
        };
        let is_decided = waiting.is_told && !self.folder.conflict_path(key).exists();
        match (waiting.theirs, is_decided) {
            (theirs, false) => self.meet(key, theirs),
            (None, true) => self.forget(key),
            (Some(theirs), true) => {
                if let Local::Plan {
                    document: yours, ..
                } = self.folder.read(key)?
                {
                    let document = decided(&base.document, &yours, &theirs.document);
                    if !same(&document, &yours) {
                        self.folder.write(key, &document)?;
                    }
                } else if let Local::Bad(_) = self.folder.read(key)? {
                    // Not before it can be read.
                    return Ok(());
                }
                self.agree(key, theirs)
            }
        }
    }

    /// The file becomes what the service has.
    fn take(&mut self, key: &str, theirs: State) -> Result<(), Failure> {
        self.folder.write(key, &theirs.document)?;
        self.agree(key, theirs)
    }

    /// From now on this is what both sides have in common.
    pub fn agree(&mut self, key: &str, base: State) -> Result<(), Failure> {
        let agreed = Agreed {
            base,
            waiting: None,
        };
        self.memory.set(key, agreed)?;
        Ok(self.folder.end_conflict(key)?)
    }

    /// What the service has waits for a person.
    fn wait(
        &mut self,
        key: &str,
        base: State,
        theirs: Option<State>,
        is_told: bool,
    ) -> Result<(), Failure> {
        let waiting = Some(Waiting { theirs, is_told });
        Ok(self.memory.set(key, Agreed { base, waiting })?)
    }

    fn forget(&mut self, key: &str) -> Result<(), Failure> {
        self.memory.forget(key)?;
        Ok(self.folder.end_conflict(key)?)
    }

    fn tell_conflicts(&mut self, key: &str, conflicts: &[Conflict], is_first: bool) {
        let conflict = shown(&self.folder.conflict_path(key));
        let how = match is_first {
            true => "met for the first time, and differs; --adopt says which side is right, or",
            false => "changed here and at the service;",
        };
        let mut lines = vec![format!("{how} {conflict} tells how to go on")];
        lines.extend(conflicts.iter().map(|conflict| {
            let (yours, theirs) = (value_text(&conflict.yours), value_text(&conflict.theirs));
            format!("{}  here {yours}, there {theirs}", conflict.path)
        }));
        let file = self.file(key);
        self.report
            .tell(What::Conflict, &file, lines.join("\n          "));
    }

    /// What the file of a plan is called.
    pub fn file(&self, key: &str) -> String {
        shown(&self.folder.path(key))
    }
}
