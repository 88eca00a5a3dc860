//! The one write path: conditional requests, idempotency, dry runs, no-ops, events, answers.
//!
//! The order in which a request is looked at, so that every answer is the most useful one:
//! role (403), body (408, 413, 415, 400 for what is no JSON), the thing itself (404), rights (403), `If-Match`
//! (428, 412), all faults of the body at once (400), conflicts with what is stored (409).
//!
//! The work runs in a task of its own, because the framework drops a handler when its client hangs up: what
//! was begun is ended, and its answer kept with the Idempotency-Key. Everything of one write is one
//! transaction: the key, the change, its event, the kept answer.

mod act;
mod answer;
mod body;
mod bulk;
mod by_ref;
mod conflict;
mod idempotency;
mod way;
mod words;

use std::marker::PhantomData;

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use serde_json::Value;
use tracing::Instrument;

use crate::body::Sent;
use crate::db::{Connection, begin, commit, patiently, rollback};
use crate::events::{Author, Happening};
use crate::policy::{Action, allows, ever_allows};
use crate::problem::{Code, Faults, Problem, meaning_of};
use crate::read::Answer;
use crate::request::{Ask, etag};
use crate::resource::{Resource, name_referrers};

use conflict::{MERGE, bring_together};
use way::{Applied, Job, Way, tell, told};

pub use act::{Deed, Doing, Done, act, act_without_body, look_at, open};
pub use answer::{DryRun, PatchOperation, PatchVerb, Stored};
pub use body::{ACCEPT_PATCH, MediaType, read, read_json};
pub use bulk::{BulkOutcome, BulkParams, BulkResult, bulk};
pub use by_ref::{delete_by_ref, put_by_ref};
pub use idempotency::forget_old_keys;
pub use way::{Outcome, change, create_account, event_of, store};
pub use words::find_words;

/// How often a transaction is tried when it meets others at the same place.
const ATTEMPTS: usize = 3;

/// The parameters of a write.
#[derive(Clone, Debug, Default, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WriteParams {
    /// Runs everything, stores nothing, and answers what would be stored.
    #[serde(default)]
    #[param(default = false)]
    pub dryrun: Option<bool>,
}

/// Whether the request is a dry run.
pub fn is_dry_run(ask: &Ask) -> Result<bool, Problem> {
    let params: WriteParams = ask.parameters()?;
    Ok(params.dryrun.unwrap_or_default())
}

/// Something done to a body before the write path sees it, outside any transaction: slow things, such as hashing a
/// password. It may already find faults, which are told with all others.
pub trait Beforehand: AsyncFnOnce(Ask, Value) -> Result<(Value, Faults), Problem> {}

impl<F: AsyncFnOnce(Ask, Value) -> Result<(Value, Faults), Problem>> Beforehand for F {}

async fn nothing(_: Ask, value: Value) -> Result<(Value, Faults), Problem> {
    Ok((value, Faults::new()))
}

/// The body, and what is known to be wrong with it.
async fn prepared(
    ask: &Ask,
    sent: Sent,
    beforehand: impl Beforehand,
) -> Result<(Value, Faults), Problem> {
    let mut faults = sent.faults;
    let (value, found) = beforehand(ask.clone(), sent.value).await?;
    faults.extend_elsewhere(found);
    Ok((value, faults))
}

/// Makes a new `R` of the body.
pub async fn create<R: Resource>(ask: Ask, payload: Payload) -> Answer {
    create_with::<R>(ask, payload, nothing).await
}

/// As [`create`], with something done beforehand.
pub async fn create_with<R: Resource>(
    mut ask: Ask,
    payload: Payload,
    beforehand: impl Beforehand,
) -> Answer {
    permit::<R>(&ask, Action::Create)?;
    let sent = read_json(&mut ask, payload, &[MediaType::Json]).await?.1;
    let (value, faults) = prepared(&ask, sent, beforehand).await?;
    perform::<R>(ask, Job::Create(value), faults).await
}

/// Puts the body in the place of an `R`.
pub async fn replace<R: Resource>(ask: Ask, payload: Payload) -> Answer {
    replace_with::<R>(ask, payload, nothing).await
}

/// As [`replace`], with something done beforehand.
pub async fn replace_with<R: Resource>(
    mut ask: Ask,
    payload: Payload,
    beforehand: impl Beforehand,
) -> Answer {
    permit::<R>(&ask, Action::Change)?;
    let sent = read_json(&mut ask, payload, &[MediaType::Json]).await?.1;
    let (value, faults) = prepared(&ask, sent, beforehand).await?;
    perform::<R>(ask, Job::Replace(value), faults).await
}

/// Changes parts of an `R`, by JSON Merge Patch (RFC 7396) or JSON Patch (RFC 6902).
pub async fn patch<R: Resource>(ask: Ask, payload: Payload) -> Answer {
    patch_with::<R>(ask, payload, nothing).await
}

