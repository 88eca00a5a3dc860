//! What things refer to: read once for each kind, so that unknown references are told by their place, rules can look
//! at the things, and answers can carry them along (`include`).

use std::any::{Any, TypeId};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::QueryResult;
use futures_util::future::BoxFuture;
use serde_json::value::RawValue;

use super::{Resource, Seen};
use crate::auth::Caller;
use crate::db::Connection;
use crate::messages::word;
use crate::policy::{Action, allows};
use crate::problem::{Fault, Faults, Rule};

type Loader =
    for<'a> fn(&'a Connection, &'a Caller, Vec<String>) -> BoxFuture<'a, QueryResult<Vec<Loaded>>>;

/// The second wall behind the conditions in the statements: what the access table does not let `caller` read is
/// taken out, and noted as the fault it is.
pub fn keep_readable<R: Resource, S: Seen<R>>(caller: &Caller, items: &mut Vec<S>) {
    items.retain(|item| {
        let readable = allows(caller.role, Action::Read, R::THING, item.relation(caller)).is_some();
        if !readable {
            tracing::error!(thing = %R::THING, "a statement found what its caller may not read");
        }
        readable
    });
}

/// One thing that something else refers to, as it was read.
pub struct Loaded {
    id: String,
    item: Box<dyn Any + Send + Sync>,
    to_json: fn(&(dyn Any + Send + Sync)) -> Option<Box<RawValue>>,
}

fn load<'a, R: Resource>(
    conn: &'a Connection,
    caller: &'a Caller,
    ids: Vec<String>,
) -> BoxFuture<'a, QueryResult<Vec<Loaded>>> {
    Box::pin(async move {
        let ids: Vec<R::Id> = ids.iter().filter_map(|id| id.parse().ok()).collect();
        let mut items = R::find_many(conn, caller, ids).await?;
        keep_readable::<R, R>(caller, &mut items);
        let to_json = |item: &(dyn Any + Send + Sync)| {
            item.downcast_ref::<R>()
                .and_then(|item| serde_json::value::to_raw_value(item).ok())
        };
        Ok(items
            .into_iter()
            .map(|item| Loaded {
                id: <R as Resource>::id(&item).to_string(),
                item: Box::new(item),
                to_json,
            })
            .collect())
    })
}

/// The references of one body, each with its place.
#[derive(Default)]
pub struct References {
    kinds: Kinds,
    looked_at: Kinds,
    stored: Kinds,
}

struct Kind {
    type_id: TypeId,
    load: Loader,
    places: Vec<Reference>,
}

/// A field that refers to something.
struct Reference {
    pointer: String,
    id: String,
    /// The field that says to what kind of thing, where one does.
    by: Option<String>,
}

type Kinds = BTreeMap<&'static str, Kind>;

fn note<R: Resource>(kinds: &mut Kinds, pointer: String, by: Option<String>, id: &R::Id) {
    let kind = kinds.entry(R::THING.as_str()).or_insert_with(|| Kind {
        type_id: TypeId::of::<R>(),
        load: load::<R>,
        places: Vec::new(),
    });
    let id = id.to_string();
    kind.places.push(Reference { pointer, id, by });
}

impl References {
    /// Notes that the field at `pointer` refers to the `R` with this id.
    pub fn to<R: Resource>(&mut self, pointer: impl Into<String>, id: &R::Id) {
        note::<R>(&mut self.kinds, pointer.into(), None, id);
    }

    /// As [`References::to`], because the field at `by` says that it is an `R`.
    pub fn to_kind<R: Resource>(&mut self, pointer: String, by: String, id: &R::Id) {
        note::<R>(&mut self.kinds, pointer, Some(by), id);
    }

    /// Notes that something is about the `R` with this id, which the caller may see or not: it is told by no fault.
    pub fn to_seen<R: Resource>(&mut self, id: &R::Id) {
        note::<R>(&mut self.looked_at, String::new(), None, id);
    }

    /// Notes the entries of a list.
    pub fn to_each<R: Resource>(&mut self, pointer: &str, ids: &[R::Id]) {
        for (index, id) in ids.iter().enumerate() {
            self.to::<R>(format!("{pointer}/{index}"), id);
        }
    }

    /// Lets pass what is stored already: a thing stays editable when something it names was deleted since, or is
    /// private to its other author. It is read too: what the body leaves out may stay as it is.
    pub fn let_pass(&mut self, stored: Self) {
        self.stored = stored.kinds;
    }

    /// What is to be read.
    fn all(&self) -> impl Iterator<Item = (&&'static str, &Kind)> {
        let named = self.kinds.iter().chain(&self.looked_at);
        named.chain(&self.stored)
    }

