//! The one write path: conditional requests, idempotency, dry runs, no-ops, events, answers.
//!
//! The order in which a request is looked at, so that every answer is the most useful one:
//! role (403), body (408, 413, 415, 400 for what is no JSON), the thing itself (404), rights (403), `If-Match`
//! (428, 412), all faults of the body at once (400), conflicts with what is stored (409).
//!
//! The work runs in a task of its own, because the framework drops a handler when its client hangs up: what
//! was begun is ended, and its answer kept with the Idempotency-Key. Everything of one write is one
//! transaction: the key, the change, its event, the kept answer.

mod body;
mod idempotency;

use std::marker::PhantomData;

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use actix_web::web::Payload;
use serde_json::{Map, Value, json};

use crate::auth::Caller;
use crate::column::words;
use crate::contract::Contract;
use crate::db::{Connection, begin, commit, rollback};
use crate::events::{self, Author, Event, Happening, record, was_edited};
use crate::policy::{Action, allows, ever_allows};
use crate::problem::{Code, Fault, Faults, Problem, Rule, meaning_of};
use crate::read::{Answer, bytes, http_date};
use crate::request::{Ask, etag};
use crate::resource::{Check, Known, Lock, Meta, References, Resource};

pub use body::{ACCEPT_PATCH, MediaType, read, read_json};
pub use idempotency::forget_old_keys;

/// The media type of what a dry run answers: another shape than the thing itself.
pub const DRY_RUN: &str = "application/vnd.iuc.dry-run+json";

/// How often a transaction is tried when it meets others at the same place.
const ATTEMPTS: usize = 3;

/// What a write is to do.
enum Job {
    Create(Value),
    Replace(Value),
    MergePatch(Value),
    JsonPatch(Value),
    Delete,
}

impl Job {
    fn action(&self) -> Action {
        match self {
            Self::Create(_) => Action::Create,
            Self::Delete => Action::Delete,
            _ => Action::Change,
        }
    }
}

/// The parameters of a write.
#[derive(Clone, Debug, Default, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WriteParams {
    /// Runs everything, stores nothing, and answers what would be stored.
    #[serde(default)]
    #[param(default = false)]
    pub dryrun: Option<bool>,
}

/// What a dry run answers.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub struct DryRun<T> {
    /// What would be stored; null for a deletion.
    pub result: Option<T>,
    /// JSON Patch (RFC 6902) from what is stored now to that.
    #[schema(max_items = 10_000)]
    pub diff: Vec<PatchOperation>,
    /// The events that would be recorded; none when nothing would change.
    #[schema(max_items = 100)]
    pub events: Vec<Event>,
}

/// An operation of a JSON Patch (RFC 6902, section 4).
#[derive(serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatchOperation {
    /// What to do.
    pub op: PatchVerb,
    /// JSON Pointer (RFC 6901) to the place.
    #[schema(max_length = 1000, pattern = "^(/.*)?$")]
    pub path: String,
    /// JSON Pointer to where a value is moved or copied from.
    #[schema(max_length = 1000, pattern = "^(/.*)?$", nullable = false)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The value to add, put or test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

words! {
    /// A verb of a JSON Patch.
    PatchVerb {
        /// Puts a value where there was none, or before an entry of a list.
        Add = "add",
        /// Takes a value out.
        Remove = "remove",
        /// Puts another value in the place of one.
        Replace = "replace",
        /// Takes a value out and adds it elsewhere.
        Move = "move",
        /// Adds a value again elsewhere.
        Copy = "copy",
        /// Fails the whole patch unless the value stands there.
        Test = "test",
    }
}

/// A write as stored, before it becomes an HTTP answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    status: StatusCode,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// Something done to a body before the write path sees it, outside any transaction: slow things, such as hashing a
/// password. It may already find faults, which are told with all others.
pub trait Beforehand: AsyncFnOnce(Ask, Value) -> Result<(Value, Faults), Problem> {}

impl<F: AsyncFnOnce(Ask, Value) -> Result<(Value, Faults), Problem>> Beforehand for F {}

async fn nothing(_: Ask, value: Value) -> Result<(Value, Faults), Problem> {
    Ok((value, Faults::new()))
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
    let value = read_json(&mut ask, payload, &[MediaType::Json]).await?.1;
    let (value, faults) = beforehand(ask.clone(), value).await?;
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
    let value = read_json(&mut ask, payload, &[MediaType::Json]).await?.1;
    let (value, faults) = beforehand(ask.clone(), value).await?;
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
    let (media_type, value) = read_json(
        &mut ask,
        payload,
        &[MediaType::MergePatch, MediaType::JsonPatch],
    )
    .await?;
    let (value, faults) = beforehand(ask.clone(), value).await?;
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
    if ever_allows(ask.caller.role, action, R::THING) {
        Ok(())
    } else {
        Err(forbidden(&ask.caller))
    }
}