/// As [`patch`], with something done beforehand.
pub async fn patch_with<R: Resource>(
    mut ask: Ask,
    payload: Payload,
    beforehand: impl Beforehand,
) -> Answer {
    permit::<R>(&ask, Action::Change)?;
    let (media_type, sent) = read_json(
        &mut ask,
        payload,
        &[MediaType::MergePatch, MediaType::JsonPatch],
    )
    .await?;
    let (value, faults) = prepared(&ask, sent, beforehand).await?;
    let job = if media_type == MediaType::JsonPatch {
        Job::JsonPatch(value)
    } else {
        Job::MergePatch(value)
    };
    perform::<R>(ask, job, faults).await
}

/// Removes an `R`.
pub async fn delete<R: Resource>(ask: Ask) -> Answer {
    permit::<R>(&ask, Action::Delete)?;
    perform::<R>(ask, Job::Delete, Faults::new()).await
}

fn permit<R: Resource>(ask: &Ask, action: Action) -> Result<(), Problem> {
    ask.caller.permit(action, R::THING)?;
    if ever_allows(ask.caller.role, action, R::THING) {
        Ok(())
    } else {
        Err(ask.caller.forbidden())
    }
}

async fn perform<R: Resource>(ask: Ask, job: Job, faults: Faults) -> Answer {
    let dry_run = is_dry_run(&ask)?;
    if let Some(body) = job.body() {
        R::foresee(body).await;
    }
    in_transaction(
        ask,
        dry_run,
        Perform {
            job,
            faults,
            dry_run,
            of: PhantomData::<fn() -> R>,
        },
    )
    .await
}

struct Perform<R> {
    job: Job,
    faults: Faults,
    dry_run: bool,
    of: PhantomData<fn() -> R>,
}

impl<R: Resource> AsyncWork for Perform<R> {
    async fn run(
        &self,
        conn: &mut Connection,
        ask: &Ask,
        author: &Author,
    ) -> Result<Stored, Problem> {
        run::<R>(conn, ask, author, self).await
    }
}

/// Runs `work` in a transaction of a task of its own, keyed when the request is, again when it met others.
pub async fn in_transaction<F>(ask: Ask, dry_run: bool, work: F) -> Answer
where
    F: AsyncWork,
{
    let (tracker, mut minimal) = (ask.app.writes.clone(), ask.prefers("return=minimal"));
    minimal &= !dry_run;
    let work = async move {
        let author = author_of(&ask);
        let mut attempt = 1;
        loop {
            match attempt_once(&ask, &author, dry_run, &work).await {
                Err(problem) if problem.code() == Code::Busy && attempt < ATTEMPTS => attempt += 1,
                outcome => return outcome,
            }
        }
    };
    let task = tracker.spawn(work.in_current_span());
    // The task goes on when nobody waits for it any more.
    let outcome = patiently(async {
        task.await.map_err(|error| {
            tracing::error!(%error, "a write panicked");
            Problem::new(Code::Internal)
        })
    });
    let (stored, replayed) = outcome.await??;
    Ok(stored.into_response(replayed, minimal))
}

/// Who is noted as the author of what a request changes now.
fn author_of(ask: &Ask) -> Author {
    Author {
        by: ask.caller.account(),
        client: ask.caller.client,
        city: ask.caller.city.clone(),
        at: crate::clock::now(),
        request_id: ask.request_id.clone(),
        address: ask.address.clone(),
        manner: ask.manner,
    }
}

/// Work of one transaction.
pub trait AsyncWork: Send + Sync + 'static {
    /// Does the work; an error undoes everything.
    fn run(
        &self,
        conn: &mut Connection,
        ask: &Ask,
        author: &Author,
    ) -> impl Future<Output = Result<Stored, Problem>> + Send;
}

async fn attempt_once<F: AsyncWork>(
    ask: &Ask,
    author: &Author,
    dry_run: bool,
    work: &F,
) -> Result<(Stored, bool), Problem> {
    let mut conn = ask.app.db.connection().await?;
    begin(&mut conn).await?;
    let outcome = async {
        let key = if dry_run {
            None
        } else {
            idempotency::key_of(ask)?
        };
        if let Some(key) = &key
            && let Some(stored) = key.claim(&mut conn, author.at).await?
        {
            return Ok((stored, true));
        }
        let stored = work.run(&mut conn, ask, author).await?;
        if let Some(key) = &key {
            key.keep(&mut conn, &stored).await?;
        }
        Ok((stored, false))
    }
    .await;
    match outcome {
        Ok(done) if !dry_run => commit(&mut conn).await.map(|()| done),
        Ok(done) => rollback(&mut conn).await.map(|()| done),
        Err(problem) => {
            if let Err(error) = rollback(&mut conn).await {
                tracing::warn!(%error, "a transaction could not be rolled back; its connection is closed");
                return Err(problem);
            }
            Err(name_referrers(&conn, &ask.caller, &ask.app.referrers, problem).await)
        }
    }
}

