//! What the one read path and the one write path need to know of a kind of thing.
//!
//! A slice says it once, by implementing [`Resource`]: the names, the rules, the SQL. Everything that all
//! things have in common (pages, conditional requests, idempotency, dry runs, events) is in `read.rs` and
//! `write.rs`, and knows no kind of thing.

mod by_ref;
mod forms;
mod references;
mod referrers;
mod rows;

use std::fmt::Display;
use std::hash::Hash;
use std::str::FromStr;

use aws_lc_rs::digest::{Context, SHA256};
use chrono::{DateTime, Utc};
use diesel::QueryResult;
use futures_util::future::BoxFuture;
use secrecy::SecretString;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

pub(crate) use self::by_ref::by_ref;
pub use self::by_ref::{ByRef, FindNamed, Named, check_refs, claim_refs, is_named, owned};
pub use self::forms::{Content, Dated, Document, DocumentForm, Make, Mapped, Wanted, Written};
pub use self::references::{
    Include, Included, Known, Loaded, References, included, keep_readable, strings,
};
pub use self::referrers::{Referrer, name_referrers};
pub(crate) use self::rows::{
    load_walk, plain_writes, rows, searched, sorts_with_id, usual_fields, usual_sorts,
    usual_sorts_by_uuid,
};
use crate::auth::Caller;
use crate::db::Connection;
use crate::events::{Author, Event};
use crate::ids::CityId;
use crate::merge::Shape;
use crate::policy::{Action, Relation, Role, Thing, allows};
use crate::problem::{Fault, Faults, Problem, Rule};
use crate::query::{Narrowing, Page, Sight, Sort, Stretch, TieBreak};
use crate::search::Words;

/// The id of a resource.
pub trait Id: Clone + Display + FromStr + Eq + Hash + Ord + Send + Sync + Unpin + 'static {}

impl<T: Clone + Display + FromStr + Eq + Hash + Ord + Send + Sync + Unpin + 'static> Id for T {}

/// What every resource carries, set by the write path alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Counts its changes, from 1; the ETag is made from it.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Stands for what else its answer depends on, as in [`digest_of`]; 0 for nothing.
    pub beside: u64,
}

