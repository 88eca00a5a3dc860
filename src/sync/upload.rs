//! Many new plans go up in one request, a line each. What the service made of them comes down afterwards as everything does.
//!
//! First it is noted what goes up; that is sent, whatever becomes of the files meanwhile. When the line breaks, what was not
//! answered is sent again: what is stored already comes back as unchanged.

use std::io;

use futures_util::stream;
use serde_json::Value;

use super::connection::Failure;
use super::document::{fingerprint, with_keys};
use super::folder::Local;
use super::report::What;
use super::round::Round;

/// What came of a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Came {
    /// Nothing yet, or nothing that stays so: it is sent again.
    Nothing,
    /// The plan is stored, as it was sent or as somebody else has made it meanwhile.
    Stored,
    /// It is refused.
    Refused,
}

impl Round<'_> {
    /// Sends plans that the service does not have.
    pub async fn upload(&mut self, keys: Vec<String>) -> Result<(), Failure> {
        self.report.begin("sending", Some(keys.len()));
        let mut keys = self.begin_to_send(keys)?;
        let mut is_news = false;
        let mut patience = self.api.line.patience();
        while !keys.is_empty() {
            let before = keys.len();
            let why = match self.upload_some(&mut keys, &mut is_news).await {
                Ok(()) | Err(Failure::Unreachable(_)) if keys.len() < before => {
                    // As long as something gets through, it goes on.
                    patience.renew();
                    continue;
                }
                Ok(()) => "it tells nothing of what was sent".into(),
                Err(Failure::Unreachable(why)) => why,
                Err(failure) => return Err(failure),
            };
            match patience.pause(None) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(Failure::Unreachable(why)),
            }
        }
        self.report.end();
        match is_news {
            // One export tells of them faster than a request each.
            true => Ok(self.memory.go_on_from(None)?),
            false => Ok(()),
        }
    }

    /// Notes what goes up; what can be read no more is told of when the files are looked at again.
    fn begin_to_send(&self, keys: Vec<String>) -> Result<Vec<String>, Failure> {
        let mut noted = Vec::with_capacity(keys.len());
        for key in keys {
            if let Local::Plan { document, .. } = self.folder.read(&key)? {
                self.memory.sending().begin(&key, &document)?;
                noted.push(key);
            }
        }
        Ok(noted)
    }

    /// Sends them once; those of which the service tells what came of them are no longer among the keys.
    async fn upload_some(
        &mut self,
        keys: &mut Vec<String>,
        is_news: &mut bool,
    ) -> Result<(), Failure> {
        let asked = std::mem::take(keys);
        let answer = self.api.bulk(|| self.body(&asked));
        let mut told = vec![Came::Nothing; asked.len()];
        let outcome = match answer.await {
            Ok(mut lines) => loop {
                match lines.next().await {
                    Ok(Some(line)) => {
                        let number = line.get("line").and_then(Value::as_u64).unwrap_or_default();
                        let at = usize::try_from(number).unwrap_or_default().wrapping_sub(1);
                        if let (Some(key), Some(told)) = (asked.get(at), told.get_mut(at)) {
                            *told = self.told_of(key, &line)?;
                            *is_news |= *told == Came::Stored;
                            self.report.step();
                        }
                    }
                    Ok(None) => break Ok(()),
                    Err(failure) => break Err(failure),
                }
            },
            Err(failure) => Err(failure),
        };
        for (key, told) in asked.into_iter().zip(told) {
            if told == Came::Nothing && self.folder.path(&key).exists() {
                keys.push(key);
            }
        }
        outcome
    }

    /// Takes in what came of a line.
    fn told_of(&mut self, key: &str, line: &Value) -> Result<Came, Failure> {
        let problem = line.get("problem").filter(|problem| !problem.is_null());
        let Some(problem) = problem else {
            if let Some(sent) = self.memory.sending().get(key)? {
                self.sent.insert(key.to_owned(), fingerprint(&sent));
            }
            let file = self.file(key);
            self.report.tell(What::Sent, &file, "new");
            return Ok(Came::Stored);
        };
        match problem.get("status").and_then(Value::as_u64) {
            Some(429 | 500..) => Ok(Came::Nothing),
            // Somebody has made it meanwhile: both are brought together.
            Some(412) => Ok(Came::Stored),
            _ => {
                self.refused(key, problem);
                self.memory.sending().end(key)?;
                Ok(Came::Refused)
            }
        }
    }

    /// The lines, made as they are sent. What has lost its file meanwhile, or its name, leaves its line empty.
    fn body(&self, keys: &[String]) -> reqwest::Body {
        let (sending, folder) = (self.memory.sending().clone(), self.folder.clone());
        let (system, city) = (self.api.system.clone(), self.api.city.clone());
        let (keys, is_dry) = (keys.to_vec(), self.is_dry);
        let lines = keys.into_iter().map(move |key| {
            if !folder.path(&key).exists() {
                return Ok("\n".to_owned());
            }
            // In a dry run nothing was noted, but perhaps by an earlier one that was none.
            let noted = if is_dry { None } else { sending.get(&key)? };
            let document = match noted {
                Some(document) => document,
                None => folder.read(&key)?.document().unwrap_or_default(),
            };
            let line = with_keys(&document, &system, &city, &[key]);
            Ok::<_, io::Error>(format!("{line}\n"))
        });
        reqwest::Body::wrap_stream(stream::iter(lines))
    }
}
