//! What was and is to be delivered: told to who keeps the webhook, tried, sent again, and forgotten in the end.

use actix_web::http::StatusCode;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::db::place_of;
use super::types::{Delivery, DeliveryFilter, DeliveryState, Message, TEST, Webhook};
use super::walk::Row;
use crate::db::Connection;
use crate::ids::{DeliveryId, WebhookId};
use crate::policy::Action;
use crate::problem::{Code, Problem};
use crate::query::{Key, KeyType, Page, Stretch, TieBreak};
use crate::request::Ask;
use crate::resource::Resource;
use crate::schema::{webhook_deliveries, webhooks};
use crate::write::{Deed, Doing, Done};

/// For how many days what has ended is kept.
const KEPT_DAYS: i64 = 30;

/// The newest first.
pub const BY_ID: TieBreak<Delivery> = TieBreak {
    sql: "id",
    kind: KeyType::Uuid,
    key: |delivery| Key::Uuid(delivery.id.uuid()),
};

/// A page of the deliveries of a webhook.
pub async fn list(
    mut conn: &Connection,
    webhook: WebhookId,
    filter: DeliveryFilter,
    page: &Page,
) -> QueryResult<Stretch<Delivery>> {
    let mut query = webhook_deliveries::table
        .filter(webhook_deliveries::webhook.eq(webhook))
        .select(Delivery::as_select())
        .into_boxed();
    if !filter.state.is_empty() {
        query = query.filter(webhook_deliveries::state.eq_any(filter.state));
    }
    let rows = query
        .filter(page.keyset())
        .order(page.order())
        .limit(page.reach())
        .load(&mut conn)
        .await?;
    Ok(page.cut(rows))
}

/// A delivery of a webhook.
pub async fn find(
    mut conn: &Connection,
    webhook: WebhookId,
    id: DeliveryId,
) -> QueryResult<Delivery> {
    webhook_deliveries::table
        .find(id)
        .filter(webhook_deliveries::webhook.eq(webhook))
        .select(Delivery::as_select())
        .first(&mut conn)
        .await
}

/// The id of the delivery in the path; what is none, nothing has.
pub fn id_in_path(ask: &Ask) -> Result<DeliveryId, Problem> {
    let id = ask.part_of::<Webhook>().parse();
    id.map_err(|_| Problem::new(Code::NotFound))
}

/// Answers that a delivery is taken up, and where to ask how it went.
async fn taken_up(
    conn: &mut Connection,
    doing: &Doing<'_>,
    webhook: WebhookId,
    id: DeliveryId,
) -> Result<Done, Problem> {
    let delivery = find(conn, webhook, id).await?;
    let path = format!("/v1{}/{webhook}/deliveries/{id}", Webhook::PATH);
    let done = Done::other(StatusCode::ACCEPTED, &delivery, [])?;
    Ok(done.at(doing.ask.app.url(&path)))
}

/// Trying whether a target takes deliveries: whatever the webhook asks for, and also while it is switched off.
pub struct Test;

impl Deed for Test {
    type To = Webhook;
    type Body = ();

    const ACTION: Action = Action::Change;

    async fn run(
        conn: &mut Connection,
        doing: &Doing<'_>,
        to: Webhook,
        (): (),
    ) -> Result<Done, Problem> {
        let now = doing.author.at;
        let place = place_of(conn, to.id).await?;
        let message = Message {
            r#type: TEST.to_owned(),
            timestamp: now,
            cursor: place.cursor(&doing.ask.app.seal),
            data: None,
        };
        let row = Row::of(to.id, None, &message, now)?;
        diesel::insert_into(webhook_deliveries::table)
            .values(&row)
            .execute(conn)
            .await?;
        taken_up(conn, doing, to.id, row.id).await
    }
}

/// Sending a delivery again, now, also one that has arrived or is being sent; it has its whole time again.
pub struct Redeliver;

impl Deed for Redeliver {
    type To = Webhook;
    type Body = ();

    const ACTION: Action = Action::Change;

    async fn run(
        conn: &mut Connection,
        doing: &Doing<'_>,
        to: Webhook,
        (): (),
    ) -> Result<Done, Problem> {
        let id = id_in_path(doing.ask)?;
        let known = find(conn, to.id, id).await?;
        if !to.active && known.r#type != TEST {
            return Err(Problem::new(Code::WebhookOff));
        }
        diesel::update(webhook_deliveries::table.find(id))
            .set((
                webhook_deliveries::state.eq(DeliveryState::Pending),
                webhook_deliveries::due_at.eq(doing.author.at),
                webhook_deliveries::tried_since.eq(None::<DateTime<Utc>>),
                webhook_deliveries::ended_at.eq(None::<DateTime<Utc>>),
            ))
            .execute(conn)
            .await?;
        // Whoever asks for it now does not wait until its target has rested.
        diesel::update(webhooks::table.find(to.id))
            .set(webhooks::rests_until.eq(doing.author.at))
            .execute(conn)
            .await?;
        taken_up(conn, doing, to.id, id).await
    }
}

/// Forgets what ended long ago; answers how many.
pub async fn forget_old(conn: &mut Connection, now: DateTime<Utc>) -> QueryResult<usize> {
    let old = webhook_deliveries::ended_at.lt(now - TimeDelta::days(KEPT_DAYS));
    diesel::delete(webhook_deliveries::table.filter(old))
        .execute(conn)
        .await
}
