//! What every change leaves behind: one row, in the transaction of the change.
//!
//! They are the audit trail, never changed and never deleted. What a change was to each of its readers is told to the
//! change feed by triggers (docs/ARCHITECTURE.md); it takes from these rows whose doing it was.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::column::words;
use crate::db::Connection;
use crate::ids::{AccountId, CityId, ClientId};
use crate::policy::Thing;
use crate::schema::{events, loaded_items};

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
// What is null is written as null and not as DEFAULT, whose statement PostgreSQL would parse anew with each write.
#[derive(Clone, Debug, Serialize, Insertable, ToSchema)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
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
    #[serde(skip)]
    request_id: String,
    #[serde(skip)]
    address: String,
    #[serde(skip)]
    change: Value,
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
        change: Value,
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
    /// JSON Patch (RFC 6902) from the state before to the state after.
    pub fn change(&self) -> &Value {
        &self.change
    }

    /// The same event, telling which fields changed and not what stood or stands in them.
    #[must_use]
    pub fn without_values(&self) -> Self {
        let mut event = self.clone();
        for operation in event.change.as_array_mut().into_iter().flatten() {
            if let Some(operation) = operation.as_object_mut() {
                operation.remove("value");
            }
        }
        event
    }
}

/// Writes the event.
pub async fn record(conn: &mut Connection, event: &Event) -> QueryResult<()> {
    diesel::insert_into(events::table)
        .values(event)
        .execute(conn)
        .await
        .map(drop)
}

/// Writes events, in one statement.
pub async fn record_all(conn: &mut Connection, all: &[Event]) -> QueryResult<()> {
    match all {
        [] => Ok(()),
        [one] => record(conn, one).await,
        many => diesel::insert_into(events::table)
            .values(many)
            .execute(conn)
            .await
            .map(drop),
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
