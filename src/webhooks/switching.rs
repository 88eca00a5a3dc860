//! Webhooks that the service itself switches off. Each is a change like every other: a new version and an event, so that
//! whoever keeps it hears why.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::types::{DeliveryError, DeliveryState, OffReason, Webhook};
use crate::auth::Caller;
use crate::db::Connection;
use crate::events::Author;
use crate::ids::WebhookId;
use crate::problem::Problem;
use crate::resource::Resource;
use crate::schema::{webhook_deliveries, webhooks};
use crate::write;

/// Switches off a webhook that is on, in the transaction of the caller.
pub async fn switch_off(
    conn: &mut Connection,
    id: WebhookId,
    reason: OffReason,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let found = Webhook::lock(conn, &Caller::PROGRAMME, &id).await?;
    let Some(before) = found.filter(|webhook| webhook.active) else {
        return Ok(());
    };
    let mut after = before.clone();
    after.active = false;
    after.off_because = Some(reason);
    let author = Author::itself(now, "webhooks");
    write::change(conn, &author, before, after).await?;
    tracing::warn!(webhook = %id, %reason, "a webhook is switched off");
    Ok(())
}

/// What a restored backup needs: every webhook is switched off, and what waited is not sent, because it may tell of what
/// has never been. Answers how many were on.
pub async fn switch_all_off(conn: &mut Connection, now: DateTime<Utc>) -> Result<usize, Problem> {
    let active: Vec<WebhookId> = webhooks::table
        .filter(webhooks::active)
        .order(webhooks::id)
        .select(webhooks::id)
        .load(conn)
        .await?;
    for id in &active {
        switch_off(conn, *id, OffReason::Restored, now).await?;
    }
    let waiting =
        webhook_deliveries::table.filter(webhook_deliveries::state.eq(DeliveryState::Pending));
    diesel::update(waiting)
        .set((
            webhook_deliveries::state.eq(DeliveryState::Failed),
            webhook_deliveries::last_error.eq(DeliveryError::Restored),
            webhook_deliveries::due_at.eq(None::<DateTime<Utc>>),
            webhook_deliveries::ended_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(active.len())
}