/// A kind of thing that the API serves.
///
/// The type itself is the JSON of an answer, the body of a write and (but for documents) the row of its table.
/// Fields marked `read_only` in its schema are set by the service; a client may send them back unchanged.
pub trait Resource:
    Clone + PartialEq + Serialize + DeserializeOwned + ToSchema + Send + Sync + Sized + Unpin + 'static
{
    /// Its id.
    type Id: Id;
    /// What its readers get: the type itself, or for a document its stored text.
    type Seen: Seen<Self>;
    /// The filter of its lists.
    type Filter: Clone + Default + DeserializeOwned + IntoParams + Send + Sync + 'static;

    /// What rights and events call it.
    const THING: Thing;
    /// Its table, whose primary key begins with its id.
    const TABLE: &'static str;
    /// Its path below `/v1`, such as `/cities`. What belongs to another thing stands below it, as in
    /// `/tours/{tour}/delegates`: the name in braces is the read-only field of the thing, and of its filter, that
    /// holds the id in the path.
    const PATH: &'static str;
    /// The orders its lists offer; the first is the default.
    const SORTS: &'static [Sort<Self::Seen>];
    /// The last key of every order.
    const TIE: TieBreak<Self::Seen>;
    /// Whether it is personal data: events then tell which of its fields changed, and keep no values, because they
    /// outlive it.
    const PERSONAL: bool = false;
    /// Whether its id is told apart only from those below the same path: it is then the ids of the path and its own,
    /// joined by `/`.
    const LOCAL_ID: bool = false;
    /// Whether everybody reads the same of it, and of what can be answered along with it: pages of it are then kept, as long
    /// as the stamp of the records stays, which a trigger of its table changes.
    const ALIKE: bool = false;
    /// Fields that [`Resource::fill_for`] makes of who reads: what one account has read, another can write back.
    const BY_READER: &'static [&'static str] = &[];
    /// How it is found by its words: a condition of its table made by `searched!`; none where it is not.
    const SEARCHED: Option<&'static str> = None;
    /// The column with the version that everybody reads in the place of what its cities read, where there can be one.
    const PUBLISHED: Option<&'static str> = None;
    /// How two edits of one state of it are brought together; none where its versions are not kept.
    const MERGING: Option<Merging<Self>> = None;
    /// What can be answered along with it.
    const INCLUDES: &'static [Include<Self::Seen>] = &[];
    /// How it stands on a map, where it does.
    const MAPPED: Option<&'static Mapped<Self>> = None;
    /// How it stands in a calendar, where it does.
    const DATED: Option<&'static Dated<Self>> = None;
    /// How it is written as a document, where it is.
    const WRITTEN: Option<&'static Written<Self>> = None;

    /// Its id.
    fn id(&self) -> Self::Id;
    /// What the write path keeps of it.
    fn meta(&self) -> Meta;
    /// Sets what the write path keeps.
    fn stamp(&mut self, meta: Meta);

    /// The ids that stand in its path before its own: of what it belongs to.
    fn parents(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether `caller` may see that there are such things below what the path names with these ids: else all of it
    /// is as if it did not exist. See [`opens`].
    fn enter(
        _conn: &Connection,
        _caller: &Caller,
        _parents: &[String],
    ) -> impl Future<Output = QueryResult<bool>> + Send {
        async { Ok(true) }
    }

    /// As [`Resource::enter`], when one is to be written: what it belongs to is locked where that matters. See
    /// [`opens_locked`].
    fn enter_locked(
        conn: &mut Connection,
        caller: &Caller,
        parents: &[String],
    ) -> impl Future<Output = QueryResult<bool>> + Send {
        Self::enter(conn, caller, parents)
    }

    /// Notes on a new one who makes it.
    fn sign(&mut self, _author: &Author) {}

    /// What only the answer to its making tells.
    fn secret(&self) -> Option<SecretString> {
        None
    }

    /// Changes what changes along with it, such as a count in what it belongs to, in the same transaction; answers the
    /// events, recorded. `before` is none of what was made, `after` none of what was removed.
    fn follow(
        _conn: &mut Connection,
        _author: &Author,
        _before: Option<&Self>,
        _after: Option<&Self>,
    ) -> impl Future<Output = Result<Vec<Event>, Problem>> + Send {
        async { Ok(Vec::new()) }
    }

    /// Removes what goes with it and has events of its own, just before it is removed itself; answers the events, recorded.
    fn take_along(
        &self,
        _conn: &mut Connection,
        _author: &Author,
    ) -> impl Future<Output = Result<Vec<Event>, Problem>> + Send {
        async { Ok(Vec::new()) }
    }

    /// The cities that it belongs to: they see its events.
    fn cities(&self) -> Vec<CityId> {
        Vec::new()
    }

    /// How `caller` stands to it.
    fn relation(&self, caller: &Caller) -> Relation {
        caller.relation_to_cities(self.cities().iter())
    }

    /// Notes who writes it, where it says so, before anything is looked up; `before` is what is stored now.
    fn claim(&mut self, _before: Option<&Self>, _caller: &Caller) {}

    /// The words by which it is found, where it is [`Resource::SEARCHED`].
    fn words(&self) -> Words {
        Words::default()
    }

    /// The version that everybody reads in the place of what its cities read, where there is one: it is in the column
    /// [`Resource::PUBLISHED`].
    fn published(&self) -> Option<i64> {
        None
    }

    /// Every reference in it, so that unknown ones are told by their place.
    fn references(&self, _references: &mut References) {}

    /// References that only show once the first ones are known, such as a pairing's programme.
    fn further_references(&self, _known: &Known, _references: &mut References) {}

    /// Does slow work on a body before its transaction begins, so that [`Resource::prepare`] finds it done.
    fn foresee(_body: &Value) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// Fills in what the service gives: ids, keys, derived fields. `before` is what is stored now.
    fn prepare(&mut self, _before: Option<&Self>, _known: &Known, _faults: &mut Faults) {}

    /// The rules that hold between fields; the schema has checked each field alone.
    fn check(&self, _check: &Check<'_, Self>, _faults: &mut Faults) {}

    /// What only the database can tell, beside references: codes, defaults.
    fn consult(
        &mut self,
        _conn: &mut Connection,
        _faults: &mut Faults,
    ) -> impl Future<Output = QueryResult<()>> + Send {
        async { Ok(()) }
    }

    /// As [`Resource::consult`], of many at once.
    fn consult_all(
        conn: &mut Connection,
        items: Vec<(&mut Self, &mut Faults)>,
    ) -> impl Future<Output = QueryResult<()>> + Send {
        async {
            for (item, faults) in items {
                item.consult(conn, faults).await?;
            }
            Ok(())
        }
    }

    /// What stands against storing it although it is valid, as things stand: a conflict (409).
    fn admit(&self, _check: &Check<'_, Self>) -> Result<(), Problem> {
        Ok(())
    }

    /// What stands against removing it, as things stand, although `caller` may: a conflict (409).
    fn let_go(&self, _caller: &Caller) -> Result<(), Problem> {
        Ok(())
    }

    /// Fills in what depends on who reads it, and is never stored.
    fn fill_for(&mut self, _caller: &Caller) {}

    /// What an item of the programme's files is known by, also after it was changed: its id, where the file has one.
    fn file_key(&self) -> String {
        self.id().to_string()
    }

    /// The stored thing with this id, for the programme itself.
    fn find_by_text(
        conn: &mut Connection,
        id: &str,
    ) -> impl Future<Output = QueryResult<Option<Self>>> + Send {
        let id = id.parse::<Self::Id>().ok();
        async move {
            match id {
                Some(id) => Self::lock(conn, &Caller::PROGRAMME, &id).await,
                None => Ok(None),
            }
        }
    }

    /// Reads one that `caller` may see.
    fn find(
        conn: &Connection,
        caller: &Caller,
        id: &Self::Id,
    ) -> impl Future<Output = QueryResult<Option<Self::Seen>>> + Send;

    /// Reads one that `caller` may see, locked until the transaction ends: to be changed in it.
    fn lock(
        conn: &mut Connection,
        caller: &Caller,
        id: &Self::Id,
    ) -> impl Future<Output = QueryResult<Option<Self>>> + Send;

    /// As [`Resource::lock`], of many at once, always in the same order.
    fn lock_all(
        conn: &mut Connection,
        caller: &Caller,
        mut ids: Vec<Self::Id>,
    ) -> impl Future<Output = QueryResult<Vec<Self>>> + Send {
        async move {
            ids.sort_unstable();
            ids.dedup();
            let mut found = Vec::new();
            for id in ids {
                found.extend(Self::lock(conn, caller, &id).await?);
            }
            Ok(found)
        }
    }

    /// Reads those of `ids` that `caller` may see, in any order.
    fn find_many(
        conn: &Connection,
        caller: &Caller,
        ids: Vec<Self::Id>,
    ) -> impl Future<Output = QueryResult<Vec<Self>>> + Send;

    /// Reads a page of what `caller` may see; where one can be large, no more than the page may hold of it.
    fn list(
        conn: &Connection,
        caller: &Caller,
        filter: Self::Filter,
        page: Page,
    ) -> impl Future<Output = QueryResult<Stretch<Self::Seen>>> + Send;

    /// Counts what `caller` may see.
    fn count(
        conn: &Connection,
        caller: &Caller,
        filter: Self::Filter,
        narrowing: Narrowing,
    ) -> impl Future<Output = QueryResult<i64>> + Send;

    /// Stores a new one.
    fn insert(
        &self,
        conn: &mut Connection,
        author: &Author,
    ) -> impl Future<Output = QueryResult<()>> + Send;

    /// Stores new ones, all or none.
    fn insert_all(
        items: &[&Self],
        conn: &mut Connection,
        author: &Author,
    ) -> impl Future<Output = QueryResult<()>> + Send {
        async move {
            for item in items {
                item.insert(conn, author).await?;
            }
            Ok(())
        }
    }

    /// Stores the changed one; `before` is locked and stored now.
    fn update(
        &self,
        conn: &mut Connection,
        before: &Self,
        author: &Author,
    ) -> impl Future<Output = QueryResult<()>> + Send;

    /// Removes it.
    fn delete(conn: &mut Connection, id: &Self::Id)
    -> impl Future<Output = QueryResult<()>> + Send;
}

/// Reads an earlier version of a thing by its number, as it was.
pub type ReadVersion<R> = for<'a> fn(&'a Connection, &'a R, i64) -> Reading<'a, R>;

/// What may be found, on its way from the database.
pub type Reading<'a, R> = BoxFuture<'a, QueryResult<Option<R>>>;

/// How two edits of one state of a thing are brought together.
pub struct Merging<R: 'static> {
    /// Reads the version of this number, as it was.
    pub version: ReadVersion<R>,
    /// How its lists are followed.
    pub shape: Shape,
    /// Members inside it that only the service sets.
    pub kept: &'static [&'static str],
}

