//! What changed at the service comes down: at first all of it, by an export; from then on by the feed.
//!
//! The cursor is noted after what stands before it was taken in, never before: after a run that was killed some changes
//! come again, which does no harm, and none is missed.

use std::collections::HashSet;

use futures_util::{StreamExt, TryStreamExt};
use serde_json::Value;

use super::api::{Api, Page};
use super::connection::Failure;
use super::document::State;
use super::names::fits;
use super::report::What;
use super::round::Round;

/// How many plans are read at the same time.
const AT_ONCE: usize = 8;

impl Round<'_> {
    /// Takes in what has changed at the service.
    pub async fn pull(&mut self) -> Result<(), Failure> {
        loop {
            let Some(cursor) = self.memory.cursor().map(str::to_owned) else {
                self.take_in_all().await?;
                if self.is_dry {
                    return Ok(());
                }
                continue;
            };
            match self.api.changes(&cursor, 0).await? {
                Some(page) => {
                    let is_last = page.is_last;
                    self.take_in(page).await?;
                    if is_last || self.is_dry {
                        return Ok(());
                    }
                }
                None => {
                    self.report
                        .say("the feed begins anew: everything is compared once");
                    self.memory.go_on_from(None)?;
                    if self.is_dry {
                        return self.take_in_all().await;
                    }
                }
            }
        }
    }

    /// Takes in a part of the feed.
    async fn take_in(&mut self, page: Page) -> Result<(), Failure> {
        let mut seen = HashSet::new();
        let news = page.changes.into_iter().filter(|(id, version, is_gone)| {
            // Of several changes of a plan the newest is read; what we wrote ourselves is known.
            (*is_gone || !self.memory.knows(id, *version)) && seen.insert(id.clone())
        });
        let ids: Vec<String> = news.map(|(id, ..)| id).collect();
        self.report.begin("receiving", Some(ids.len()));
        let api: &Api = self.api;
        let read = futures_util::stream::iter(ids).map(async |id| {
            let plan = api.plan(&id).await?;
            Ok::<_, Failure>((id, plan))
        });
        let mut plans = std::pin::pin!(read.buffered(AT_ONCE));
        while let Some((id, plan)) = plans.try_next().await? {
            self.came(&id, plan).await?;
            self.report.step();
        }
        self.report.end();
        Ok(self.memory.go_on_from(Some(page.cursor))?)
    }

    /// Takes in everything; an export that breaks off is begun again, as long as each goes on for longer than those before.
    async fn take_in_all(&mut self) -> Result<(), Failure> {
        let mut patience = self.api.line.patience();
        let mut most = 0;
        loop {
            let mut lines = 0;
            let outcome = self.export(&mut lines).await;
            if lines > most {
                most = lines;
                patience.renew();
            }
            match outcome {
                Err(Failure::Unreachable(why)) => match patience.pause(None) {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => return Err(Failure::Unreachable(why)),
                },
                done => return done,
            }
        }
    }

    /// One export; `number` counts its lines, of which those before it breaks off are taken in too.
    async fn export(&mut self, number: &mut usize) -> Result<(), Failure> {
        self.report.begin("comparing", None);
        self.report.without_key = 0;
        let mut lines = self.api.export().await?;
        let mut seen = HashSet::new();
        let mut cursor = None;
        while let Some(line) = lines.next().await? {
            *number += 1;
            if line.get("id").is_none() {
                cursor = line
                    .get("cursor")
                    .and_then(|cursor| Some(cursor.as_str()?.to_owned()));
                continue;
            }
            if let Some(plan) = self.api.exported(line) {
                let id = plan.id.clone();
                self.came(&id, Some(plan)).await?;
                seen.insert(id);
            }
            self.report.step();
        }
        if cursor.is_none() {
            return Err(Failure::Unreachable("the export broke off".into()));
        }
        for (_, id) in self.memory.keys() {
            if !seen.contains(&id) {
                self.came(&id, None).await?;
            }
        }
        self.report.end();
        Ok(self.memory.go_on_from(cursor)?)
    }

    /// What the service has of the plan with this id; none: it is gone.
    async fn came(&mut self, id: &str, plan: Option<State>) -> Result<(), Failure> {
        let known = self.memory.key_of(id).map(str::to_owned);
        let keys = plan.as_ref().map(|plan| plan.keys.as_slice());
        let keys = keys.unwrap_or_default();
        let kept = known.as_ref().filter(|known| keys.contains(known));
        let key = kept.or(keys.first()).cloned();
        if let Some(known) = known.filter(|known| key.as_ref() != Some(known)) {
            self.meet(&known, None)?;
        }
        match (key, plan) {
            (Some(key), Some(plan)) if fits(&key) => {
                self.meet_as_made(&key, &plan).await?;
                self.meet(&key, Some(plan))
            }
            (Some(key), _) => {
                self.report.tell(
                    What::Refused,
                    &key,
                    "is too long a key for the name of a file",
                );
                Ok(())
            }
            (None, Some(_)) => {
                self.report.without_key += 1;
                Ok(())
            }
            (None, None) => Ok(()),
        }
    }
    /// A plan that an earlier run has made without hearing of it, and that others have changed since, is met first as it
    /// was made: that is what both sides have in common.
    pub async fn meet_as_made(&mut self, key: &str, plan: &State) -> Result<(), Failure> {
        if self.memory.was_making(key)?.is_none() {
            return Ok(());
        }
        match self.api.first_version(plan).await? {
            Some(first) if self.sent_in(key, &Value::Null, &first)?.is_some() => {
                self.meet(key, Some(first))
            }
            _ => Ok(()),
        }
    }
}