    /// Reads what is referred to, one statement for each kind of thing.
    pub async fn resolve(
        self,
        conn: &Connection,
        caller: &Caller,
        faults: &mut Faults,
    ) -> QueryResult<Known> {
        let mut known = Known::default();
        self.resolve_into(&mut known, conn, caller, faults).await?;
        Ok(known)
    }

    /// As [`References::resolve`], adding to what is known already.
    pub async fn resolve_into(
        self,
        known: &mut Known,
        conn: &Connection,
        caller: &Caller,
        faults: &mut Faults,
    ) -> QueryResult<()> {
        Self::resolve_each(vec![(self, faults)], known, conn, caller).await
    }

    /// Reads what many bodies refer to, one statement for each kind of thing, and adds it to what is `known`. What
    /// `caller` may not see is as unknown as what is not there: a fault of the body that names it.
    pub async fn resolve_each(
        each: Vec<(Self, &mut Faults)>,
        known: &mut Known,
        conn: &Connection,
        caller: &Caller,
    ) -> QueryResult<()> {
        let mut wanted: BTreeMap<&'static str, (TypeId, Loader, BTreeSet<String>)> =
            BTreeMap::new();
        let named = each.iter().map(|(references, _)| references);
        let named = named.flat_map(References::all);
        for (name, kind) in named {
            let (.., ids) = wanted
                .entry(name)
                .or_insert_with(|| (kind.type_id, kind.load, BTreeSet::new()));
            ids.extend(kind.places.iter().map(|place| place.id.clone()));
        }
        for (type_id, load, ids) in wanted.into_values() {
            let loaded = load(conn, caller, ids.into_iter().collect()).await?;
            let items = loaded.into_iter().map(|item| (item.id.clone(), item));
            known.0.entry(type_id).or_default().extend(items);
        }
        for (references, faults) in each {
            for (name, kind) in &references.kinds {
                let there = known.0.get(&kind.type_id);
                for Reference { pointer, id, by } in &kind.places {
                    let is_there = there.is_some_and(|items| items.contains_key(id));
                    let stored = references.stored.get(name).map(|kind| &kind.places);
                    let passes = stored.is_some_and(|all| all.iter().any(|it| it.id == *id));
                    if !is_there && !passes {
                        let fault = Fault::at(pointer, Rule::UnknownReference);
                        let fault = by.iter().fold(fault, Fault::against);
                        let kind = word("thing", name);
                        faults.push(fault.with_word("kind", kind).with("id", id));
                    }
                }
            }
        }
        Ok(())
    }
}

/// The things that a body refers to, as they were read.
#[derive(Default)]
pub struct Known(HashMap<TypeId, HashMap<String, Loaded>>);

impl Known {
    /// The `R` with this id, if the body refers to it and it is there.
    pub fn get<R: Resource>(&self, id: &R::Id) -> Option<&R> {
        self.0
            .get(&TypeId::of::<R>())?
            .get(&id.to_string())?
            .item
            .downcast_ref()
    }
}

/// Something that can be answered along with the things that refer to it (`include`).
pub struct Include<T: 'static> {
    /// Its name in the `include` parameter and in `included`.
    pub name: &'static str,
    /// The name of its schema in the document.
    pub schema: fn() -> Cow<'static, str>,
    ids: fn(&T) -> Vec<String>,
    load: Loader,
}

impl<T> Include<T> {
    /// Answers the `R` that `ids` names along.
    pub const fn new<R: Resource>(name: &'static str, ids: fn(&T) -> Vec<String>) -> Self {
        Self {
            name,
            schema: R::name,
            ids,
            load: load::<R>,
        }
    }
}

/// Related things by kind and id, as JSON: `{"cities": {"yokohama": {…}}}`.
pub type Included = BTreeMap<&'static str, BTreeMap<String, Box<RawValue>>>;

/// The related things that `names` asks for, once each; `None` when it asks for none.
pub async fn included<T>(
    conn: &Connection,
    caller: &Caller,
    items: &[T],
    includes: &[Include<T>],
    names: &[String],
) -> QueryResult<Option<Included>> {
    if names.is_empty() {
        return Ok(None);
    }
    let mut all = Included::new();
    for include in includes
        .iter()
        .filter(|include| names.iter().any(|name| name == include.name))
    {
        let mut ids: Vec<String> = items.iter().flat_map(include.ids).collect();
        ids.sort_unstable();
        ids.dedup();
        let loaded = (include.load)(conn, caller, ids).await?;
        let json = |item: Loaded| (item.to_json)(item.item.as_ref()).map(|json| (item.id, json));
        all.insert(include.name, loaded.into_iter().filter_map(json).collect());
    }
    Ok(Some(all))
}

/// Ids as strings, for [`Include::new`].
pub fn strings<I: ToString>(ids: &[I]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}
