//! Staying in step: a round whenever something was edited here or changed at the service.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::api::Api;
use super::connection::Failure;
use super::folder::{Files, Folder};
use super::memory::Memory;

/// How often the folder is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// How long the service holds a question for changes.
const WAIT: u32 = 30;

/// How long it is before a service that could not be reached is tried again.
const REST: Duration = Duration::from_secs(10);

/// Waits until there is something to do.
pub async fn something(
    api: &Api,
    folder: &Folder,
    memory: &Memory,
    seen: &Files,
) -> Result<(), Failure> {
    tokio::select! {
        edited = edited(folder, seen) => edited,
        changed = changed(api, memory) => changed,
    }
}

/// Waits until something was edited, and is being edited no more.
async fn edited(folder: &Folder, seen: &Files) -> Result<(), Failure> {
    let mut last = None;
    loop {
        tokio::time::sleep(LOOK).await;
        let now = folder.files()?.stamps;
        if now != seen.stamps && last.as_ref() == Some(&now) {
            return Ok(());
        }
        last = Some(now);
    }
}

/// Waits until something has changed at the service.
async fn changed(api: &Api, memory: &Memory) -> Result<(), Failure> {
    let Some(cursor) = memory.cursor() else {
        return Ok(());
    };
    let mut cursor = cursor.to_owned();
    loop {
        match api.changes(&cursor, WAIT).await {
            // What we wrote ourselves is no news.
            Ok(Some(page))
                if page
                    .changes
                    .iter()
                    .all(|(id, version, is_gone)| !is_gone && memory.knows(id, *version)) =>
            {
                cursor = page.cursor;
            }
            Ok(_) => return Ok(()),
            Err(Failure::Unreachable(_)) => tokio::time::sleep(REST).await,
            Err(failure) => return Err(failure),
        }
    }
}

/// Waits until a service that could not be reached is tried again.
pub async fn rest() {
    tokio::time::sleep(REST).await;
}

/// Waits until somebody wants this to end.
pub async fn end() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        done = tokio::signal::ctrl_c() => done,
        _ = terminate.recv() => Ok(()),
    }
}
