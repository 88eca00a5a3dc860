//! The feed in the database: for each reader one walk along an index, merged by number.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::types::{Change, ChangedType};
use crate::app::App;
use crate::auth::Caller;
use crate::db::Connection;
use crate::events::Happening;
use crate::feed::{self, Place};
use crate::ids::{AccountId, CityId};
use crate::policy::{Action, Relation, Role, Thing, ever_allows};
use crate::schema::used_ids;

/// Who `reader` is for everybody.
const EVERYBODY: &str = "*";

/// Who `reader` is for admins.
const ADMINS: &str = "#";

/// A part of the feed that is looked for.
#[derive(Clone, Debug)]
pub struct Search {
    /// Only of these kinds; none: of all.
    pub types: Vec<ChangedType>,
    /// Only of these cities; none: of all.
    pub cities: Vec<CityId>,
    /// Most changes.
    pub limit: i64,
}

/// A change as it is stored for one reader.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its number.
    pub seq: i64,
    /// The kind of thing.
    pub r#type: ChangedType,
    /// The id of the thing.
    pub resource: String,
    /// Its path below `/v1`.
    pub path: String,
    /// What happened to it, for the reader.
    pub action: Happening,
    /// The version that the reader sees.
    pub version: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// The account that did it.
    pub by: Option<AccountId>,
    /// The cities that it belongs to.
    pub cities: Vec<CityId>,
    /// When it got its number.
    pub numbered_at: DateTime<Utc>,
}

impl Stored {
    /// As `caller` is told of it; nothing where no rule of the access table lets the caller read it at all: that is the
    /// second wall.
    pub fn told(self, app: &App, caller: &Caller, epoch: Uuid) -> Option<Change> {
        let thing: Option<Thing> = self.r#type.as_str().parse().ok();
        if !thing.is_some_and(|thing| ever_allows(caller.role, Action::Read, thing)) {
            tracing::error!(kind = %self.r#type, role = %caller.role, "the feed had something that the caller may not read");
            return None;
        }
        let is_own = caller.relation_to_cities(self.cities.iter()) == Relation::Own;
        let place = Place {
            epoch,
            seq: self.seq,
        };
        Some(Change {
            cursor: place.cursor(&app.seal),
            r#type: self.r#type,
            id: self.resource,
            action: self.action,
            version: self.version,
            at: self.at,
            city: self.cities.as_slice().first().cloned(),
            cities: self.cities,
            by: self.by.filter(|_| is_own || caller.role == Role::Admin),
            url: app.url(&format!("/v1{}", self.path)),
        })
    }
}

/// What was found, and how far the feed went when it was looked for.
#[derive(Clone, Debug)]
pub struct Found {
    /// The epoch of the feed.
    pub epoch: Uuid,
    /// The newest change that was forgotten.
    pub floor: i64,
    /// The newest change there is.
    pub last: i64,
    /// The changes, in their order.
    pub changes: Vec<Stored>,
}

/// Those of the cities that there never were: of one that was deleted, the feed still tells.
pub async fn unknown_cities(mut conn: &Connection, cities: &[CityId]) -> QueryResult<Vec<CityId>> {
    let known: Vec<String> = used_ids::table
        .filter(used_ids::type_.eq("cities"))
        .filter(used_ids::id.eq_any(cities.iter().map(CityId::as_str)))
        .select(used_ids::id)
        .load(&mut conn)
        .await?;
    let is_unknown = |city: &&CityId| known.iter().all(|id| id != city.as_str());
    Ok(cities.iter().filter(is_unknown).cloned().collect())
}

/// The changes after `after` (from the beginning of the feed: `None`) that `caller` sees, by now.
pub async fn find(
    conn: &Connection,
    caller: &Caller,
    search: &Search,
    after: Option<i64>,
) -> QueryResult<Found> {
    feed::number(conn).await?;
    find_numbered(conn, caller, search, after).await
}

/// As [`find`], of what has its number already.
pub async fn find_numbered(
    mut conn: &Connection,
    caller: &Caller,
    search: &Search,
    after: Option<i64>,
) -> QueryResult<Found> {
    let walks = Walks {
        own: match (caller.role, &caller.city) {
            (Role::Admin, _) => Some(ADMINS.to_owned()),
            (_, city) => city.as_ref().map(ToString::to_string),
        },
        after: after.unwrap_or_default(),
        search,
    };
    let rows: Vec<Row> = walks.load(&mut conn).await?;
    let Some((epoch, floor, last, ..)) = rows.as_slice().first() else {
        return Err(diesel::result::Error::NotFound);
    };
    Ok(Found {
        epoch: *epoch,
        floor: *floor,
        last: *last,
        changes: rows
            .into_iter()
            .filter_map(|(.., stored)| stored_of(stored))
            .collect(),
    })
}

type Columns = (
    Option<i64>,
    Option<ChangedType>,
    Option<String>,
    Option<String>,
    Option<Happening>,
    Option<i64>,
    Option<DateTime<Utc>>,
    Option<AccountId>,
    Option<Vec<CityId>>,
    Option<DateTime<Utc>>,
);

type Row = (Uuid, i64, i64, Columns);

/// A feed without changes is one row without a change.
fn stored_of(columns: Columns) -> Option<Stored> {
    let (seq, kind, resource, path, action, version, at, by, cities, numbered_at) = columns;
    Some(Stored {
        seq: seq?,
        r#type: kind?,
        resource: resource?,
        path: path?,
        action: action?,
        version: version?,
        at: at?,
        by,
        cities: cities?,
        numbered_at: numbered_at?,
    })
}

/// The statement, by hand: a walk for each reader and kind, or city.
struct Walks<'a> {
    own: Option<String>,
    after: i64,
    search: &'a Search,
}

