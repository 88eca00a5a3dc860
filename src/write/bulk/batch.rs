//! A batch of lines on its way into the database: what they stand for is looked up at once, they are checked and stored
//! together, by the way of every write; and where the database refuses that, one by one, so that each line is told what
//! is wrong with it alone.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use actix_web::http::header::IF_NONE_MATCH;
use serde_json::Value;

use super::lines::{Batch, Line};
use super::{Bulk, BulkOutcome};
use crate::body::{Sent, parse};
use crate::db::{Connection, begin, commit, rollback};
use crate::events::Happening;
use crate::ids::CityId;
use crate::places::ExternalRef;
use crate::policy::{Action, allows};
use crate::problem::{Code, Fault, Faults, Problem, Rule};
use crate::request::{etag, precondition_failed};
use crate::resource::{ByRef, is_named};
use crate::write::author_of;
use crate::write::by_ref::{cities_in, find_locked, with_reference};
use crate::write::way::{Applied, Change, Job, Way, keep_all};

/// How long a batch that could not be stored waits before it is tried again; each time longer.
const PAUSE: Duration = Duration::from_millis(250);

/// How often it is tried.
const ATTEMPTS: u32 = 4;

/// A line, read: what it says, and by which key of which city.
pub struct Entry {
    pub line: u64,
    pub said: Result<Said, Problem>,
}

/// What a line says.
pub struct Said {
    job: Job,
    /// By which key of which city, where it says so.
    key: Option<(CityId, ExternalRef)>,
    /// What is wrong with it as a line: it is judged all the same, so that the rest is told too.
    found: Faults,
}

/// Does the slow work on lines before their transaction.
pub async fn foresee<R: ByRef>(entries: &[Entry]) {
    for said in entries.iter().flat_map(|entry| &entry.said) {
        if let Some(body) = said.job.body() {
            R::foresee(body).await;
        }
    }
}

/// What came of a line.
pub struct Told<I> {
    pub line: u64,
    pub result: BulkOutcome,
    /// Id and version of the thing.
    pub stored: Option<(I, i64)>,
    pub problem: Option<Problem>,
}

impl<I> Told<I> {
    /// Of a line that is not stored.
    pub fn failed(line: u64, problem: Problem) -> Self {
        Self {
            line,
            result: BulkOutcome::Failed,
            stored: None,
            problem: Some(problem),
        }
    }

    fn of<R: ByRef<Id = I>>(line: u64, outcome: Result<Applied<R>, Problem>) -> Self {
        let (result, item) = match &outcome {
            Err(problem) => return Self::failed(line, problem.clone()),
            Ok(Applied::Unchanged(item)) => (BulkOutcome::Unchanged, item),
            Ok(Applied::Written(written)) => match written.happening {
                Happening::Created => (BulkOutcome::Created, &written.item),
                _ => (BulkOutcome::Updated, &written.item),
            },
        };
        Self {
            line,
            result,
            stored: Some((item.id(), item.meta().version)),
            problem: None,
        }
    }
}

/// Of how many lines it is remembered at least which key they had.
const REMEMBERED: usize = 100_000;

/// Reads lines as what they say. Which key stood in which line is remembered by a hash of a few bytes, and forgotten when
/// it is long ago: then the line is stored already.
pub struct Entries<R> {
    work: Bulk<R>,
    hasher: RandomState,
    seen: HashMap<u64, u64>,
    seen_before: HashMap<u64, u64>,
}

impl<R: ByRef> Entries<R> {
    pub fn new(work: Bulk<R>) -> Self {
        Self {
            work,
            hasher: RandomState::new(),
            seen: HashMap::new(),
            seen_before: HashMap::new(),
        }
    }

    /// What the lines say.
    pub fn of(&mut self, batch: Batch) -> Vec<Entry> {
        let entries = batch.0.into_iter().map(|Line { number, text }| {
            let said = text
                .and_then(|text| self.read(&text))
                .map(|said| self.only_once(number, said));
            Entry { line: number, said }
        });
        entries.collect()
    }

