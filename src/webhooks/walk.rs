//! From the feed to deliveries: in one transaction those of the next changes are made and the place is moved behind them.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::keepers::is_kept;
use super::switching::switch_off;
use super::types::{DeliveryState, Message, OffReason, Webhook};
use crate::app::App;
use crate::auth::Caller;
use crate::changes::db::{Found, Search, find_numbered};
use crate::cities::types::Side;
use crate::db::{Connection, begin, commit, rollback};
use crate::ids::{DeliveryId, WebhookId};
use crate::policy::Role;
use crate::problem::Problem;
use crate::resource::new_uuid;
use crate::schema::{cities, feed, webhook_deliveries, webhooks};

/// The most deliveries of one webhook that wait: what comes after them waits in the feed.
const MOST_WAITING: i64 = 1000;

/// The most changes in one transaction.
const AT_ONCE: i64 = 200;

/// The webhooks behind whose place the feed goes on.
pub async fn behind(mut conn: &Connection) -> QueryResult<Vec<WebhookId>> {
    let is_behind = webhooks::epoch
        .ne(feed::epoch)
        .or(webhooks::seq.lt(feed::last));
    webhooks::table
        .inner_join(feed::table.on(is_behind))
        .filter(webhooks::active)
        .order(webhooks::id)
        .select(webhooks::id)
        .load(&mut conn)
        .await
}

/// Brings the place of a webhook on; `true` when there is more at once. Where another instance is at it, it is left to
/// that one.
pub async fn walk(
    conn: &mut Connection,
    app: &App,
    id: WebhookId,
    now: DateTime<Utc>,
) -> Result<bool, Problem> {
    begin(conn).await?;
    let walked = step(conn, app, id, now).await;
    match walked {
        Ok(more) => commit(conn).await.map(|()| more),
        Err(problem) => {
            rollback(conn).await?;
            Err(problem)
        }
    }
}

async fn step(
    conn: &mut Connection,
    app: &App,
    id: WebhookId,
    now: DateTime<Utc>,
) -> Result<bool, Problem> {
    let found: Option<(Webhook, Uuid, i64)> = webhooks::table
        .find(id)
        .filter(webhooks::active)
        .select((Webhook::as_select(), webhooks::epoch, webhooks::seq))
        .for_no_key_update()
        .skip_locked()
        .first(conn)
        .await
        .optional()?;
    let Some((webhook, epoch, seq)) = found else {
        return Ok(false);
    };
    if !is_kept(conn, id).await? {
        switch_off(conn, id, OffReason::KeeperGone, now).await?;
        return Ok(false);
    }
    let waiting: i64 = webhook_deliveries::table
        .filter(webhook_deliveries::webhook.eq(id))
        .filter(webhook_deliveries::state.eq(DeliveryState::Pending))
        .count()
        .get_result(conn)
        .await?;
    if waiting > MOST_WAITING - AT_ONCE {
        return Ok(false);
    }
    let caller = reader(conn, &webhook).await?;
    let search = Search {
        types: webhook.types.clone(),
        cities: webhook.cities.clone(),
        limit: AT_ONCE,
    };
    let Found {
        epoch: epoch_now,
        floor,
        last,
        changes,
    } = find_numbered(conn, &caller, &search, Some(seq)).await?;
    if epoch != epoch_now {
        switch_off(conn, id, OffReason::Restored, now).await?;
        return Ok(false);
    }
    if seq < floor {
        switch_off(conn, id, OffReason::Expired, now).await?;
        return Ok(false);
    }
    let more = i64::try_from(changes.len()).is_ok_and(|count| count == AT_ONCE);
    let place = changes
        .last()
        .filter(|_| more)
        .map_or(last, |change| change.seq);
    let rows = changes.into_iter().filter_map(|stored| {
        let seq = stored.seq;
        let change = stored.told(app, &caller, epoch)?;
        let message = Message {
            r#type: format!("{}.{}", change.r#type, change.action),
            timestamp: change.at,
            cursor: change.cursor.clone(),
            data: Some(change),
        };
        Some(Row::of(id, Some(seq), &message, now))
    });
    let rows = rows.collect::<Result<Vec<Row>, Problem>>()?;
    diesel::insert_into(webhook_deliveries::table)
        .values(&rows)
        .execute(conn)
        .await?;
    diesel::update(webhooks::table.find(id))
        .set(webhooks::seq.eq(place))
        .execute(conn)
        .await?;
    Ok(more)
}

/// Who reads the feed for a webhook: a user of its city, or an admin.
async fn reader(conn: &mut Connection, webhook: &Webhook) -> QueryResult<Caller> {
    let Some(city) = &webhook.city else {
        return Ok(Caller::PROGRAMME);
    };
    let side: Side = cities::table
        .find(city)
        .select(cities::side)
        .first(conn)
        .await?;
    Ok(Caller {
        role: match side {
            Side::Eu => Role::EuCity,
            Side::Jp => Role::JpCity,
        },
        city: Some(city.clone()),
        ..Caller::ANONYMOUS
    })
}

/// A delivery that is made.
#[derive(Insertable)]
#[diesel(table_name = webhook_deliveries)]
pub struct Row {
    /// Its id.
    pub id: DeliveryId,
    webhook: WebhookId,
    #[diesel(column_name = type_)]
    r#type: String,
    seq: Option<i64>,
    body: String,
    state: DeliveryState,
    due_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl Row {
    /// One that brings `message`, as soon as may be.
    pub fn of(
        webhook: WebhookId,
        seq: Option<i64>,
        message: &Message,
        now: DateTime<Utc>,
    ) -> Result<Self, Problem> {
        let body = serde_json::to_string(message).map_err(Problem::unwritten)?;
        Ok(Self {
            id: new_uuid().into(),
            webhook,
            r#type: message.r#type.clone(),
            seq,
            body,
            state: DeliveryState::Pending,
            due_at: Some(now),
            created_at: now,
        })
    }
}