/// A thing as the read path gives it out.
pub trait Seen<R: Resource>: Send + Sync + Unpin + 'static {
    /// Its id.
    fn id(&self) -> R::Id;
    /// What the write path keeps of it.
    fn meta(&self) -> Meta;
    /// How `caller` stands to it.
    fn relation(&self, caller: &Caller) -> Relation;
    /// The ids that stand in its path before its own.
    fn parents(&self) -> Vec<String> {
        Vec::new()
    }
    /// Writes its JSON, an object.
    fn write_json(&self, out: &mut Vec<u8>) -> serde_json::Result<()>;
}

impl<R: Resource> Seen<R> for R {
    fn id(&self) -> R::Id {
        <R as Resource>::id(self)
    }

    fn meta(&self) -> Meta {
        <R as Resource>::meta(self)
    }

    fn relation(&self, caller: &Caller) -> Relation {
        <R as Resource>::relation(self, caller)
    }

    fn parents(&self) -> Vec<String> {
        <R as Resource>::parents(self)
    }

    fn write_json(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        serde_json::to_writer(out, self)
    }
}

/// The `P` with this id opens the `R`s below it: `caller` sees it, and may read `R`s of what stands to the caller as it
/// does.
pub async fn opens<P: Resource, R: Resource>(
    conn: &Connection,
    caller: &Caller,
    id: Option<&String>,
) -> QueryResult<bool> {
    let Some(id) = id.and_then(|id| id.parse::<P::Id>().ok()) else {
        return Ok(false);
    };
    let parent = P::find(conn, caller, &id).await?;
    let relation = parent.map(|parent| parent.relation(caller));
    Ok(relation.is_some_and(|relation| may_read_below::<P, R>(caller, relation)))
}