    fn read(&self, text: &[u8]) -> Result<Said, Problem> {
        let Sent {
            value: body,
            faults: mut found,
        } = parse(text)?;
        let part = |name: &str| {
            let pointer = format!("/external_refs/0/{name}");
            body.pointer(&pointer)?.as_str().map(str::to_owned)
        };
        let reference = part("system").zip(part("key"));
        let reference = reference.map(|(system, key)| ExternalRef {
            system,
            key,
            city: None,
        });
        let city = match self.work.refs.city(&self.work.ask.caller)? {
            Some(city) => Some(city),
            None => cities_in::<R>(&body).next(),
        };
        let mut lacking = Vec::new();
        if reference.is_none() {
            lacking.push("/external_refs/0");
        }
        if city.is_none() {
            lacking.extend(R::CITIES.first());
        }
        found.extend(self.lacks(&body, lacking));
        let key = city.zip(reference);
        let body = match &key {
            Some((city, reference)) => with_reference::<R>(body, Some(city), reference, None),
            None => body,
        };
        Ok(Said {
            job: Job::Replace(body),
            key,
            found,
        })
    }

    /// That a line lacks what other bodies may do without: told where the contract finds nothing wrong already.
    fn lacks(&self, body: &Value, places: Vec<&str>) -> Faults {
        if places.is_empty() {
            return Faults::new();
        }
        let contract = self.work.ask.app.contract;
        let told = contract.check(&format!("{}Write", R::name()), body);
        let is_told = |place: &&str| {
            let list = place.trim_end_matches("/0");
            let mut told = told.iter().filter_map(Fault::pointer);
            told.any(|told| told.is_empty() || told.starts_with(list))
        };
        let places = places.into_iter().filter(|place| !is_told(place));
        places
            .map(|place| Fault::at(place, Rule::Required))
            .collect()
    }

    /// A key stands in one line only: two would race each other.
    fn only_once(&mut self, line: u64, mut said: Said) -> Said {
        // What cannot be read may be meant for another.
        let Some((city, reference)) = said.key.as_ref().filter(|_| said.found.is_empty()) else {
            return said;
        };
        let key = (city, &reference.system, &reference.key);
        let hash = self.hasher.hash_one(key);
        if self.seen.len() >= REMEMBERED {
            self.seen_before = std::mem::take(&mut self.seen);
        }
        let first = self.seen.get(&hash).or(self.seen_before.get(&hash));
        match first.copied() {
            None => drop(self.seen.insert(hash, line)),
            Some(first) => {
                let fault = Fault::at("/external_refs/0", Rule::RepeatedReference);
                said.found.push(fault.with("line", first));
            }
        }
        said
    }
}

/// Stores a batch in a transaction of its own, again when it met others; answers the results of its lines, as they are
/// written.
pub async fn store_alone<R: ByRef>(work: Bulk<R>, entries: Vec<Entry>) -> Vec<u8> {
    foresee::<R>(&entries).await;
    let mut attempt = 1;
    let outcome = loop {
        match try_alone(&work, &entries).await {
            Err(problem) if may_pass(&problem) && attempt < ATTEMPTS => {
                tokio::time::sleep(PAUSE * attempt).await;
                attempt += 1;
            }
            outcome => break outcome,
        }
    };
    let told = outcome.unwrap_or_else(|problem| {
        // Nothing of it is known to be stored; what was wrong with a line alone is still that.
        let failed = |entry: &Entry| {
            let own = entry.said.as_ref().err().unwrap_or(&problem);
            Told::failed(entry.line, own.clone())
        };
        entries.iter().map(failed).collect()
    });
    work.count(told.iter().map(|told| told.result));
    let mut lines = Vec::with_capacity(told.len() * 128);
    for told in told {
        work.written(told, &mut lines);
    }
    lines
}

/// Whether the batch may be stored a little later: it met others, waited too long for what they held, or lost the
/// database. Where that was during its commit, it may be stored already: its lines find that out by their keys.
fn may_pass(problem: &Problem) -> bool {
    matches!(
        problem.code(),
        Code::Busy | Code::Timeout | Code::Unavailable | Code::OutcomeUnknown
    )
}

