//! What the one read path and the one write path need to know of a kind of thing.
//!
//! A slice says it once, by implementing [`Resource`]: the names, the rules, the SQL. Everything that all
//! things have in common (pages, conditional requests, idempotency, dry runs, events) is in `read.rs` and
//! `write.rs`, and knows no kind of thing.

use std::any::{Any, TypeId};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;
use std::hash::Hash;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use diesel::QueryResult;
use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::auth::Caller;
use crate::db::Connection;
use crate::events::Author;
use crate::ids::CityId;
use crate::policy::{Action, Relation, Thing, allows};
use crate::problem::{Fault, Faults, Rule};
use crate::query::{Equals, Page, Sort, TieBreak};

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
    /// The filter of its lists.
    type Filter: Clone + Default + DeserializeOwned + IntoParams + Send + Sync + 'static;

    /// What rights and events call it.
    const THING: Thing;
    /// Its path below `/v1`, such as `/cities`.
    const PATH: &'static str;
    /// The orders its lists offer; the first is the default.
    const SORTS: &'static [Sort<Self>];
    /// The last key of every order.
    const TIE: TieBreak<Self>;
    /// What can be answered along with it.
    const INCLUDES: &'static [Include<Self>] = &[];

    /// Its id.
    fn id(&self) -> Self::Id;
    /// What the write path keeps of it.
    fn meta(&self) -> Meta;
    /// Sets what the write path keeps.
    fn stamp(&mut self, meta: Meta);

    /// The cities that it belongs to: they see its events.
    fn cities(&self) -> Vec<CityId> {
        Vec::new()
    }

    /// How `caller` stands to it.
    fn relation(&self, caller: &Caller) -> Relation {
        caller.relation_to_cities(self.cities().iter())
    }

    /// Every reference in it, so that unknown ones are told by their place.
    fn references(&self, _references: &mut References) {}

    /// References that only show once the first ones are known, such as a pairing's programme.
    fn further_references(&self, _known: &Known, _references: &mut References) {}

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
                Some(id) => Self::find(conn, &Caller::PROGRAMME, &id, Lock::ForChange).await,
                None => Ok(None),
            }
        }
    }

    /// Reads one that `caller` may see.
    fn find(
        conn: &mut Connection,
        caller: &Caller,
        id: &Self::Id,
        lock: Lock,
    ) -> impl Future<Output = QueryResult<Option<Self>>> + Send;

    /// Reads those of `ids` that `caller` may see, in any order.
    fn find_many(
        conn: &mut Connection,
        caller: &Caller,
        ids: Vec<Self::Id>,
    ) -> impl Future<Output = QueryResult<Vec<Self>>> + Send;

    /// Reads a page of what `caller` may see.
    fn list(
        conn: &mut Connection,
        caller: &Caller,
        filter: Self::Filter,
        page: Page,
    ) -> impl Future<Output = QueryResult<Vec<Self>>> + Send;

    /// Counts what `caller` may see.
    fn count(
        conn: &mut Connection,
        caller: &Caller,
        filter: Self::Filter,
        since: Option<DateTime<Utc>>,
    ) -> impl Future<Output = QueryResult<i64>> + Send;

    /// Stores a new one.
    fn insert(
        &self,
        conn: &mut Connection,
        author: &Author,
    ) -> impl Future<Output = QueryResult<()>> + Send;

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

/// What [`Resource::check`] may look at.
pub struct Check<'a, R> {
    /// What is stored now, when it is a change.
    pub before: Option<&'a R>,
    /// Who asks.
    pub caller: &'a Caller,
    /// The things that it refers to.
    pub known: &'a Known,
}

/// Whether a row is read to be changed in the same transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// Only read.
    None,
    /// Locked until the transaction ends.
    ForChange,
}

type Loader = for<'a> fn(
    &'a mut Connection,
    &'a Caller,
    Vec<String>,
) -> BoxFuture<'a, QueryResult<Vec<Loaded>>>;

/// The second wall behind the conditions in the statements: what the access table does not let `caller` read is
/// taken out, and noted as the fault it is.
pub fn keep_readable<R: Resource>(caller: &Caller, items: &mut Vec<R>) {
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
    to_json: fn(&(dyn Any + Send + Sync)) -> Value,
}

fn load<'a, R: Resource>(
    conn: &'a mut Connection,
    caller: &'a Caller,
    ids: Vec<String>,
) -> BoxFuture<'a, QueryResult<Vec<Loaded>>> {
    Box::pin(async move {
        let ids: Vec<R::Id> = ids.iter().filter_map(|id| id.parse().ok()).collect();
        let mut items = R::find_many(conn, caller, ids).await?;
        keep_readable(caller, &mut items);
        let to_json = |item: &(dyn Any + Send + Sync)| {
            item.downcast_ref::<R>()
                .and_then(|item| serde_json::to_value(item).ok())
                .unwrap_or_default()
        };
        Ok(items
            .into_iter()
            .map(|item| Loaded {
                id: item.id().to_string(),
                item: Box::new(item),
                to_json,
            })
            .collect())
    })
}

