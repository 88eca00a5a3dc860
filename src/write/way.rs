//! The way of every body into the database, from HTTP, from the command line and from the programme's files alike:
//! decoded by the contract, its references read, completed, held against the rules, stored, and told as an event.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::answer::to_object;
use super::body;
use super::words::found;
use crate::auth::Caller;
use crate::contract::Contract;
use crate::db::Connection;
use crate::events::{self, Author, Event, Found, Happening, Patch, was_edited};
use crate::messages::word;
use crate::policy::{Action, Relation, allows};
use crate::problem::{Code, Fault, Faults, Problem, Rule, meaning_of};
use crate::resource::{Check, Known, Meta, References, Resource};

/// What a write is to do, with its body.
pub enum Job {
    /// Make a new thing.
    Create(Value),
    /// Put another in its place.
    Replace(Value),
    /// Change parts of it (RFC 7396).
    MergePatch(Value),
    /// Change parts of it (RFC 6902).
    JsonPatch(Value),
    /// Remove it.
    Delete,
}

impl Job {
    /// Its body.
    pub fn body(&self) -> Option<&Value> {
        match self {
            Self::Create(body) | Self::Replace(body) => Some(body),
            Self::MergePatch(patch) | Self::JsonPatch(patch) => Some(patch),
            Self::Delete => None,
        }
    }

    /// What it does, for the access table.
    pub fn action(&self) -> Action {
        match self {
            Self::Create(_) => Action::Create,
            Self::Delete => Action::Delete,
            _ => Action::Change,
        }
    }
}

/// What came of applying a body.
pub enum Applied<R> {
    /// It is what is stored already: no version, no event.
    Unchanged(R),
    /// It was stored.
    Written(Box<Written<R>>),
}

impl<R> Applied<R> {
    /// The thing as it is now.
    pub fn item_mut(&mut self) -> &mut R {
        match self {
            Self::Unchanged(item) => item,
            Self::Written(written) => &mut written.item,
        }
    }
}

/// What was stored, and the events that tell of it.
pub struct Written<R> {
    /// As it is now.
    pub item: R,
    /// What happened to it.
    pub happening: Happening,
    /// Its event, and those of what changed along with it.
    pub events: Vec<Event>,
}

/// The way of every body into the database, from HTTP and from the programme's files alike.
pub struct Way<'a> {
    /// What bodies are checked against.
    pub contract: &'a Contract,
    /// Who asks.
    pub caller: &'a Caller,
    /// Who is noted as the author, and when.
    pub author: &'a Author,
    /// What the path says of a new thing: the ids of what it belongs to.
    pub given: Map<String, Value>,
}