async fn try_alone<R: ByRef>(
    work: &Bulk<R>,
    entries: &[Entry],
) -> Result<Vec<Told<R::Id>>, Problem> {
    if work.ask.app.is_stopping() {
        return Err(Problem::new(Code::Unavailable));
    }
    let mut conn = work.ask.app.db.connection().await?;
    begin(&mut conn).await?;
    let outcome = store(&mut conn, work, entries).await;
    match outcome {
        Ok(told) if !work.dry_run => commit(&mut conn).await.map(|()| told),
        Ok(told) => rollback(&mut conn).await.map(|()| told),
        Err(problem) => {
            if let Err(error) = rollback(&mut conn).await {
                tracing::warn!(%error, "a batch could not be rolled back; its connection is closed");
            }
            Err(problem)
        }
    }
}

/// Stores the lines in the transaction that is open. A problem of a line is its own; one of the database, that of all.
pub async fn store<R: ByRef>(
    conn: &mut Connection,
    work: &Bulk<R>,
    entries: &[Entry],
) -> Result<Vec<Told<R::Id>>, Problem> {
    work.ask.reconfirm(conn).await?;
    let author = author_of(&work.ask);
    let way = Way {
        contract: work.ask.app.contract,
        caller: &work.ask.caller,
        author: &author,
        given: serde_json::Map::new(),
    };
    begin(conn).await?;
    match store_together(conn, &way, work, entries).await {
        Ok(told) => commit(conn).await.map(|()| told),
        Err(problem) => {
            rollback(conn).await?;
            if is_of_all(&problem) {
                return Err(problem);
            }
            let mut told = Vec::new();
            for entry in entries {
                let outcome = match &entry.said {
                    Ok(said) => store_one(conn, &way, work, said).await?,
                    Err(problem) => Err(problem.clone()),
                };
                told.push(Told::of::<R>(entry.line, outcome));
            }
            Ok(told)
        }
    }
}

/// Whether it is a problem of the service, and of no line: the transaction is lost.
fn is_of_all(problem: &Problem) -> bool {
    problem.status().is_server_error() || problem.code() == Code::InvalidToken
}

/// All of the lines at once.
async fn store_together<R: ByRef>(
    conn: &mut Connection,
    way: &Way<'_>,
    work: &Bulk<R>,
    entries: &[Entry],
) -> Result<Vec<Told<R::Id>>, Problem> {
    let said: Vec<&Said> = entries.iter().flat_map(|entry| &entry.said).collect();
    let mut stored = stored::<R>(conn, work, &said).await?;
    let mut changes = Vec::with_capacity(said.len());
    // Of the lines that one thing is known by, the first alone is good: it takes the thing.
    let is_good = |said: &Said| said.found.is_empty();
    let mut judged: Vec<Option<R>> = Vec::with_capacity(said.len());
    for said in &said {
        let key = said.key.as_ref().filter(|_| !is_good(said));
        judged.push(key.and_then(|key| stored.get(key)).cloned());
    }
    for (said, judged) in said.iter().zip(judged) {
        let key = said.key.as_ref().filter(|_| is_good(said));
        let before = key.and_then(|key| stored.remove(key)).or(judged);
        changes.push(begin_one(way, work, said, before));
    }
    let ready = way.make_ready(conn, changes).await?;
    let (mut good, mut outcomes) = (Vec::new(), Vec::new());
    for (change, said) in ready.into_iter().zip(&said) {
        outcomes.push(
            match change.and_then(|change| as_meant(change, work, said)) {
                Ok(change) => {
                    good.push((change.before, change.item));
                    None
                }
                Err(problem) => Some(problem),
            },
        );
    }
    let mut kept = keep_all(conn, way.author, good).await?.into_iter();
    let mut outcomes = outcomes.into_iter().map(|problem| match problem {
        Some(problem) => Err(problem),
        None => kept.next().ok_or(Problem::new(Code::Internal)),
    });
    let told = entries.iter().map(|entry| {
        let outcome = match &entry.said {
            Ok(_) => outcomes.next().unwrap_or(Err(Problem::new(Code::Internal))),
            Err(problem) => Err(problem.clone()),
        };
        Told::of::<R>(entry.line, outcome)
    });
    Ok(told.collect())
}