/// As [`opens`], and locks it.
pub async fn opens_locked<P: Resource, R: Resource>(
    conn: &mut Connection,
    caller: &Caller,
    id: Option<&String>,
) -> QueryResult<bool> {
    let Some(id) = id.and_then(|id| id.parse::<P::Id>().ok()) else {
        return Ok(false);
    };
    let parent = P::lock(conn, caller, &id).await?;
    let relation = parent.map(|parent| <P as Resource>::relation(&parent, caller));
    Ok(relation.is_some_and(|relation| may_read_below::<P, R>(caller, relation)))
}

fn may_read_below<P: Resource, R: Resource>(caller: &Caller, relation: Relation) -> bool {
    let may_read = |thing| allows(caller.role, Action::Read, thing, relation).is_some();
    may_read(P::THING) && may_read(R::THING)
}

/// The names in the path of an `R` that stand for the ids of what it belongs to, in their order.
pub fn parent_fields<R: Resource>() -> impl Iterator<Item = &'static str> {
    R::PATH
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

/// What [`Resource::check`] and [`Resource::admit`] may look at.
pub struct Check<'a, R> {
    /// What is stored now, when it is a change.
    pub before: Option<&'a R>,
    /// Who asks.
    pub caller: &'a Caller,
    /// The things that it refers to.
    pub known: &'a Known,
}

impl<R: Resource> Check<'_, R> {
    /// Whether the caller may not take the thing from `city`, which is one of those that it belongs to now: a city takes
    /// its own name out of what it shares with others, admins anybody's.
    pub fn holds(&self, city: &CityId) -> bool {
        self.caller.role != Role::Admin
            && self.caller.city.as_ref() != Some(city)
            && self
                .before
                .is_some_and(|before| before.cities().contains(city))
    }
}

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub struct Listing<T> {
    /// The items of this page.
    #[schema(max_items = 200)]
    pub items: Vec<T>,
    /// URL of the next page; null on the last.
    #[schema(format = "uri-reference", max_length = 4000)]
    pub next: Option<String>,
    /// The `cursor` of the next page; null on the last.
    #[schema(max_length = 2000, pattern = "^[A-Za-z0-9_.-]+$")]
    pub cursor: Option<String>,
    /// How many items match in all, with `count=true`.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64, nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<i64>,
    /// What `include` asks for, once each: by kind and id.
    #[schema(value_type = Object, nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub included: Option<Included>,
}

/// Everybody sees the whole table.
pub fn to_everybody(_: &Caller) -> Option<Sight> {
    None
}

/// A new UUID, version 7 (RFC 9562): newer ones sort later.
pub fn new_uuid() -> uuid::Uuid {
    uuid::Uuid::now_v7()
}

/// A number that stands for these parts in an ETag, the same on every instance; 0 for none.
pub fn digest_of<'a>(parts: impl IntoIterator<Item = &'a str>) -> u64 {
    let mut parts = parts.into_iter().peekable();
    if parts.peek().is_none() {
        return 0;
    }
    let mut digest = Context::new(&SHA256);
    for part in parts {
        digest.update(&part.len().to_be_bytes());
        digest.update(part.as_bytes());
    }
    let digest = digest.finish();
    u64::from_be_bytes(digest.as_ref().first_chunk().copied().unwrap_or_default())
}

/// Gives a thing that has none yet the readable id that `name` suggests.
pub fn derive_id<I: Id + Default>(id: &mut I, name: Option<&str>, faults: &mut Faults) {
    if id.to_string().is_empty() {
        match name
            .and_then(crate::ids::slug_of)
            .and_then(|slug| slug.parse().ok())
        {
            Some(derived) => *id = derived,
            None => faults.push(Fault::at("/id", Rule::IdNotDerivable)),
        }
    }
}