impl Way<'_> {
    /// Brings the body of `job` into the database; `before` is what is stored, locked; `found` are faults that are
    /// known already.
    pub async fn apply<R: Resource>(
        &self,
        conn: &mut Connection,
        job: &Job,
        before: Option<R>,
        found: &Faults,
    ) -> Result<Applied<R>, Problem> {
        let one = vec![self.begin(job, before, found)];
        let ready = self.make_ready(conn, one).await?.pop();
        let ready = ready.unwrap_or(Err(Problem::new(Code::Internal)))?;
        keep(conn, self.author, ready.before, ready.item).await
    }

    /// A change on its way: its body decoded.
    pub fn begin<R: Resource>(
        &self,
        job: &Job,
        before: Option<R>,
        found: &Faults,
    ) -> Result<Change<R>, Problem> {
        let (mut item, shape) = self.decode::<R>(job, before.as_ref(), found)?;
        item.claim(before.as_ref(), self.caller);
        Ok(Change {
            item,
            before,
            shape,
            faults: Faults::new(),
        })
    }

    /// Brings changes to where they can be stored: their references are read, once for all, then each is completed and
    /// held against the rules. What is wrong with one is its own problem; a problem of the database is that of all.
    pub async fn make_ready<R: Resource>(
        &self,
        conn: &mut Connection,
        mut changes: Vec<Result<Change<R>, Problem>>,
    ) -> Result<Vec<Result<Change<R>, Problem>>, Problem> {
        let known = self.known(conn, &mut changes).await?;
        for entry in &mut changes {
            check_one(entry, |change| self.settle(change, &known));
        }
        let live = changes.iter_mut().flatten();
        let items = live.map(|change| (&mut change.item, &mut change.faults));
        R::consult_all(conn, items.collect()).await?;
        for entry in &mut changes {
            check_one(entry, |change| {
                change.take_faults().into_result()?;
                let before = change.before.as_ref();
                match before == Some(&change.item) {
                    true => Ok(()),
                    false => change.item.admit(&self.looking_at(before, &known)),
                }
            });
        }
        Ok(changes)
    }

    /// What the changes refer to.
    async fn known<R: Resource>(
        &self,
        conn: &Connection,
        changes: &mut [Result<Change<R>, Problem>],
    ) -> Result<Known, Problem> {
        let mut known = Known::default();
        let live = changes.iter_mut().flatten();
        let each = live.map(|change| {
            let mut references = References::default();
            change.item.references(&mut references);
            if let Some(before) = &change.before {
                let mut stored = References::default();
                before.references(&mut stored);
                references.let_pass(stored);
            }
            (references, &mut change.faults)
        });
        References::resolve_each(each.collect(), &mut known, conn, self.caller).await?;
        let live = changes.iter_mut().flatten();
        let each = live.map(|change| {
            let mut references = References::default();
            change.item.further_references(&known, &mut references);
            (references, &mut change.faults)
        });
        let each: Vec<_> = each.collect();
        References::resolve_each(each, &mut known, conn, self.caller).await?;
        Ok(known)
    }

    /// The body as an `R`, and every fault of its shape; `found` are known already. Where there are any, the `R` is made of
    /// what is left of the body, to be judged and not to be stored.
    fn decode<R: Resource>(
        &self,
        job: &Job,
        before: Option<&R>,
        found: &Faults,
    ) -> Result<(R, Faults), Problem> {
        let contract = self.contract;
        let stored = match before {
            Some(before) => to_object(&told(before, self.caller))?,
            None => self.given.clone(),
        };
        let patch_schema = format!("{}Patch", R::name());
        // What cannot be read hides what the contract says of that which stands in for it.
        let (of_text, others) = found.clone().parted(Rule::is_of_text);
        let mut shape = of_text;
        let mut value = match job {
            Job::Create(value) | Job::Replace(value) => Cow::Borrowed(value),
            Job::MergePatch(patch) => {
                shape.extend_elsewhere(contract.check(&patch_schema, patch));
                let mut value = Value::Object(stored.clone());
                json_patch::merge(&mut value, patch);
                Cow::Owned(value)
            }
            Job::JsonPatch(patch) => match body::apply(contract, patch, &stored) {
                // The places of what cannot be read are those of the patch, and not of what it makes.
                Ok(value) if shape.is_empty() => Cow::Owned(value),
                Err(problem) if found.is_empty() => return Err(problem),
                outcome => {
                    let problem = outcome.err().unwrap_or(Problem::new(Code::Internal));
                    shape.extend_elsewhere(problem.faults().iter().cloned().collect());
                    shape.extend(others);
                    shape.into_result()?;
                    return Err(problem);
                }
            },
            Job::Delete => return Err(Problem::new(Code::Internal)),
        };
        let body_schema = format!("{}Write", R::name());
        let read_only = contract.read_only(&body_schema);
        // What another reader was told of it is as good.
        let may_differ = |name: &str, sent: &Value| {
            let alone = || Value::Object(Map::from_iter([(name.to_owned(), sent.clone())]));
            sent.is_array()
                && R::BY_READER.contains(&name)
                && contract.check(&patch_schema, &alone()).is_empty()
        };
        shape.extend_elsewhere(body::take_read_only(
            &mut value, &stored, read_only, may_differ,
        ));
        let (amiss, mended) = contract.mend(&body_schema, value);
        shape.extend_elsewhere(amiss);
        shape.extend(others);
        let mut mended = mended.unwrap_or_default();
        for name in read_only.iter().map(String::as_str).chain(["id"]) {
            let kept = stored.get(name).filter(|_| mended.get(name).is_none());
            if let Some(kept) = kept
                && let Some(object) = mended.to_mut().as_object_mut()
            {
                object.insert(name.to_owned(), kept.clone());
            }
        }
        let decoded = serde_path_to_error::deserialize(mended.as_ref());
        decoded
            .map(|item| (item, shape.clone()))
            .map_err(|error| match shape.into_result() {
                Err(problem) => problem,
                Ok(()) => {
                    let path = error.path().to_string().replace('.', "/");
                    // The error would quote what was sent.
                    tracing::warn!(
                        path,
                        "a body that the contract lets pass does not fit its type"
                    );
                    let fault = Fault::at(format!("/{path}"), Rule::WrongType);
                    Problem::fault(fault.with_word("expected", word("expected", "document")))
                }
            })
    }

    /// What the body of `job` makes of `base`, whatever is stored by now; `found` are faults that are known already.
    pub fn edited<R: Resource>(&self, job: &Job, base: &R, found: &Faults) -> Result<R, Problem> {
        let mut faults = Faults::new();
        let (mut item, shape) = self.decode::<R>(job, Some(base), found)?;
        item.claim(Some(base), self.caller);
        item.prepare(Some(base), &Known::default(), &mut faults);
        faults.behind(shape).into_result()?;
        Ok(item)
    }

    /// Ids, derived fields and rules; and whether the caller may have it as it would become.
    fn settle<R: Resource>(&self, change: &mut Change<R>, known: &Known) -> Result<(), Problem> {
        let (item, before, faults) = (&mut change.item, change.before.as_ref(), &mut change.faults);
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
        let relation = item.relation(self.caller);
        let may = allows(self.caller.role, action, R::THING, relation).is_some();
        // Whose it would be may just be misspelt.
        let is_faulty = !faults.is_empty() || !change.shape.is_empty();
        if !may && !is_faulty && !before.is_some_and(|before| self.leaves(before, item)) {
            return Err(self.caller.forbidden());
        }
        item.check(&self.looking_at(before, known), faults);
        Ok(())
    }

    /// Whether the caller's city does no more than leave a thing to the other cities that it belongs to: that is its right,
    /// though the thing is not its own afterwards.
    fn leaves<R: Resource>(&self, before: &R, item: &R) -> bool {
        let mut others = before.cities();
        others.retain(|city| self.caller.city.as_ref() != Some(city));
        let left = item.cities();
        before.relation(self.caller) == Relation::Own && !left.is_empty() && left == others
    }

    fn looking_at<'b, R>(&'b self, before: Option<&'b R>, known: &'b Known) -> Check<'b, R> {
        Check {
            before,
            caller: self.caller,
            known,
        }
    }
}