fn forbidden(caller: &Caller) -> Problem {
    Problem::new(Code::Forbidden).with("role", caller.role)
}

async fn perform<R: Resource>(ask: Ask, job: Job, faults: Faults) -> Answer {
    let params: WriteParams = ask.parameters()?;
    let dry_run = params.dryrun.unwrap_or_default();
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
    let (tracker, mut minimal) = (ask.app.writes.clone(), ask.prefers_minimal());
    minimal &= !dry_run;
    let task = tracker.spawn(async move {
        let author = Author {
            by: ask.caller.user,
            at: crate::clock::now(),
            request_id: ask.request_id.clone(),
            address: ask.address.clone(),
        };
        let mut attempt = 1;
        loop {
            match attempt_once(&ask, &author, dry_run, &work).await {
                Err(problem) if problem.code() == Code::Busy && attempt < ATTEMPTS => attempt += 1,
                outcome => return outcome,
            }
        }
    });
    let (stored, replayed) = task.await.map_err(|error| {
        tracing::error!(%error, "a write panicked");
        Problem::new(Code::Internal)
    })??;
    Ok(stored.into_response(replayed, minimal))
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
            }
            Err(problem)
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
    let before = match job {
        Job::Create(_) => None,
        _ => Some(existing::<R>(conn, ask, job.action()).await?),
    };
    if matches!(job, Job::Delete) {
        let Some(before) = before else {
            return Err(Problem::new(Code::NotFound));
        };
        return remove(conn, author, before, dry_run).await;
    }
    let way = Way {
        contract: ask.app.contract,
        caller: &ask.caller,
        author,
    };
    match way.apply::<R>(conn, job, before, &what.faults).await? {
        Applied::Unchanged(item) => Stored::of(
            StatusCode::OK,
            &item,
            &[],
            dry_run.then_some(Value::Array(Vec::new())),
        ),
        Applied::Written(written) => {
            let Written { item, event } = *written;
            let created = event.action == Happening::Created;
            let status = if created && !dry_run {
                StatusCode::CREATED
            } else {
                StatusCode::OK
            };
            let diff = dry_run.then(|| event.change().clone());
            let mut stored = Stored::of(status, &item, std::slice::from_ref(&event), diff)?;
            if created && !dry_run {
                stored.headers.push((
                    "location".into(),
                    ask.app.url(&format!("/v1{}/{}", R::PATH, item.id())),
                ));
            }
            Ok(stored)
        }
    }
}

/// What came of applying a body.
enum Applied<R> {
    /// It is what is stored already: no version, no event.
    Unchanged(R),
    /// It was stored.
    Written(Box<Written<R>>),
}

/// What was stored, and the event that tells of it.
struct Written<R> {
    item: R,
    event: Event,
}

/// The way of every body into the database, from HTTP and from the programme's files alike.
struct Way<'a> {
    contract: &'a Contract,
    caller: &'a Caller,
    author: &'a Author,
}

impl Way<'_> {
    async fn apply<R: Resource>(
        &self,
        conn: &mut Connection,
        job: &Job,
        before: Option<R>,
        found: &Faults,
    ) -> Result<Applied<R>, Problem> {
        let mut faults = found.clone();
        let mut item = decode::<R>(self.contract, job, before.as_ref(), found)?;
        let mut references = References::default();
        item.references(&mut references);
        let mut known = references.resolve(conn, self.caller, &mut faults).await?;
        let mut references = References::default();
        item.further_references(&known, &mut references);
        references
            .resolve_into(&mut known, conn, self.caller, &mut faults)
            .await?;
        self.settle(&mut item, before.as_ref(), &known, &mut faults)?;
        item.consult(conn, &mut faults).await?;
        faults.into_result()?;
        if let Some(before) = before.as_ref().filter(|before| **before == item) {
            return Ok(Applied::Unchanged(before.clone()));
        }
        let at = self.author.at;
        let (version, created_at) = before
            .as_ref()
            .map(R::meta)
            .map_or((1, at), |meta| (meta.version + 1, meta.created_at));
        item.stamp(Meta {
            version,
            created_at,
            updated_at: at,
        });
        let written = match &before {
            None => item.insert(conn, self.author).await,
            Some(before) => item.update(conn, before, self.author).await,
        };
        written.map_err(|error| meaning_of(error.into(), R::THING))?;
        let happening = if before.is_some() {
            Happening::Updated
        } else {
            Happening::Created
        };
        let event = event_of(self.author, happening, before.as_ref(), Some(&item))?;
        record(conn, &event).await?;
        Ok(Applied::Written(Box::new(Written { item, event })))
    }

    /// Ids, derived fields and rules; and whether the caller may have it as it would become.
    fn settle<R: Resource>(
        &self,
        item: &mut R,
        before: Option<&R>,
        known: &Known,
        faults: &mut Faults,
    ) -> Result<(), Problem> {
        item.prepare(before, known, faults);
        if let Some(before) = before
            && before.id() != item.id()
        {
            faults.push(Fault::at("/id", Rule::Immutable));
        }
        let action = if before.is_some() {
            Action::Change
        } else {
            Action::Create
        };
        if allows(
            self.caller.role,
            action,
            R::THING,
            item.relation(self.caller),
        )
        .is_none()
        {
            return Err(forbidden(self.caller));
        }
        item.check(
            &Check {
                before,
                caller: self.caller,
                known,
            },
            faults,
        );
        Ok(())
    }
}

