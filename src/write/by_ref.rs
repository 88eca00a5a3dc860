//! Writing a thing by the key under which a city's own system knows it: `PUT /action-plans/by-ref/{system}/{key}`
//! makes it or puts the body in its place, and can be repeated without harm.
//!
//! Who writes first makes the thing: the database lets a key be taken once, and who comes second finds it, and replaces.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::http::header::{IF_MATCH, IF_NONE_MATCH};
use actix_web::web::Payload;
use serde_json::{Value, json};

use super::answer::Stored;
use super::body::{MediaType, read_json};
use super::way::{Job, Way};
use super::{
    AsyncWork, answered, change_matched, in_transaction, is_dry_run, permit, permitted, remove,
};
use crate::auth::Caller;
use crate::body::Sent;
use crate::db::{Connection, busy};
use crate::events::Author;
use crate::ids::CityId;
use crate::places::ExternalRef;
use crate::policy::Action;
use crate::problem::{Code, Fault, Faults, Problem, Rule};
use crate::read::Answer;
use crate::request::{Ask, RefParams, etag, only, precondition_failed};
use crate::resource::{ByRef, Resource, is_named};

/// Makes the thing that the key in the path stands for, or puts the body in its place.
pub async fn put_by_ref<R: ByRef>(mut ask: Ask, payload: Payload) -> Answer {
    permit::<R>(&ask, Action::Create)?;
    let sent = read_json(&mut ask, payload, &[MediaType::Json]).await?.1;
    let dry_run = is_dry_run(&ask)?;
    R::foresee(&sent.value).await;
    let work = Put {
        sent,
        dry_run,
        met: AtomicBool::new(false),
        of: PhantomData::<fn() -> R>,
    };
    in_transaction(ask, dry_run, work).await
}

/// Removes the thing that the key in the path stands for.
pub async fn delete_by_ref<R: ByRef>(ask: Ask) -> Answer {
    permit::<R>(&ask, Action::Delete)?;
    let dry_run = is_dry_run(&ask)?;
    let of = PhantomData::<fn() -> R>;
    in_transaction(ask, dry_run, Delete { dry_run, of }).await
}

struct Put<R> {
    sent: Sent,
    dry_run: bool,
    /// Whether somebody took the key, or what else there is once, while this was being stored.
    met: AtomicBool,
    of: PhantomData<fn() -> R>,
}

impl<R: ByRef> AsyncWork for Put<R> {
    async fn run(
        &self,
        conn: &mut Connection,
        ask: &Ask,
        author: &Author,
    ) -> Result<Stored, Problem> {
        let reference = ask.external_ref()?;
        let said = ask.parameters::<RefParams>()?.city(&ask.caller)?;
        let city = said
            .clone()
            .or_else(|| cities_in::<R>(&self.sent.value).next());
        let before = find_locked::<R>(conn, &ask.caller, city.as_ref(), &reference).await?;
        let way = Way {
            contract: ask.app.contract,
            caller: &ask.caller,
            author,
            given: ask.given::<R>(),
        };
        let Sent {
            value: mut body,
            faults: mut found,
        } = self.sent.clone();
        let of_path = faults_of_path::<R>(ask, &reference);
        if of_path.is_empty() {
            body = with_reference(body, city.as_ref(), &reference, before.as_ref());
        }
        let stored = match before {
            Some(before) => {
                let before = permitted(ask, Some(before), Action::Change)?;
                let matched = check_conditions(ask, &before)?;
                let (job, rest) = (Job::Replace(body), (&found, self.dry_run));
                change_matched(conn, ask, &way, &job, (before, matched), rest).await
            }
            None if ask.headers.contains_key(IF_MATCH) => {
                return Err(precondition_failed("absent", ""));
            }
            None => {
                found.extend(of_path);
                self.create(conn, ask, &way, (body, found)).await
            }
        }?;
        // The city stays where the thing is found by the key.
        match said {
            Some(city)
                if ask.caller.city.is_none()
                    && find_named::<R>(conn, &city, &reference).await?.is_none() =>
            {
                let fault = Fault::in_parameter("city", Rule::NotOfCity);
                Err(Problem::fault(fault.with("city", city)))
            }
            _ => Ok(stored),
        }
    }
}

impl<R: ByRef> Put<R> {
    async fn create(
        &self,
        conn: &mut Connection,
        ask: &Ask,
        way: &Way<'_>,
        (body, found): (Value, Faults),
    ) -> Result<Stored, Problem> {
        let job = Job::Create(body);
        let applied = way.apply::<R>(conn, &job, None, &found).await;
        let applied = applied.map_err(|problem| match problem.code() {
            // It is looked for once more: it may be there by now.
            Code::AlreadyExists if !self.met.swap(true, Ordering::Relaxed) => busy(),
            _ => problem,
        })?;
        answered(ask, applied, self.dry_run)
    }
}