async fn run<R: Resource>(
    conn: &mut Connection,
    ask: &Ask,
    author: &Author,
    what: &Perform<R>,
) -> Result<Stored, Problem> {
    let (job, dry_run) = (&what.job, what.dry_run);
    if !R::enter_locked(conn, &ask.caller, ask.parents::<R>()).await? {
        return Err(Problem::new(Code::NotFound));
    }
    let way = Way {
        contract: ask.app.contract,
        caller: &ask.caller,
        author,
        given: ask.given::<R>(),
    };
    if let Job::Create(_) = job {
        let applied = way.apply::<R>(conn, job, None, &what.faults).await?;
        return answered(ask, applied, dry_run);
    }
    let found = R::lock(conn, &ask.caller, &ask.id::<R>()?).await?;
    let before = permitted(ask, found, job.action())?;
    let matched = ask.check_if_match(&etag(before.meta()));
    if let Job::Delete = job {
        matched?;
        return remove(conn, ask, author, before, dry_run).await;
    }
    let rest = (&what.faults, dry_run);
    change_matched(conn, ask, &way, job, (before, matched), rest).await
}

/// Changes what is stored, when it is the state that the request means; else both edits are brought together, where
/// that is wanted and possible.
async fn change_matched<R: Resource>(
    conn: &mut Connection,
    ask: &Ask,
    way: &Way<'_>,
    job: &Job,
    (before, matched): (R, Result<(), Problem>),
    (faults, dry_run): (&Faults, bool),
) -> Result<Stored, Problem> {
    let Err(stale) = matched else {
        let applied = way.apply(conn, job, Some(before), faults).await?;
        return answered(ask, applied, dry_run);
    };
    let both = bring_together(conn, ask, way, job, &before, (stale, faults)).await?;
    let applied = way.apply(conn, &both, Some(before), faults).await?;
    let mut stored = answered(ask, applied, dry_run)?;
    let header = ("preference-applied".to_owned(), MERGE.to_owned());
    stored.headers.push(header);
    Ok(stored)
}

/// What is answered to a write.
fn answered<R: Resource>(
    ask: &Ask,
    mut applied: Applied<R>,
    dry_run: bool,
) -> Result<Stored, Problem> {
    applied.item_mut().fill_for(&ask.caller);
    match applied {
        Applied::Unchanged(item) if dry_run => Stored::of_dry_run(&item, Vec::new()),
        Applied::Unchanged(item) => Stored::of(StatusCode::OK, &item),
        Applied::Written(written) if dry_run => Stored::of_dry_run(&written.item, written.events),
        Applied::Written(written) if written.happening == Happening::Created => {
            let mut stored = Stored::of(StatusCode::CREATED, &written.item)?;
            stored.secret = written.item.secret();
            let id = written.item.id().to_string();
            let own = id.rsplit('/').next().unwrap_or_default();
            let path = format!("/v1{}/{own}", ask.list_path::<R>());
            stored.headers.push(("location".into(), ask.app.url(&path)));
            Ok(stored)
        }
        Applied::Written(written) => Stored::of(StatusCode::OK, &written.item),
    }
}

/// What was found, when it is what the path names, and the caller may do this with it.
fn permitted<R: Resource>(ask: &Ask, found: Option<R>, action: Action) -> Result<R, Problem> {
    let found = found
        .filter(|found| found.parents() == ask.parents::<R>())
        .ok_or(Problem::new(Code::NotFound))?;
    let relation = found.relation(&ask.caller);
    match allows(ask.caller.role, action, R::THING, relation) {
        Some(_) => Ok(found),
        None => Err(ask.caller.forbidden()),
    }
}

async fn remove<R: Resource>(
    conn: &mut Connection,
    ask: &Ask,
    author: &Author,
    before: R,
    dry_run: bool,
) -> Result<Stored, Problem> {
    before.let_go(&ask.caller)?;
    let along = before.take_along(conn, author).await?;
    R::delete(conn, &before.id()).await.map_err(|error| {
        meaning_of(error.into(), R::THING).removing(R::TABLE, before.id().to_string())
    })?;
    let event = event_of(author, Happening::Deleted, Some(&before), None)?;
    let mut events = tell::<R>(conn, author, event, Some(&before), None).await?;
    events.extend(along);
    if dry_run {
        return Stored::of_dry_run(&told(&before, &ask.caller), events);
    }
    Ok(Stored {
        status: StatusCode::NO_CONTENT,
        headers: Vec::new(),
        body: Vec::new(),
        secret: None,
    })
}