/// Makes a new `R` from the command line, in the caller's transaction.
pub async fn create_account<R: Resource>(
    conn: &mut Connection,
    contract: &Contract,
    author: &Author,
    value: Value,
) -> Result<(), Problem> {
    let way = Way {
        contract,
        caller: &Caller::PROGRAMME,
        author,
    };
    way.apply::<R>(conn, &Job::Create(value), None, &Faults::new())
        .await
        .map(drop)
}

/// What came of storing an item of the programme's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was made.
    Created,
    /// It was changed to what the file says.
    Updated,
    /// It stood there already.
    Unchanged,
    /// Somebody has edited or deleted it since it was loaded: that stays.
    Kept,
}

/// Stores an item of the programme's files, in the caller's transaction. Fields that the file does not name keep
/// what is stored.
pub async fn store<R: Resource>(
    conn: &mut Connection,
    contract: &Contract,
    author: &Author,
    value: Value,
) -> Result<Outcome, Problem> {
    let way = Way {
        contract,
        caller: &Caller::PROGRAMME,
        author,
    };
    let nothing = Faults::new();
    let new = decode::<R>(contract, &Job::Create(value.clone()), None, &nothing)?;
    let key = new.file_key();
    let before = match events::find_loaded(conn, R::THING, &key).await? {
        Some(id) => match R::find_by_text(conn, &id).await? {
            Some(before) => Some(before),
            None => return Ok(Outcome::Kept),
        },
        None => R::find_by_text(conn, &key).await?,
    };
    if let Some(before) = &before
        && was_edited(conn, R::THING, &before.id().to_string()).await?
    {
        return Ok(Outcome::Kept);
    }
    let job = match &before {
        None => Job::Create(value),
        Some(before) => {
            let mut merged = to_object(before)?;
            merged.extend(value.as_object().cloned().unwrap_or_default());
            Job::Replace(Value::Object(merged))
        }
    };
    let is_new = before.is_none();
    Ok(match way.apply::<R>(conn, &job, before, &nothing).await? {
        Applied::Unchanged(_) => Outcome::Unchanged,
        Applied::Written(written) if is_new => {
            events::note_loaded(conn, R::THING, &key, &written.item.id().to_string()).await?;
            Outcome::Created
        }
        Applied::Written(_) => Outcome::Updated,
    })
}

/// The stored thing, locked, when the caller may do this with it and has seen its present state.
async fn existing<R: Resource>(
    conn: &mut Connection,
    ask: &Ask,
    action: Action,
) -> Result<R, Problem> {
    let id = ask.id::<R>()?;
    let before = R::find(conn, &ask.caller, &id, Lock::ForChange)
        .await?
        .ok_or(Problem::new(Code::NotFound))?;
    if allows(
        ask.caller.role,
        action,
        R::THING,
        before.relation(&ask.caller),
    )
    .is_none()
    {
        return Err(forbidden(&ask.caller));
    }
    ask.check_if_match(&etag(before.meta()))?;
    Ok(before)
}

/// The body as an `R`, with every fault of its shape told at once.
fn decode<R: Resource>(
    contract: &Contract,
    job: &Job,
    before: Option<&R>,
    found: &Faults,
) -> Result<R, Problem> {
    let stored = before.map(to_object).transpose()?;
    let mut value = match (job, &stored) {
        (Job::Create(value) | Job::Replace(value), _) => value.clone(),
        (Job::MergePatch(patch), Some(stored)) => {
            contract
                .check(&format!("{}Patch", R::name()), patch)
                .into_result()?;
            let mut value = Value::Object(stored.clone());
            json_patch::merge(&mut value, patch);
            value
        }
        (Job::JsonPatch(patch), Some(stored)) => body::apply(contract, patch, stored)?,
        _ => return Err(Problem::new(Code::Internal)),
    };
    let read_only = contract.read_only(&R::name());
    let mut faults = body::take_read_only(&mut value, stored.as_ref(), read_only);
    faults.extend(contract.check(&format!("{}Write", R::name()), &value));
    if !faults.is_empty() {
        faults.extend(found.clone());
    }
    faults.into_result()?;
    if let (Value::Object(object), Some(stored)) = (&mut value, stored) {
        for name in read_only.iter().map(String::as_str).chain(["id"]) {
            if let Some(kept) = stored.get(name) {
                object.entry(name).or_insert_with(|| kept.clone());
            }
        }
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string().replace('.', "/");
        tracing::warn!(%error, "a body that the contract lets pass does not fit its type");
        Problem::fault(
            Fault::at(format!("/{path}"), Rule::WrongType)
                .with("expected", "what the OpenAPI document says"),
        )
    })
}

