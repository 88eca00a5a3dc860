//! Objects to which nothing refers: noted before they are written, taken from the notes by the transaction that makes
//! something refer to them, and else removed.
//!
//! Who removes an object holds the lock of its note meanwhile, and who refers to it has deleted the note: so whichever
//! comes first, an object that something refers to is there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tokio_util::task::TaskTracker;

use super::Files;
use crate::db::{Connection, Database, begin, commit, rollback};
use crate::problem::Problem;
use crate::schema::stray_files;

/// How long removing one object may take: less than a transaction may idle.
const REMOVAL: Duration = Duration::from_secs(5);

/// What lies between the end of an upload and that of the transaction that refers to it.
const AFTER_UPLOAD: TimeDelta = TimeDelta::minutes(5);

/// When an object is looked at again that could not be removed.
const AGAIN: TimeDelta = TimeDelta::minutes(10);

/// An object that is being uploaded. When this is dropped and nothing refers to it, it is removed.
pub struct Stray {
    key: String,
    files: Arc<Files>,
    db: Arc<Database>,
    tracker: TaskTracker,
    adopted: AtomicBool,
}

impl Stray {
    /// Notes the object `key` before it is written.
    pub async fn note(
        key: String,
        files: &Arc<Files>,
        db: &Arc<Database>,
        tracker: &TaskTracker,
    ) -> Result<Self, Problem> {
        let longest = TimeDelta::from_std(files.longest).unwrap_or(TimeDelta::MAX);
        let due = crate::clock::now() + longest + AFTER_UPLOAD;
        let mut conn = db.connection().await?;
        diesel::insert_into(stray_files::table)
            .values((stray_files::key.eq(&key), stray_files::due.eq(due)))
            .execute(&mut conn)
            .await?;
        Ok(Self {
            key,
            files: files.clone(),
            db: db.clone(),
            tracker: tracker.clone(),
            adopted: AtomicBool::new(false),
        })
    }

    /// The key of the object.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Takes the note away in the transaction that makes something refer to the object. `false`: the object was removed
    /// already, because it came too late.
    pub async fn adopt(&self, conn: &mut Connection) -> QueryResult<bool> {
        let taken = diesel::delete(stray_files::table.find(&self.key))
            .execute(conn)
            .await?;
        if taken == 1 {
            self.adopted.store(true, Ordering::Relaxed);
        }
        Ok(taken == 1)
    }
}

impl Drop for Stray {
    fn drop(&mut self) {
        if tokio::runtime::Handle::try_current().is_err() {
            return;
        }
        let (key, files, db) = (
            std::mem::take(&mut self.key),
            self.files.clone(),
            self.db.clone(),
        );
        let adopted = *self.adopted.get_mut();
        self.tracker.spawn(async move {
            let work = async {
                let mut conn = db.connection().await?;
                if !adopted {
                    // Nothing refers to it, and its note may be gone: it can have come after the job.
                    note_again(&mut conn, &key).await?;
                }
                remove(&mut conn, &files, &key).await
            };
            if let Err(problem) = work.await {
                tracing::warn!(%problem, "an object to which nothing refers is left to the job");
            }
        });
    }
}

async fn note_again(conn: &mut Connection, key: &str) -> QueryResult<()> {
    diesel::insert_into(stray_files::table)
        .values((
            stray_files::key.eq(key),
            stray_files::due.eq(crate::clock::now()),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await
        .map(drop)
}

/// Removes the object `key`, if it is a stray.
async fn remove(conn: &mut Connection, files: &Files, key: &str) -> Result<(), Problem> {
    begin(conn).await?;
    let found = stray_files::table
        .find(key)
        .select(stray_files::key)
        .for_update()
        .first::<String>(conn)
        .await
        .optional();
    match found {
        Ok(Some(key)) => end_of(conn, files, &key, crate::clock::now())
            .await
            .map(drop),
        Ok(None) => rollback(conn).await,
        Err(error) => {
            rollback(conn).await?;
            Err(error.into())
        }
    }
}

/// What came of the objects that were due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// So many are removed.
    pub removed: usize,
    /// So many could not be removed, and are tried again later.
    pub left: usize,
}

/// Removes the objects that are due.
pub async fn sweep(
    conn: &mut Connection,
    files: &Files,
    now: DateTime<Utc>,
) -> Result<Swept, Problem> {
    let mut swept = Swept::default();
    loop {
        begin(conn).await?;
        let found = stray_files::table
            .filter(stray_files::due.le(now))
            .order(stray_files::due)
            .select(stray_files::key)
            .for_update()
            .skip_locked()
            .first::<String>(conn)
            .await
            .optional();
        match found {
            Ok(Some(key)) => match end_of(conn, files, &key, now).await? {
                true => swept.removed += 1,
                false => swept.left += 1,
            },
            Ok(None) => return rollback(conn).await.map(|()| swept),
            Err(error) => {
                rollback(conn).await?;
                return Err(error.into());
            }
        }
    }
}

/// Removes an object whose note this transaction has locked, then the note; or notes when to try again.
async fn end_of(
    conn: &mut Connection,
    files: &Files,
    key: &str,
    now: DateTime<Utc>,
) -> Result<bool, Problem> {
    let removed = tokio::time::timeout(REMOVAL, files.remove(key)).await;
    let removed = matches!(removed, Ok(Ok(())));
    let note = stray_files::table.find(key);
    let noted = if removed {
        diesel::delete(note).execute(conn).await
    } else {
        diesel::update(note)
            .set(stray_files::due.eq(now + AGAIN))
            .execute(conn)
            .await
    };
    if let Err(error) = noted {
        rollback(conn).await?;
        return Err(error.into());
    }
    commit(conn).await.map(|()| removed)
}