/// The references of one body, each with its place.
#[derive(Default)]
pub struct References {
    kinds: BTreeMap<&'static str, Kind>,
}

struct Kind {
    type_id: TypeId,
    load: Loader,
    places: Vec<(String, String)>,
}

impl References {
    /// Notes that the field at `pointer` refers to the `R` with this id.
    pub fn to<R: Resource>(&mut self, pointer: impl Into<String>, id: &R::Id) {
        let kind = self.kinds.entry(R::THING.as_str()).or_insert_with(|| Kind {
            type_id: TypeId::of::<R>(),
            load: load::<R>,
            places: Vec::new(),
        });
        kind.places.push((pointer.into(), id.to_string()));
    }

    /// Notes the entries of a list.
    pub fn to_each<R: Resource>(&mut self, pointer: &str, ids: &[R::Id]) {
        for (index, id) in ids.iter().enumerate() {
            self.to::<R>(format!("{pointer}/{index}"), id);
        }
    }

    /// Reads what is referred to, one statement for each kind of thing; what `caller` may not see is as
    /// unknown as what is not there.
    pub async fn resolve(
        self,
        conn: &mut Connection,
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
        conn: &mut Connection,
        caller: &Caller,
        faults: &mut Faults,
    ) -> QueryResult<()> {
        for (name, kind) in self.kinds {
            let mut ids: Vec<String> = kind.places.iter().map(|(_, id)| id.clone()).collect();
            ids.sort_unstable();
            ids.dedup();
            let loaded = (kind.load)(conn, caller, ids).await?;
            let items: HashMap<String, Loaded> = loaded
                .into_iter()
                .map(|item| (item.id.clone(), item))
                .collect();
            for (pointer, id) in &kind.places {
                if !items.contains_key(id) {
                    faults.push(
                        Fault::at(pointer, Rule::UnknownReference)
                            .with("kind", name.replace('_', " "))
                            .with("id", id),
                    );
                }
            }
            known.0.entry(kind.type_id).or_default().extend(items);
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
    ids: fn(&T) -> Vec<String>,
    load: Loader,
}

impl<T> Include<T> {
    /// Answers the `R` that `ids` names along.
    pub const fn new<R: Resource>(name: &'static str, ids: fn(&T) -> Vec<String>) -> Self {
        Self {
            name,
            ids,
            load: load::<R>,
        }
    }
}

/// The related things that `names` asks for, once each: `{"cities": {"yokohama": {…}}}`.
pub async fn included<T>(
    conn: &mut Connection,
    caller: &Caller,
    items: &[T],
    includes: &[Include<T>],
    names: &[String],
) -> QueryResult<Map<String, Value>> {
    let mut all = Map::new();
    for include in includes
        .iter()
        .filter(|include| names.iter().any(|name| name == include.name))
    {
        let mut ids: Vec<String> = items.iter().flat_map(include.ids).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut loaded = (include.load)(conn, caller, ids).await?;
        loaded.sort_by(|a, b| a.id.cmp(&b.id));
        let by_id = loaded
            .into_iter()
            .map(|item| (item.id.clone(), (item.to_json)(item.item.as_ref())))
            .collect();
        all.insert(include.name.to_owned(), Value::Object(by_id));
    }
    Ok(all)
}

/// Ids as strings, for [`Include::new`].
pub fn strings<I: ToString>(ids: &[I]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

/// A page of a list.
#[derive(Serialize, Deserialize, ToSchema)]
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
}

/// Everybody sees the whole table.
pub fn to_everybody(_: &Caller) -> Option<Equals> {
    None
}

/// Implements the SQL of [`Resource`] for a type whose fields are the columns of its table.
///
/// `visible` says what of the table a caller may see, [`to_everybody`] or a function of the slice (`None`: all of
/// it); every statement begins with it. The block narrows the boxed query by the filter of a list; it stands in `list` and in `count` alike.
macro_rules! rows {
    ($table:ident, key = $key:ident, visible = $visible:expr, filter = |$query:ident, $filter:ident| $narrow:block) => {
        async fn find(
            conn: &mut $crate::db::Connection,
            caller: &$crate::auth::Caller,
            id: &Self::Id,
            lock: $crate::resource::Lock,
        ) -> diesel::QueryResult<Option<Self>> {
            use diesel::prelude::*;
            use diesel_async::RunQueryDsl;
            use $crate::resource::Lock;
            let row = $table::table.filter($table::$key.eq(id.clone())).select(Self::as_select());
            match ($visible(caller), lock) {
                (None, Lock::None) => row.first(conn).await,
                (None, Lock::ForChange) => row.for_no_key_update().first(conn).await,
                (Some(seen), Lock::None) => row.filter(seen).first(conn).await,
                (Some(seen), Lock::ForChange) => row.filter(seen).for_no_key_update().first(conn).await,
            }
            .optional()
        }

        async fn find_many(
            conn: &mut $crate::db::Connection,
            caller: &$crate::auth::Caller,
            ids: Vec<Self::Id>,
        ) -> diesel::QueryResult<Vec<Self>> {
            use diesel::prelude::*;
            use diesel_async::RunQueryDsl;
            let mut query = $table::table.filter($table::$key.eq_any(ids)).select(Self::as_select()).into_boxed();
            if let Some(seen) = $visible(caller) {
                query = query.filter(seen);
            }
            query.load(conn).await
        }

        async fn list(
            conn: &mut $crate::db::Connection,
            caller: &$crate::auth::Caller,
            $filter: Self::Filter,
            page: $crate::query::Page,
        ) -> diesel::QueryResult<Vec<Self>> {
            use diesel::prelude::*;
            use diesel_async::RunQueryDsl;
            let mut $query = $table::table.select(Self::as_select()).into_boxed::<diesel::pg::Pg>();
            if let Some(seen) = $visible(caller) {
                $query = $query.filter(seen);
            }
            $narrow
            if let Some(since) = page.since {
                $query = $query.filter($table::updated_at.ge(since));
            }
            $query.filter(page.keyset()).order(page.order()).limit(page.limit).load(conn).await
        }

        async fn count(
            conn: &mut $crate::db::Connection,
            caller: &$crate::auth::Caller,
            $filter: Self::Filter,
            since: Option<chrono::DateTime<chrono::Utc>>,
        ) -> diesel::QueryResult<i64> {
            use diesel::prelude::*;
            use diesel_async::RunQueryDsl;
            let mut $query = $table::table.select(diesel::dsl::count_star()).into_boxed::<diesel::pg::Pg>();
            if let Some(seen) = $visible(caller) {
                $query = $query.filter(seen);
            }
            $narrow
            if let Some(since) = since {
                $query = $query.filter($table::updated_at.ge(since));
            }
            $query.first(conn).await
        }

        async fn delete(conn: &mut $crate::db::Connection, id: &Self::Id) -> diesel::QueryResult<()> {
            use diesel::prelude::*;
            use diesel_async::RunQueryDsl;
            diesel::delete($table::table.filter($table::$key.eq(id.clone()))).execute(conn).await.map(drop)
        }
    };
}
pub(crate) use rows;

/// Implements `insert` and `update` of [`Resource`] for a type that is nothing but its row.
macro_rules! plain_writes {
    ($table:ident, key = $key:ident) => {
        async fn insert(
            &self,
            conn: &mut $crate::db::Connection,
            _author: &$crate::events::Author,
        ) -> diesel::QueryResult<()> {
            use diesel_async::RunQueryDsl;
            diesel::insert_into($table::table)
                .values(self)
                .execute(conn)
                .await
                .map(drop)
        }

        async fn update(
            &self,
            conn: &mut $crate::db::Connection,
            _before: &Self,
            _author: &$crate::events::Author,
        ) -> diesel::QueryResult<()> {
            use diesel::prelude::*;
            use diesel_async::RunQueryDsl;
            diesel::update($table::table.filter($table::$key.eq(self.$key.clone())))
                .set(self)
                .execute(conn)
                .await
                .map(drop)
        }
    };
}
pub(crate) use plain_writes;

/// Implements `id`, `meta` and `stamp` of [`Resource`] for a type with the usual fields.
macro_rules! usual_fields {
    ($key:ident) => {
        fn id(&self) -> Self::Id {
            self.$key.clone()
        }

        fn meta(&self) -> $crate::resource::Meta {
            $crate::resource::Meta {
                version: self.version,
                created_at: self.created_at,
                updated_at: self.updated_at,
            }
        }

        fn stamp(&mut self, meta: $crate::resource::Meta) {
            self.version = meta.version;
            self.created_at = meta.created_at;
            self.updated_at = meta.updated_at;
        }
    };
}
pub(crate) use usual_fields;

/// A new UUID, version 7 (RFC 9562): newer ones sort later.
pub fn new_uuid() -> uuid::Uuid {
    uuid::Uuid::now_v7()
}

/// The orders that every list offers, and those of its own: by id (the default), by age, by change.
macro_rules! usual_sorts {
    ($($own:expr),* $(,)?) => {
        $crate::resource::sorts_with_id![
            Sort { name: "id", sql: "id", kind: KeyType::Text, key: |item| Key::Text(item.id.to_string()) }, $($own),*
        ]
    };
}
pub(crate) use usual_sorts;

/// The same for things whose id is a UUID.
macro_rules! usual_sorts_by_uuid {
    ($($own:expr),* $(,)?) => {
        $crate::resource::sorts_with_id![
            Sort { name: "id", sql: "id", kind: KeyType::Uuid, key: |item| Key::Uuid(item.id.uuid()) }, $($own),*
        ]
    };
}
pub(crate) use usual_sorts_by_uuid;

macro_rules! sorts_with_id {
    ($id:expr, $($own:expr),*) => {
        &[
            $id,
            Sort { name: "created_at", sql: "created_at", kind: KeyType::Time, key: |item| Key::Time(item.created_at) },
            Sort { name: "updated_at", sql: "updated_at", kind: KeyType::Time, key: |item| Key::Time(item.updated_at) },
            $($own),*
        ]
    };
}
pub(crate) use sorts_with_id;

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