impl Query for Walks<'_> {
    type SqlType = (
        SqlUuid,
        BigInt,
        BigInt,
        (
            Nullable<BigInt>,
            Nullable<Text>,
            Nullable<Text>,
            Nullable<Text>,
            Nullable<Text>,
            Nullable<BigInt>,
            Nullable<Timestamptz>,
            Nullable<SqlUuid>,
            Nullable<Array<Text>>,
            Nullable<Timestamptz>,
        ),
    );
}

impl QueryId for Walks<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Conn> diesel::RunQueryDsl<Conn> for Walks<'_> {}

impl QueryFragment<Pg> for Walks<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // A plan for these very values: how far a walk goes depends on them.
        out.unsafe_to_cache_prepared();
        out.push_sql(
            "SELECT feed.epoch, feed.floor, feed.last, found.seq, found.type, found.resource, found.path, found.action, \
                found.version, found.at, found.by, found.cities, found.numbered_at \
             FROM feed LEFT JOIN LATERAL (SELECT DISTINCT ON (seq) * FROM (",
        );
        let mut is_first = true;
        for reader in self.own.as_deref().into_iter().chain([EVERYBODY]) {
            if !self.search.cities.is_empty() {
                for city in &self.search.cities {
                    separate(&mut out, &mut is_first);
                    self.walk_of_city(&mut out, reader, city)?;
                }
            } else if self.search.types.is_empty() {
                separate(&mut out, &mut is_first);
                self.walk(&mut out, reader, None)?;
            } else {
                for kind in &self.search.types {
                    separate(&mut out, &mut is_first);
                    self.walk(&mut out, reader, Some(kind))?;
                }
            }
        }
        out.push_sql(") AS walks ORDER BY seq LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.search.limit)?;
        out.push_sql(") AS found ON true ORDER BY found.seq");
        Ok(())
    }
}

fn separate(out: &mut AstPass<'_, '_, Pg>, is_first: &mut bool) {
    if !std::mem::take(is_first) {
        out.push_sql(" UNION ALL ");
    }
}

impl Walks<'_> {
    /// What a reader sees, of one kind or of all.
    fn walk<'b>(
        &'b self,
        out: &mut AstPass<'_, 'b, Pg>,
        reader: &'b str,
        kind: Option<&'b ChangedType>,
    ) -> QueryResult<()> {
        out.push_sql("(SELECT changes.* FROM changes WHERE changes.reader = ");
        out.push_bind_param::<Text, _>(reader)?;
        if let Some(kind) = kind {
            out.push_sql(" AND changes.type = ");
            out.push_bind_param::<Text, _>(kind)?;
        }
        self.rest(out, reader, "changes")
    }

    /// What a reader sees of one city's things.
    fn walk_of_city<'b>(
        &'b self,
        out: &mut AstPass<'_, 'b, Pg>,
        reader: &'b str,
        city: &'b CityId,
    ) -> QueryResult<()> {
        out.push_sql(
            "(SELECT changes.* FROM change_cities AS placed JOIN changes ON changes.seq = placed.seq WHERE placed.reader = ",
        );
        out.push_bind_param::<Text, _>(reader)?;
        out.push_sql(" AND placed.city = ");
        out.push_bind_param::<Text, _>(city)?;
        match self.search.types.as_slice() {
            [] => {}
            // Equal to one, its changes stand in their order in the index.
            [one] => {
                out.push_sql(" AND placed.type = ");
                out.push_bind_param::<Text, _>(one)?;
            }
            _ => {
                out.push_sql(" AND placed.type = ANY(");
                out.push_bind_param::<Array<Text>, _>(&self.search.types)?;
                out.push_sql(")");
            }
        }
        self.rest(out, reader, "placed")
    }

    fn rest<'b>(
        &'b self,
        out: &mut AstPass<'_, 'b, Pg>,
        reader: &str,
        walked: &str,
    ) -> QueryResult<()> {
        if let Some(own) = self.own.as_deref().filter(|_| reader == EVERYBODY) {
            out.push_sql(" AND ");
            out.push_bind_param::<Text, _>(own)?;
            out.push_sql(" <> ALL (changes.not_for)");
        }
        out.push_sql(" AND ");
        out.push_sql(walked);
        out.push_sql(".seq > ");
        out.push_bind_param::<BigInt, _>(&self.after)?;
        out.push_sql(" ORDER BY ");
        out.push_sql(walked);
        out.push_sql(".seq LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.search.limit)?;
        out.push_sql(")");
        Ok(())
    }
}