/// A change on its way into the database.
pub struct Change<R> {
    /// As it shall be.
    pub item: R,
    /// As it is stored, locked; none when it is new.
    pub before: Option<R>,
    /// What is wrong with the shape of the body; the item is then made of what is left of it.
    shape: Faults,
    /// What was found wrong with the meaning so far.
    faults: Faults,
}

impl<R> Change<R> {
    /// All that was found wrong.
    fn take_faults(&mut self) -> Faults {
        std::mem::take(&mut self.faults).behind(std::mem::take(&mut self.shape))
    }
}

/// Does `step` with a change that nothing is wrong with so far.
fn check_one<R>(
    entry: &mut Result<Change<R>, Problem>,
    step: impl FnOnce(&mut Change<R>) -> Result<(), Problem>,
) {
    let done = entry.as_mut().map_or(Ok(()), step);
    if let Err(problem) = done {
        *entry = Err(problem);
    }
}

/// The thing as `caller` is told of it.
pub fn told<R: Resource>(item: &R, caller: &Caller) -> R {
    let mut item = item.clone();
    item.fill_for(caller);
    item
}

/// Stores what `before` has become, or a new thing, with its version and its event; what is stored already stays.
pub async fn keep<R: Resource>(
    conn: &mut Connection,
    author: &Author,
    before: Option<R>,
    item: R,
) -> Result<Applied<R>, Problem> {
    let kept = keep_all(conn, author, vec![(before, item)]).await?.pop();
    kept.ok_or(Problem::new(Code::Internal))
}

