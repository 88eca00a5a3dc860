//! What every change leaves behind: one row, in the transaction of the change.
//!
//! They are the audit trail, never changed and never deleted. What a change was to each of its readers is told to the
//! change feed by triggers (docs/ARCHITECTURE.md); it takes from these rows whose doing it was.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::AstPass;
use diesel::sql_types::{Array, BigInt, Bool, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::column::{jsonb, words};
use crate::db::Connection;
use crate::db::statement::{Statement, Values, no_value};
use crate::ids::{AccountId, CityId, ClientId};
use crate::policy::Thing;
use crate::schema::{events, loaded_items};
use crate::search::Words;

words! {
    /// What happened to a thing.
    Happening {
        /// It was made.
        Created = "created",
        /// It was changed.
        Updated = "updated",
        /// It was removed.
        Deleted = "deleted",
    }
}

/// Who changes something, when and from where.
#[derive(Clone, Debug)]
pub struct Author {
    /// The person or the machine client; none when the programme's data is loaded.
    pub by: Option<AccountId>,
    /// The machine client, where it is one.
    pub client: Option<ClientId>,
    /// The city that it belongs to at that time; none of the programme's.
    pub city: Option<CityId>,
    /// When.
    pub at: DateTime<Utc>,
    /// The id of the request.
    pub request_id: String,
    /// The network address it came from.
    pub address: String,
    /// What the change is, beside what it changes.
    pub manner: Manner,
}

impl Author {
    /// The service itself, in what is its own work: `work` stands for the id of a request.
    pub fn itself(at: DateTime<Utc>, work: &str) -> Self {
        Self {
            by: None,
            client: None,
            city: None,
            at,
            request_id: work.to_owned(),
            address: String::new(),
            manner: Manner::Usual,
        }
    }
}

/// What a change is, beside what it changes: for things whose versions are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    /// One as any other.
    #[default]
    Usual,
    /// One that leaves the meaning as it was, such as of spelling.
    Minor,
    /// One that brings this version back.
    Restoring(i64),
}

/// One change of one thing.
#[derive(Clone, Debug, Serialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = events)]
pub struct Event {
    /// Id of the event.
    pub id: Uuid,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// The kind of thing.
    #[diesel(column_name = type_)]
    pub r#type: Thing,
    /// The id of the thing.
    #[schema(max_length = 80)]
    pub resource: String,
    /// What happened.
    pub action: Happening,
    /// The version that this made.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub version: i64,
    /// The cities it belongs to.
    #[schema(max_items = 50)]
    pub cities: Vec<CityId>,
    /// Who did it: a person, or a machine client.
    pub by: Option<AccountId>,
    /// The machine client that did it; null when it was a person.
    pub client: Option<ClientId>,
    /// The id of the request.
    #[serde(skip)]
    pub request_id: String,
    /// The network address it came from.
    #[serde(skip)]
    pub address: String,
    /// JSON Patch (RFC 6902) from the state before to the state after.
    #[serde(skip)]
    pub change: Patch,
}

impl Event {
    /// A change by `author`; `change` is a JSON Patch (RFC 6902) from the state before to the state after.
    pub fn new(
        author: &Author,
        thing: Thing,
        resource: String,
        happening: Happening,
        version: i64,
        cities: Vec<CityId>,
        change: Patch,
    ) -> Self {
        Self {
            id: Uuid::now_v7(),
            at: author.at,
            r#type: thing,
            resource,
            action: happening,
            version,
            cities,
            by: author.by,
            client: author.client,
            request_id: author.request_id.clone(),
            address: author.address.clone(),
            change,
        }
    }
}

impl Event {
    /// The same event, telling which fields changed and not what stood or stands in them.
    pub fn without_values(&self) -> serde_json::Result<Self> {
        Ok(Self {
            change: self.change.without_values()?,
            ..self.clone()
        })
    }
}

/// A JSON Patch (RFC 6902), its operations as text: that of a new thing holds all of it, and nobody looks into it.
#[derive(
    Clone,
    Debug,
    Default,
    Serialize,
    Deserialize,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = Jsonb)]