/// What is wrong with the key in the path, which stands nowhere in the body.
fn faults_of_path<R: ByRef>(ask: &Ask, reference: &ExternalRef) -> Faults {
    let alone = json!({"external_refs": [reference]});
    let schema = format!("{}Write", R::name());
    let found = ask.app.contract.check(&schema, &alone);
    let of_path = found.iter().filter_map(|fault| {
        let name = fault.pointer()?.strip_prefix("/external_refs/0/")?;
        Some(fault.clone().moved_to_parameter(name))
    });
    of_path.collect()
}

struct Delete<R> {
    dry_run: bool,
    of: PhantomData<fn() -> R>,
}

impl<R: ByRef> AsyncWork for Delete<R> {
    async fn run(
        &self,
        conn: &mut Connection,
        ask: &Ask,
        author: &Author,
    ) -> Result<Stored, Problem> {
        let reference = ask.external_ref()?;
        let cities = ask.parameters::<RefParams>()?.cities(&ask.caller)?;
        let named = R::find_named(conn, cities.clone(), &[&reference]).await?;
        let found = match only(named)? {
            Some(id) => {
                let locked = R::lock(conn, &ask.caller, &id).await?;
                // Another writer may have taken the key away while this one waited for the lock.
                let named = R::find_named(conn, cities, &[&reference]).await?;
                if only(named)? != Some(id) {
                    return Err(busy());
                }
                locked
            }
            None => None,
        };
        let before = permitted(ask, found, Action::Delete)?;
        ask.check_if_match(&etag(before.meta()))?;
        remove(conn, ask, author, before, self.dry_run).await
    }
}

/// The cities of what a body says; it is written for the first.
pub fn cities_in<R: ByRef>(body: &Value) -> impl Iterator<Item = CityId> {
    let said = R::CITIES.iter().filter_map(|pointer| body.pointer(pointer));
    let each = said.flat_map(|said| {
        said.as_array()
            .map_or(std::slice::from_ref(said), Vec::as_slice)
    });
    each.filter_map(|city| city.as_str()?.parse().ok())
}

/// What the reference stands for in the system of the city.
async fn find_named<R: ByRef>(
    conn: &Connection,
    city: &CityId,
    reference: &ExternalRef,
) -> Result<Option<R::Id>, Problem> {
    let named = R::find_named(conn, Some(vec![city.clone()]), &[reference]).await?;
    only(named)
}

/// The same, locked.
pub async fn find_locked<R: ByRef>(
    conn: &mut Connection,
    caller: &Caller,
    city: Option<&CityId>,
    reference: &ExternalRef,
) -> Result<Option<R>, Problem> {
    let Some(city) = city else {
        return Ok(None);
    };
    let Some(id) = find_named::<R>(conn, city, reference).await? else {
        return Ok(None);
    };
    // Another writer may have taken the reference away while this one waited for the lock.
    let found = R::lock(conn, caller, &id).await?;
    match found.filter(|found| is_named(found, city, reference)) {
        Some(found) => Ok(Some(found)),
        None => Err(busy()),
    }
}

/// The body with the reference of the path, as that of the city, among its own. One that names none keeps those that
/// are stored.
pub fn with_reference<R: ByRef>(
    mut body: Value,
    city: Option<&CityId>,
    reference: &ExternalRef,
    before: Option<&R>,
) -> Value {
    let bare = json!(reference);
    let named = city.filter(|city| cities_in::<R>(&body).any(|it| it == **city));
    let reference = json!(ExternalRef {
        city: named.cloned(),
        ..reference.clone()
    });
    if let Value::Object(fields) = &mut body {
        let references = fields
            .entry("external_refs")
            .or_insert_with(|| json!(before.map(R::external_refs).unwrap_or_default()));
        if let Value::Array(references) = references {
            references.retain(|it| *it != bare && *it != reference);
            references.push(reference);
        }
    }
    body
}

/// `If-None-Match: *` lets it be made only; `If-Match` lets only the state be replaced that it names, which is answered.
fn check_conditions<R: Resource>(ask: &Ask, before: &R) -> Result<Result<(), Problem>, Problem> {
    let tag = etag(before.meta());
    if ask.headers.contains_key(IF_NONE_MATCH) && ask.none_match(&tag) {
        return Err(precondition_failed("present", &tag));
    }
    Ok(match ask.headers.contains_key(IF_MATCH) {
        true => ask.check_if_match(&tag),
        false => Ok(()),
    })
}