/// As [`keep`], of many, none of them twice: all of them, or none. Their order is kept.
pub async fn keep_all<R: Resource>(
    conn: &mut Connection,
    author: &Author,
    changes: Vec<(Option<R>, R)>,
) -> Result<Vec<Applied<R>>, Problem> {
    let unfit = |error| meaning_of(Problem::from(error), R::THING);
    let stamped: Vec<(Option<R>, R)> = changes
        .into_iter()
        .map(|(before, item)| match before {
            Some(before) if before == item => (Some(before), item),
            before => {
                let item = stamped(author, before.as_ref(), item);
                (before, item)
            }
        })
        .collect();
    let is_new = |(before, _): &&(Option<R>, R)| before.is_none();
    let new: Vec<&R> = stamped
        .iter()
        .filter(is_new)
        .map(|(_, item)| item)
        .collect();
    R::insert_all(&new, conn, author).await.map_err(unfit)?;
    for (before, item) in &stamped {
        if let Some(before) = before.as_ref().filter(|before| *before != item) {
            item.update(conn, before, author).await.map_err(unfit)?;
        }
    }
    let mut told = Vec::new();
    for (before, item) in &stamped {
        told.push(match before {
            Some(before) if before == item => None,
            Some(_) => Some(Happening::Updated),
            None => Some(Happening::Created),
        });
    }
    let mut events = Vec::new();
    for ((before, item), happening) in stamped.iter().zip(&told) {
        if let Some(happening) = *happening {
            events.push(event_of(author, happening, before.as_ref(), Some(item))?);
        }
    }
    let written = stamped.iter().zip(&told).filter(|(_, told)| told.is_some());
    let found: Vec<Found> = written.flat_map(|((_, item), _)| found(item)).collect();
    record_all::<R>(conn, &events, &found).await?;
    let mut events = events.into_iter();
    let mut applied = Vec::new();
    for ((before, item), happening) in stamped.into_iter().zip(told) {
        let event = happening.and_then(|happening| Some((happening, events.next()?)));
        applied.push(match event {
            None => Applied::Unchanged(item),
            Some((happening, event)) => {
                let mut all = vec![event];
                all.extend(R::follow(conn, author, before.as_ref(), Some(&item)).await?);
                Applied::Written(Box::new(Written {
                    item,
                    happening,
                    events: all,
                }))
            }
        });
    }
    Ok(applied)
}

/// With its version and times; a new one also with who makes it.
fn stamped<R: Resource>(author: &Author, before: Option<&R>, mut item: R) -> R {
    if before.is_none() {
        item.sign(author);
    }
    let at = author.at;
    let (version, created_at) = before
        .map(R::meta)
        .map_or((1, at), |meta| (meta.version + 1, meta.created_at));
    item.stamp(Meta {
        version,
        created_at,
        updated_at: at,
        beside: 0,
    });
    item
}

/// Records events of `R`s; of personal data without values.
async fn record_all<R: Resource>(
    conn: &mut Connection,
    events: &[Event],
    found: &[Found],
) -> Result<(), Problem> {
    match R::PERSONAL {
        false => events::record_all(conn, events, found).await?,
        true => {
            let bare = events.iter().map(Event::without_values);
            let bare: Vec<Event> = bare.collect::<Result<_, _>>().map_err(Problem::unwritten)?;
            events::record_all(conn, &bare, found).await?;
        }
    }
    Ok(())
}

/// Stores what `before` has become, because something else was changed; answers the events that tell of it.
pub async fn change<R: Resource>(
    conn: &mut Connection,
    author: &Author,
    before: R,
    after: R,
) -> Result<Vec<Event>, Problem> {
    match keep(conn, author, Some(before), after).await? {
        Applied::Unchanged(_) => Ok(Vec::new()),
        Applied::Written(written) => Ok(written.events),
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
        given: Map::new(),
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
        given: Map::new(),
    };
    let nothing = Faults::new();
    let new = Job::Create(value.clone());
    let (new, shape) = way.decode::<R>(&new, None, &nothing)?;
    if !shape.is_empty() {
        // What it is known by may be wrong itself.
        way.apply::<R>(conn, &Job::Create(value.clone()), None, &nothing)
            .await?;
    }
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

/// Records the event of a change; answers it and those of what changes along with it.
pub async fn tell<R: Resource>(
    conn: &mut Connection,
    author: &Author,
    event: Event,
    before: Option<&R>,
    after: Option<&R>,
) -> Result<Vec<Event>, Problem> {
    let mut events = vec![event];
    record_all::<R>(conn, &events, &[]).await?;
    events.extend(R::follow(conn, author, before, after).await?);
    Ok(events)
}

/// The event of a change.
pub fn event_of<R: Resource>(
    author: &Author,
    happening: Happening,
    before: Option<&R>,
    after: Option<&R>,
) -> Result<Event, Problem> {
    let change = match (before, after) {
        (Some(before), Some(after)) => {
            let values = serde_json::to_value(before).and_then(|old| {
                let new = serde_json::to_value(after)?;
                Patch::between(&old, &new)
            });
            values.map_err(Problem::unwritten)?
        }
        (_, after) => Patch::to(after).map_err(Problem::unwritten)?,
    };
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