pub struct Patch(Vec<Box<RawValue>>);

jsonb!(Patch);

impl Patch {
    /// From `before` to `after`.
    pub fn between(before: &Value, after: &Value) -> serde_json::Result<Self> {
        let operations = json_patch::diff(before, after);
        let operations = operations.iter().map(to_raw_value);
        operations.collect::<Result<_, _>>().map(Self)
    }

    /// To `after`, from nothing or from whatever it was; `None`: to nothing.
    pub fn to<T: Serialize>(after: Option<&T>) -> serde_json::Result<Self> {
        #[derive(Serialize)]
        struct Replace<'a, T> {
            op: &'static str,
            path: &'static str,
            value: Option<&'a T>,
        }
        let replace = Replace {
            op: "replace",
            path: "",
            value: after,
        };
        Ok(Self(vec![to_raw_value(&replace)?]))
    }

    fn without_values(&self) -> serde_json::Result<Self> {
        let operations = self.0.iter().map(|operation| {
            let mut operation: Map<String, Value> = serde_json::from_str(operation.get())?;
            operation.remove("value");
            to_raw_value(&operation)
        });
        operations.collect::<Result<_, _>>().map(Self)
    }
}

/// Stores events, and the words by which what they are about is found from then on.
pub const RECORD: &str = "\
    WITH found AS ( \
        INSERT INTO search_words (type, id, is_public, version, words) \
        SELECT type, id, is_public, version, CAST(words AS tsvector) \
        FROM unnest(:found_types, :found_ids, :found_public, :found_versions, :found_words) \
            AS new (type, id, is_public, version, words) \
        ON CONFLICT ON CONSTRAINT search_words_pkey DO UPDATE SET version = excluded.version, words = excluded.words \
    ), gone AS ( \
        DELETE FROM search_words AS had USING unnest(:types, :resources, :actions) AS event (type, resource, action) \
        WHERE action = 'deleted' AND had.type = event.type AND had.id = event.resource \
    ) \
    INSERT INTO events (id, at, type, resource, action, version, cities, by, client, request_id, address, change) \
    SELECT id, at, type, resource, action, version, string_to_array(cities, ','), by, client, request_id, address, change \
    FROM unnest(:ids, :ats, :types, :resources, :actions, :versions, :cities, :bys, :clients, :requests, :addresses, :changes) \
        AS event (id, at, type, resource, action, version, cities, by, client, request_id, address, change)";

/// Writes the event.
pub async fn record(conn: &mut Connection, event: &Event) -> QueryResult<()> {
    record_all(conn, std::slice::from_ref(event), &[]).await
}

/// The words by which a thing is found.
pub struct Found {
    /// Its kind.
    pub thing: Thing,
    /// Its id.
    pub id: String,
    /// Whether it is what everybody reads of it in the place of what its cities read.
    pub is_public: bool,
    /// The version whose words they are.
    pub version: i64,
    /// The words.
    pub words: Words,
}

/// Writes events, and the words of what they are about, in one statement.
pub async fn record_all(conn: &mut Connection, all: &[Event], found: &[Found]) -> QueryResult<()> {
    if all.is_empty() && found.is_empty() {
        return Ok(());
    }
    let statement = Statement {
        sql: RECORD,
        values: Columns::of(all, found),
    };
    statement.execute(conn).await.map(drop)
}

/// Events, as a list for each column.
#[derive(Default)]
struct Columns<'a> {
    ids: Vec<Uuid>,
    ats: Vec<DateTime<Utc>>,
    types: Vec<Thing>,
    resources: Vec<&'a str>,
    actions: Vec<Happening>,
    versions: Vec<i64>,
    /// Of each event with commas between them, which no id has: PostgreSQL knows no list of lists.
    cities: Vec<String>,
    bys: Vec<Option<AccountId>>,
    clients: Vec<Option<ClientId>>,
    requests: Vec<&'a str>,
    addresses: Vec<&'a str>,
    changes: Vec<&'a Patch>,
    found_types: Vec<Thing>,
    found_ids: Vec<&'a str>,
    found_public: Vec<bool>,
    found_versions: Vec<i64>,
    found_words: Vec<String>,
}

