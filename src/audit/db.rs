//! The SQL of the audit trail.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::types::{AuditEntry, AuditFilter};
use crate::db::Connection;
use crate::events::Event;
use crate::policy::Thing;
use crate::query::{Key, KeyType, Page, Stretch, TieBreak, Weight, weight};
use crate::schema::{clients, events, users};

/// The newest first: ids are of version 7 (RFC 9562), and begin with the time.
pub const BY_ID: TieBreak<AuditEntry> = TieBreak {
    sql: "events.id",
    kind: KeyType::Uuid,
    key: |entry| Key::Uuid(entry.id),
};

/// How much later or earlier than its `at` the id of an event can have been made, at the very most.
const SLACK: TimeDelta = TimeDelta::days(1);

/// A page of what happened.
pub async fn list(
    mut conn: &Connection,
    filter: &AuditFilter,
    page: &Page,
) -> QueryResult<Stretch<AuditEntry>> {
    let mut walk = events::table.into_boxed::<Pg>();
    let mut types = filter.r#type.clone();
    if let Some(resource) = &filter.resource {
        walk = walk.filter(events::resource.eq(resource.clone()));
        if types.is_empty() {
            // The index by which it is found begins with the type.
            types = Thing::ALL.to_vec();
        }
    }
    if let [only] = types.as_slice() {
        walk = walk.filter(events::type_.eq(*only));
    } else if !types.is_empty() {
        walk = walk.filter(events::type_.eq_any(types));
    }
    if let Some(by) = filter.by {
        walk = walk.filter(events::by.eq(by));
    }
    if let Some(request) = &filter.request_id {
        walk = walk.filter(events::request_id.eq(request.clone()));
    }
    // By the id too, so that nothing outside is walked over.
    if let Some(since) = filter.since {
        let first = least_id_at(since - SLACK);
        walk = walk.filter(events::at.ge(since).and(events::id.ge(first)));
    }
    if let Some(until) = filter.until {
        let last = least_id_at(until + SLACK);
        walk = walk.filter(events::at.lt(until).and(events::id.lt(last)));
    }
    let walked: Vec<(Uuid, i64)> = walk
        .filter(page.keyset())
        .order(page.order())
        .limit(page.reach())
        .select((events::id, Weight(weight!("events.change"))))
        .load(&mut conn)
        .await?;
    let part = page.cut_by_weight(walked);
    let told: Vec<(Event, Option<String>, Option<String>)> = events::table
        .left_join(users::table.on(events::by.eq(users::id.nullable())))
        .left_join(clients::table.on(events::client.eq(clients::id.nullable())))
        .filter(events::id.eq_any(part.items.clone()))
        .select((
            Event::as_select(),
            users::name.nullable(),
            clients::name.nullable(),
        ))
        .load(&mut conn)
        .await?;
    let told = told.into_iter();
    let told = told.map(|(event, user, client)| AuditEntry::of(event, user.or(client)));
    Ok(part.of_read(told.collect(), |entry| entry.id))
}

/// The least id of version 7 that is made at this time.
fn least_id_at(at: DateTime<Utc>) -> Uuid {
    let millis = u128::try_from(at.timestamp_millis()).unwrap_or_default();
    Uuid::from_u128(millis << 80)
}
