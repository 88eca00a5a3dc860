//! Many new plans go up in one request, a line each, read from their files as they go. What the service made of them comes
//! down afterwards as everything does.
//!
//! When the line breaks, what was not answered is sent again: what is stored already comes back as unchanged.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::stream;
use serde_json::Value;

use super::api::Api;
use super::connection::{Failure, LONGEST_PAUSE};
use super::document::{fingerprint, with_keys};
use super::folder::{Folder, Local};
use super::report::What;
use super::round::Round;

/// What was sent, by key: a fingerprint.
type Sent = Arc<Mutex<HashMap<String, String>>>;

impl Round<'_> {
    /// Sends plans that the service does not have.
    pub async fn upload(&mut self, mut keys: Vec<String>) -> Result<(), Failure> {
        self.report.begin("sending", Some(keys.len()));
        let mut last = Instant::now();
        let mut pause = Duration::from_secs(1);
        while !keys.is_empty() {
            let before = keys.len();
            match self.upload_some(&mut keys).await {
                Ok(()) | Err(Failure::Unreachable(_)) if keys.len() < before => {
                    // As long as something gets through, it goes on.
                    last = Instant::now();
                    pause = Duration::from_secs(1);
                }
                Err(Failure::Unreachable(why))
                    if last.elapsed() + pause > self.api.line.patience =>
                {
                    return Err(Failure::Unreachable(why));
                }
                Ok(()) if last.elapsed() + pause > self.api.line.patience => {
                    return Err(Failure::Unreachable(
                        "it tells nothing of what was sent".into(),
                    ));
                }
                Ok(()) | Err(Failure::Unreachable(_)) => {
                    tokio::time::sleep(pause).await;
                    pause = LONGEST_PAUSE.min(pause * 2);
                }
                Err(failure) => return Err(failure),
            }
        }
        self.report.end();
        // One export tells of them faster than a request each.
        Ok(self.memory.go_on_from(None)?)
    }

    /// Sends them once; those of which the service tells what came of them are no longer among the keys.
    async fn upload_some(&mut self, keys: &mut Vec<String>) -> Result<(), Failure> {
        let sent = Sent::default();
        let asked = std::mem::take(keys);
        let answer = self.api.bulk(|| body(&asked, self.folder, self.api, &sent));
        let mut told = vec![false; asked.len()];
        let outcome = match answer.await {
            Ok(mut lines) => loop {
                match lines.next().await {
                    Ok(Some(line)) => {
                        let number = line.get("line").and_then(Value::as_u64).unwrap_or_default();
                        let at = usize::try_from(number).unwrap_or_default().wrapping_sub(1);
                        if let (Some(key), Some(told)) = (asked.get(at), told.get_mut(at)) {
                            *told = self.told_of(key, &line, &sent);
                            self.report.step();
                        }
                    }
                    Ok(None) => break Ok(()),
                    Err(failure) => break Err(failure),
                }
            },
            Err(failure) => Err(failure),
        };
        let fingerprints = sent.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = asked.into_iter().zip(told);
        // What can be read no more is told of when the files are looked at again.
        let rest = rest
            .filter(|(key, told)| !told && fingerprints.get(key).is_none_or(|it| !it.is_empty()));
        keys.extend(rest.map(|(key, _)| key));
        outcome
    }

    /// Takes in what came of a line; answers whether that is final.
    fn told_of(&mut self, key: &str, line: &Value, sent: &Sent) -> bool {
        let problem = line.get("problem").filter(|problem| !problem.is_null());
        let Some(problem) = problem else {
            let sent = sent.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(fingerprint) = sent.get(key) {
                self.sent.insert(key.to_owned(), fingerprint.clone());
            }
            let file = self.file(key);
            self.report.tell(What::Sent, &file, "new");
            return true;
        };
        match problem.get("status").and_then(Value::as_u64) {
            Some(429 | 500..) => false,
            // Somebody has made it meanwhile: both are brought together.
            Some(412) => true,
            _ => {
                self.refused(key, problem);
                true
            }
        }
    }
}

/// The lines, read as they are sent.
fn body(keys: &[String], folder: &Folder, api: &Api, sent: &Sent) -> reqwest::Body {
    let (folder, sent) = (folder.clone(), sent.clone());
    let (system, city) = (api.system.clone(), api.city.clone());
    let keys = keys.to_vec();
    let lines = keys.into_iter().map(move |key| {
        let mut sent = sent.lock().unwrap_or_else(PoisonError::into_inner);
        let line = match folder.read(&key) {
            Ok(Local::Plan { document, .. }) => {
                sent.insert(key.clone(), fingerprint(&document));
                format!("{}\n", with_keys(&document, &system, &city, &[key]))
            }
            // It leaves its line empty.
            _ => {
                sent.insert(key, String::new());
                "\n".to_owned()
            }
        };
        Ok::<_, Infallible>(line)
    });
    reqwest::Body::wrap_stream(stream::iter(lines))
}