async fn remove<R: Resource>(
    conn: &mut Connection,
    author: &Author,
    before: R,
    dry_run: bool,
) -> Result<Stored, Problem> {
    R::delete(conn, &before.id())
        .await
        .map_err(|error| meaning_of(error.into(), R::THING))?;
    let event = event_of(author, Happening::Deleted, Some(&before), None)?;
    record(conn, &event).await?;
    if dry_run {
        let answer = json!({"result": null, "diff": event.change(), "events": [event]});
        return Ok(Stored {
            status: StatusCode::OK,
            headers: vec![content_type(DRY_RUN)],
            body: bytes(&answer)?,
        });
    }
    Ok(Stored {
        status: StatusCode::NO_CONTENT,
        headers: Vec::new(),
        body: Vec::new(),
    })
}

fn event_of<R: Resource>(
    author: &Author,
    happening: Happening,
    before: Option<&R>,
    after: Option<&R>,
) -> Result<Event, Problem> {
    let json = |item: Option<&R>| {
        item.map(serde_json::to_value)
            .transpose()
            .map(Option::unwrap_or_default)
    };
    let unfit = |error| {
        tracing::error!(%error, "a thing could not be put into JSON");
        Problem::new(Code::Internal)
    };
    let (old, new) = (json(before).map_err(unfit)?, json(after).map_err(unfit)?);
    let change = serde_json::to_value(json_patch::diff(&old, &new)).map_err(unfit)?;
    let Some(subject) = after.or(before) else {
        return Err(Problem::new(Code::Internal));
    };
    let mut cities = subject.cities();
    cities.extend(before.map(R::cities).unwrap_or_default());
    cities.sort_unstable();
    cities.dedup();
    let version = subject.meta().version + i64::from(happening == Happening::Deleted);
    Ok(Event::new(
        author,
        R::THING,
        subject.id().to_string(),
        happening,
        version,
        cities,
        change,
    ))
}

fn to_object<R: Resource>(item: &R) -> Result<Map<String, Value>, Problem> {
    match serde_json::to_value(item) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(Problem::new(Code::Internal)),
    }
}

fn content_type(media_type: &str) -> (String, String) {
    ("content-type".into(), media_type.into())
}

impl Stored {
    /// The answer to a write that left `item`; with `diff`, the answer to a dry run.
    fn of<R: Resource>(
        status: StatusCode,
        item: &R,
        events: &[Event],
        diff: Option<Value>,
    ) -> Result<Self, Problem> {
        let meta = item.meta();
        let mut headers = Vec::new();
        let body = match diff {
            Some(diff) => {
                headers.push(content_type(DRY_RUN));
                bytes(&json!({"result": item, "diff": diff, "events": events}))?
            }
            None => {
                headers.push(content_type("application/json"));
                headers.push(("etag".into(), etag(meta)));
                headers.push(("last-modified".into(), http_date(meta.updated_at)));
                bytes(item)?
            }
        };
        Ok(Self {
            status,
            headers,
            body,
        })
    }

    /// An answer of another kind than a stored thing.
    pub fn answer(status: StatusCode, headers: Vec<(String, String)>, body: Vec<u8>) -> Self {
        Self {
            status,
            headers,
            body,
        }
    }

    fn into_response(self, replayed: bool, minimal: bool) -> HttpResponse {
        let spared = minimal && !self.body.is_empty();
        let status = if spared && self.status == StatusCode::OK {
            StatusCode::NO_CONTENT
        } else {
            self.status
        };
        let mut response = HttpResponse::build(status);
        for (name, value) in self.headers {
            if !(spared && name == "content-type") {
                response.insert_header((name, value));
            }
        }
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if replayed {
            response.insert_header(("Idempotent-Replayed", "true"));
        }
        if spared {
            response.insert_header(("Preference-Applied", "return=minimal"));
            return response.finish();
        }
        response.body(self.body)
    }
}
