//! Webhooks in the database. The columns of the courier (place, failures, claim) are no part of the thing: they change
//! while somebody edits it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use secrecy::SecretString;
use uuid::Uuid;

use super::secrets::store;
use super::types::{DeliveryError, DeliveryState, OffReason, Webhook, WebhookFilter};
use crate::auth::Caller;
use crate::cities::types::City;
use crate::db::Connection;
use crate::events::{Author, Event};
use crate::feed::{self, Place};
use crate::ids::{CityId, WebhookId};
use crate::policy::{Role, Thing};
use crate::problem::{Code, Fault, Faults, Problem, Rule};
use crate::query::{Key, KeyType, Sight, Sort, TieBreak};
use crate::resource::{
    Check, Include, Known, References, Resource, new_uuid, rows, strings, usual_fields,
    usual_sorts_by_uuid,
};
use crate::rotation::Secrets;
use crate::schema::{feed as feed_row, webhook_deliveries, webhooks};

/// The most webhooks that a city, or the programme, has.
const MOST_WEBHOOKS: i64 = 20;

impl Resource for Webhook {
    type Id = WebhookId;
    type Filter = WebhookFilter;

    const THING: Thing = Thing::Webhook;
    const PATH: &'static str = "/webhooks";
    const SORTS: &'static [Sort<Self>] = usual_sorts_by_uuid![];
    const TIE: TieBreak<Self> = TieBreak {
        sql: "id",
        kind: KeyType::Uuid,
        key: |item| Key::Uuid(item.id.uuid()),
    };
    const INCLUDES: &'static [Include<Self>] = &[Include::new::<City>("cities", |item| {
        let own = item.city.iter().chain(&item.cities);
        strings(&own.collect::<Vec<_>>())
    })];

    usual_fields!(id);

    fn cities(&self) -> Vec<CityId> {
        self.city.iter().cloned().collect()
    }

    fn claim(&mut self, before: Option<&Self>, caller: &Caller) {
        if before.is_none() && self.city.is_none() {
            self.city.clone_from(&caller.city);
        }
        if before.is_none_or(|before| self.takes_over(before)) {
            self.kept_by = caller.account();
        }
    }

    fn references(&self, references: &mut References) {
        if let Some(city) = &self.city {
            references.to::<City>("/city", city);
        }
        references.to_each::<City>("/cities", &self.cities);
    }

    fn prepare(&mut self, before: Option<&Self>, _: &Known, _: &mut Faults) {
        self.id = before.map_or_else(|| new_uuid().into(), |before| before.id);
        self.types.sort_unstable();
        self.types.dedup();
        let was_active = before.is_none_or(|before| before.active);
        if self.active {
            self.off_because = None;
        } else if was_active {
            self.off_because = Some(OffReason::SwitchedOff);
        }
        if self.active != was_active {
            self.failing_since = None;
        }
    }

    fn check(&self, check: &Check<'_, Self>, faults: &mut Faults) {
        if check.before.is_some_and(|before| before.city != self.city) {
            faults.push(Fault::at("/city", Rule::Immutable));
        }
    }

    fn sign(&mut self, author: &Author) {
        self.secrets = Secrets::first::<Self>(author.at);
    }

    fn secret(&self) -> Option<SecretString> {
        self.secrets.fresh()
    }

    /// A city has no more than some, also when several are made at the same time.
    async fn follow(
        conn: &mut Connection,
        _: &Author,
        before: Option<&Self>,
        after: Option<&Self>,
    ) -> Result<Vec<Event>, Problem> {
        if let (None, Some(made)) = (before, after) {
            let whose = made.city.as_ref().map_or("", CityId::as_str);
            diesel::sql_query(
                "SELECT pg_advisory_xact_lock(hashtextextended('webhooks of ' || $1, 0))",
            )
            .bind::<Text, _>(whose)
            .execute(conn)
            .await?;
            let own = webhooks::city.is_not_distinct_from(&made.city);
            let count: i64 = webhooks::table.filter(own).count().get_result(conn).await?;
            if count > MOST_WEBHOOKS {
                return Err(Problem::new(Code::TooManyWebhooks).with("limit", MOST_WEBHOOKS));
            }
        }
        Ok(Vec::new())
    }

    rows!(
        webhooks,
        key = id,
        visible = visible_to,
        filter = |query, filter| {
            if !filter.city.is_empty() {
                query = query.filter(webhooks::city.eq_any(filter.city));
            }
            if let Some(active) = filter.active {
                query = query.filter(webhooks::active.eq(active));
            }
        }
    );

    /// It begins at the end of the feed: what is not committed yet comes after it.
    async fn insert(&self, conn: &mut Connection, _: &Author) -> QueryResult<()> {
        let place = feed::newest(conn).await?;
        let place = (webhooks::epoch.eq(place.epoch), webhooks::seq.eq(place.seq));
        diesel::insert_into(webhooks::table)
            .values((self, place))
            .execute(conn)
            .await?;
        store(conn, self.id, &self.secrets, &Secrets::default()).await
    }

    async fn update(
        &self,
        conn: &mut Connection,
        before: &Self,
        author: &Author,
    ) -> QueryResult<()> {
        diesel::update(webhooks::table.find(self.id))
            .set(self)
            .execute(conn)
            .await?;
        if self.active && !before.active {
            go_on(conn, self.id, author.at).await?;
        }
        if self.active && !before.active || self.url != before.url {
            wake(conn, self.id).await?;
        }
        store(conn, self.id, &self.secrets, &before.secrets).await
    }
}