/// What the lines stand for, locked.
async fn stored<R: ByRef>(
    conn: &mut Connection,
    work: &Bulk<R>,
    said: &[&Said],
) -> Result<HashMap<(CityId, ExternalRef), R>, Problem> {
    let keys = said.iter().filter_map(|said| said.key.as_ref());
    let (mut cities, references): (Vec<CityId>, Vec<&ExternalRef>) = keys
        .map(|(city, reference)| (city.clone(), reference))
        .unzip();
    cities.sort_unstable();
    cities.dedup();
    let named = R::find_named(conn, Some(cities), &references).await?;
    let ids: Vec<R::Id> = named.iter().map(|named| named.id.clone()).collect();
    let found = R::lock_all(conn, &work.ask.caller, ids).await?;
    let mut found: HashMap<R::Id, R> = found.into_iter().map(|it| (it.id(), it)).collect();
    let mut stored = HashMap::new();
    for named in named {
        // What two lines stand for goes one by one, as does what has lost its key meanwhile.
        let item = found
            .remove(&named.id)
            .filter(|item| is_named(item, &named.city, &named.reference));
        let item = item.ok_or(Problem::new(Code::AlreadyExists))?;
        stored.insert((named.city, named.reference), item);
    }
    Ok(stored)
}

fn begin_one<R: ByRef>(
    way: &Way<'_>,
    work: &Bulk<R>,
    said: &Said,
    before: Option<R>,
) -> Result<Change<R>, Problem> {
    let caller = &work.ask.caller;
    if let Some(before) = &before {
        let relation = before.relation(caller);
        if allows(caller.role, Action::Change, R::THING, relation).is_none() {
            return Err(caller.forbidden());
        }
    }
    way.begin(&said.job, before, &said.found)
}

/// What is written for a city stays that of the city. With `If-None-Match: *` nothing is replaced; what says the same as
/// is stored is there already.
fn as_meant<R: ByRef>(
    change: Change<R>,
    work: &Bulk<R>,
    said: &Said,
) -> Result<Change<R>, Problem> {
    let replaced = change.before.as_ref().filter(|it| **it != change.item);
    if let Some(tag) = replaced.map(|before| etag(before.meta()))
        && work.ask.headers.contains_key(IF_NONE_MATCH)
        && work.ask.none_match(&tag)
    {
        return Err(precondition_failed("present", &tag));
    }
    // A line without a key is at fault, and has not come here.
    let (city, _) = said.key.as_ref().ok_or(Problem::new(Code::Internal))?;
    match change.item.cities().contains(city) {
        true => Ok(change),
        false => Err(match work.refs.city {
            Some(_) => {
                let fault = Fault::in_parameter("city", Rule::NotOfCity);
                Problem::fault(fault.with("city", city))
            }
            None => work.ask.caller.forbidden(),
        }),
    }
}

/// One line alone, within a savepoint: what is wrong with it undoes it alone.
async fn store_one<R: ByRef>(
    conn: &mut Connection,
    way: &Way<'_>,
    work: &Bulk<R>,
    said: &Said,
) -> Result<Result<Applied<R>, Problem>, Problem> {
    let mut met = false;
    loop {
        begin(conn).await?;
        match apply_one(conn, way, work, said).await {
            Ok(applied) => return commit(conn).await.map(|()| Ok(applied)),
            Err(problem) => {
                rollback(conn).await?;
                match problem.code() {
                    // It may be there by now, made by somebody else.
                    Code::AlreadyExists if !met => met = true,
                    _ if is_of_all(&problem) => return Err(problem),
                    _ => return Ok(Err(problem)),
                }
            }
        }
    }
}

async fn apply_one<R: ByRef>(
    conn: &mut Connection,
    way: &Way<'_>,
    work: &Bulk<R>,
    said: &Said,
) -> Result<Applied<R>, Problem> {
    let caller = &work.ask.caller;
    let before = match &said.key {
        Some((city, reference)) => find_locked::<R>(conn, caller, Some(city), reference).await?,
        None => None,
    };
    let change = begin_one(way, work, said, before);
    let ready = way.make_ready(conn, vec![change]).await?.pop();
    let change = ready.unwrap_or(Err(Problem::new(Code::Internal)))?;
    let change = as_meant(change, work, said)?;
    let kept = keep_all(conn, way.author, vec![(change.before, change.item)]).await?;
    kept.into_iter().next().ok_or(Problem::new(Code::Internal))
}
