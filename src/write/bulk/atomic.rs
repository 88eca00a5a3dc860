//! All lines or none, in one transaction: nothing is told as stored before it is committed, and when a line fails every
//! line says so.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::batch::{Entries, Told, foresee, store};
use super::lines::Received;
use super::{Bulk, BulkOutcome, Outlet};
use crate::db::{Connection, begin, commit, rollback};
use crate::problem::{Code, Fault, Problem, Rule};
use crate::resource::ByRef;

/// After how many failed lines no more are read: nothing will be stored, and these are enough to mend.
const PROBLEMS: usize = 500;

/// Most lines: what came of each is kept until all are stored.
const MAX_LINES: usize = 100_000;

/// Results are handed over by so many lines.
const PAGE: usize = 500;

/// Stores all batches in one transaction.
pub async fn run<R: ByRef>(work: Bulk<R>, mut received: mpsc::Receiver<Received>, outlet: Outlet) {
    let mut all = Lines::new();
    let stored = store_all(&work, &mut received, &mut all).await;
    // No more is read: what is still to come would be told as not stored, and all of it kept until then.
    drop(received);
    let stopped = match stored {
        Ok(true) => None,
        Ok(false) => Some(Problem::new(Code::BulkUndone)),
        Err(problem) => Some(problem),
    };
    work.count(all.lines.iter().map(|kept| match stopped {
        None => kept.result,
        Some(_) => BulkOutcome::Failed,
    }));
    let mut page = Vec::new();
    let mut problems = all.problems.into_iter().peekable();
    for (index, kept) in all.lines.into_iter().enumerate() {
        let own = problems.next_if(|(line, _)| *line == kept.line);
        let told = match (&stopped, own) {
            (_, Some((line, problem))) => Told::failed(line, problem),
            (Some(problem), None) => Told::failed(kept.line, problem.clone()),
            (None, None) => Told {
                line: kept.line,
                result: kept.result,
                stored: kept.stored,
                problem: None,
            },
        };
        work.written(told, &mut page);
        if (index + 1) % PAGE == 0 && !outlet.send(std::mem::take(&mut page)).await {
            return;
        }
    }
    outlet.send(page).await;
}

/// What came of a line, in a few bytes.
struct Kept<I> {
    line: u64,
    result: BulkOutcome,
    stored: Option<(I, i64)>,
}

impl<I> Kept<I> {
    fn failed(line: u64) -> Self {
        Self {
            line,
            result: BulkOutcome::Failed,
            stored: None,
        }
    }
}

/// What came of the lines so far.
struct Lines<I> {
    lines: Vec<Kept<I>>,
    problems: Vec<(u64, Problem)>,
    has_failed: bool,
}

impl<I> Lines<I> {
    fn new() -> Self {
        Self {
            lines: Vec::new(),
            problems: Vec::new(),
            has_failed: false,
        }
    }

    fn push(&mut self, told: Told<I>) {
        if let Some(problem) = told.problem {
            self.has_failed = true;
            self.problems.push((told.line, problem));
        }
        self.lines.push(Kept {
            line: told.line,
            result: told.result,
            stored: told.stored,
        });
    }
}

/// Whether all of it is stored, for good; in a dry run: would be.
async fn store_all<R: ByRef>(
    work: &Bulk<R>,
    received: &mut mpsc::Receiver<Received>,
    all: &mut Lines<R::Id>,
) -> Result<bool, Problem> {
    let settings = &work.ask.app.config.settings;
    let deadline = Instant::now() + Duration::from_secs(settings.export_timeout);
    let mut conn = work.ask.app.db.bulk_connection().await?;
    begin(&mut conn).await?;
    let outcome = receive(&mut conn, work, received, all, deadline).await;
    match outcome {
        Ok(()) if !all.has_failed && !work.dry_run => commit(&mut conn).await.map(|()| true),
        Ok(()) => rollback(&mut conn).await.map(|()| !all.has_failed),
        Err(problem) => {
            if let Err(error) = rollback(&mut conn).await {
                tracing::warn!(%error, "a bulk could not be rolled back; its connection is closed");
            }
            Err(problem)
        }
    }
}

/// Stores what comes, to the end of the body.
async fn receive<R: ByRef>(
    conn: &mut Connection,
    work: &Bulk<R>,
    received: &mut mpsc::Receiver<Received>,
    all: &mut Lines<R::Id>,
    deadline: Instant,
) -> Result<(), Problem> {
    let mut entries = Entries::new(work.clone());
    loop {
        let next = timeout_at(deadline, received.recv()).await;
        let next = next.map_err(|_| Problem::new(Code::Timeout))?;
        match next {
            Some(Received::Lines(mut batch)) => {
                let room = MAX_LINES.saturating_sub(all.lines.len());
                let beyond = batch.0.get(room).map(|line| line.number);
                batch.0.truncate(room);
                let entries = entries.of(batch);
                foresee::<R>(&entries).await;
                let stored = store(conn, work, &entries).await;
                if stored.is_err() {
                    let failed = entries.iter().map(|entry| Kept::failed(entry.line));
                    all.lines.extend(failed);
                }
                stored?.into_iter().for_each(|told| all.push(told));
                if let Some(line) = beyond {
                    let fault = Fault::at("", Rule::TooManyLines).with("limit", MAX_LINES);
                    all.push(Told::failed(line, Problem::fault(fault)));
                    return Ok(());
                }
                if all.problems.len() >= PROBLEMS {
                    return Ok(());
                }
                if work.ask.app.is_stopping() {
                    return Err(Problem::new(Code::Unavailable));
                }
            }
            Some(Received::Broken(line, problem)) => {
                all.push(Told::failed(line, problem));
                return Ok(());
            }
            Some(Received::End) => return Ok(()),
            // The client has gone in the middle of it.
            None => return Err(Problem::new(Code::RequestTimeout).with("seconds", "a few")),
        }
    }
}