/// Admins see every webhook, a city's users and machine clients those of the city, nobody else any.
fn visible_to(caller: &Caller) -> Option<Sight> {
    match (caller.role, &caller.city) {
        (Role::Admin, _) => None,
        (_, Some(city)) => Some(Sight::by("city = ?", Key::Text(city.to_string()))),
        (_, None) => Some(Sight::of("false")),
    }
}

/// A webhook that is switched on again goes on from its place, as long as the feed has it, and what has failed is tried
/// again.
async fn go_on(conn: &mut Connection, id: WebhookId, now: DateTime<Utc>) -> QueryResult<()> {
    let place = place_of(conn, id).await?;
    let (epoch, floor): (Uuid, i64) = feed_row::table
        .select((feed_row::epoch, feed_row::floor))
        .first(conn)
        .await?;
    if place.epoch != epoch || place.seq < floor {
        let place = feed::newest(conn).await?;
        diesel::update(webhooks::table.find(id))
            .set((webhooks::epoch.eq(place.epoch), webhooks::seq.eq(place.seq)))
            .execute(conn)
            .await?;
    }
    let failed = webhook_deliveries::table
        .filter(webhook_deliveries::webhook.eq(id))
        .filter(webhook_deliveries::state.eq(DeliveryState::Failed))
        .filter(webhook_deliveries::seq.is_not_null())
        .filter(webhook_deliveries::last_error.is_distinct_from(DeliveryError::Restored));
    diesel::update(failed)
        .set((
            webhook_deliveries::state.eq(DeliveryState::Pending),
            webhook_deliveries::due_at.eq(now),
            webhook_deliveries::ended_at.eq(None::<DateTime<Utc>>),
        ))
        .execute(conn)
        .await
        .map(drop)
}

/// The place of a webhook in the feed.
pub async fn place_of(conn: &mut Connection, id: WebhookId) -> QueryResult<Place> {
    let (epoch, seq) = webhooks::table
        .find(id)
        .select((webhooks::epoch, webhooks::seq))
        .first(conn)
        .await?;
    Ok(Place { epoch, seq })
}

/// Its target may be another now, or back: all that waits is due, and has its whole time again. An attempt that is
/// under way was made before, so what comes of it counts no more: it would lay the target to rest again.
async fn wake(conn: &mut Connection, id: WebhookId) -> QueryResult<()> {
    diesel::sql_query(
        "UPDATE webhooks SET failures = 0, rests_until = now(), claim = NULL, leased_until = now() WHERE id = $1",
    )
        .bind::<SqlUuid, _>(id.uuid())
        .execute(conn)
        .await?;
    diesel::sql_query(
        "UPDATE webhook_deliveries SET due_at = now(), tried_since = NULL WHERE webhook = $1 AND state = 'pending'",
    )
    .bind::<SqlUuid, _>(id.uuid())
    .execute(conn)
    .await
    .map(drop)
}