impl<'a> Columns<'a> {
    fn of(all: &'a [Event], found: &'a [Found]) -> Self {
        let mut columns = Self::default();
        for event in all {
            let cities: Vec<&str> = event.cities.iter().map(CityId::as_str).collect();
            columns.ids.push(event.id);
            columns.ats.push(event.at);
            columns.types.push(event.r#type);
            columns.resources.push(&event.resource);
            columns.actions.push(event.action);
            columns.versions.push(event.version);
            columns.cities.push(cities.join(","));
            columns.bys.push(event.by);
            columns.clients.push(event.client);
            columns.requests.push(&event.request_id);
            columns.addresses.push(&event.address);
            columns.changes.push(&event.change);
        }
        for found in found {
            columns.found_types.push(found.thing);
            columns.found_ids.push(&found.id);
            columns.found_public.push(found.is_public);
            columns.found_versions.push(found.version);
            columns.found_words.push(found.words.to_tsvector());
        }
        columns
    }
}

impl Values for Columns<'_> {
    fn bind<'b>(&'b self, name: &str, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match name {
            "ids" => out.push_bind_param::<Array<SqlUuid>, _>(&self.ids),
            "ats" => out.push_bind_param::<Array<Timestamptz>, _>(&self.ats),
            "types" => out.push_bind_param::<Array<Text>, _>(&self.types),
            "resources" => out.push_bind_param::<Array<Text>, _>(&self.resources),
            "actions" => out.push_bind_param::<Array<Text>, _>(&self.actions),
            "versions" => out.push_bind_param::<Array<BigInt>, _>(&self.versions),
            "cities" => out.push_bind_param::<Array<Text>, _>(&self.cities),
            "bys" => out.push_bind_param::<Array<Nullable<SqlUuid>>, _>(&self.bys),
            "clients" => out.push_bind_param::<Array<Nullable<SqlUuid>>, _>(&self.clients),
            "requests" => out.push_bind_param::<Array<Text>, _>(&self.requests),
            "addresses" => out.push_bind_param::<Array<Text>, _>(&self.addresses),
            "found_types" => out.push_bind_param::<Array<Text>, _>(&self.found_types),
            "found_ids" => out.push_bind_param::<Array<Text>, _>(&self.found_ids),
            "found_public" => out.push_bind_param::<Array<Bool>, _>(&self.found_public),
            "found_versions" => out.push_bind_param::<Array<BigInt>, _>(&self.found_versions),
            "found_words" => out.push_bind_param::<Array<Text>, _>(&self.found_words),
            "changes" => out.push_bind_param::<Array<Jsonb>, _>(&self.changes),
            unknown => no_value(unknown),
        }
    }
}

/// Whether a person has ever changed the thing.
pub async fn was_edited(conn: &mut Connection, thing: Thing, resource: &str) -> QueryResult<bool> {
    let edits = events::table
        .filter(events::type_.eq(thing))
        .filter(events::resource.eq(resource))
        .filter(events::by.is_not_null());
    diesel::select(diesel::dsl::exists(edits))
        .get_result(conn)
        .await
}

/// The id of the thing that was made of this item of the programme's files, if it ever was.
pub async fn find_loaded(
    conn: &mut Connection,
    thing: Thing,
    key: &str,
) -> QueryResult<Option<String>> {
    loaded_items::table
        .find((thing, key))
        .select(loaded_items::resource)
        .first(conn)
        .await
        .optional()
}

/// Notes that a thing was made of an item of the programme's files, so that it is never made of it again.
pub async fn note_loaded(
    conn: &mut Connection,
    thing: Thing,
    key: &str,
    resource: &str,
) -> QueryResult<()> {
    let row = (
        loaded_items::type_.eq(thing),
        loaded_items::key.eq(key),
        loaded_items::resource.eq(resource),
    );
    diesel::insert_into(loaded_items::table)
        .values(row)
        .execute(conn)
        .await
        .map(drop)
}
