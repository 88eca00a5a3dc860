//! Who serves which webhook: taken up in one statement, for a time that each delivery renews, and given back. Whoever
//! serves one writes down what came of a delivery by the claim alone: once another has taken over, it counts no more.

use chrono::{DateTime, Utc};
use diesel::dsl::IntervalDsl;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::keepers::is_kept;
use super::outcome::{Errand, Outcome};
use super::sending::{Attempt, Parcel};
use super::switching::switch_off;
use super::types::DeliveryState;
use crate::clock::now;
use crate::config::Settings;
use crate::db::{Connection, begin, commit, rollback};
use crate::ids::{CityId, WebhookId};
use crate::problem::Problem;
use crate::resource::new_uuid;
use crate::schema::{webhook_deliveries, webhooks};

/// For how long a claim holds: longer than a delivery takes.
const LEASE: i32 = 20;

/// A webhook that is served here.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// The webhook.
    pub webhook: WebhookId,
    token: Uuid,
}

#[derive(QueryableByName)]
struct Claimed {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Nullable<Text>)]
    city: Option<CityId>,
}

#[derive(QueryableByName)]
struct Due {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Nullable<BigInt>)]
    seq: Option<i64>,
    #[diesel(sql_type = Text)]
    body: String,
    #[diesel(sql_type = Text)]
    url: String,
    #[diesel(sql_type = Timestamptz)]
    due_at: DateTime<Utc>,
    #[diesel(sql_type = Integer)]
    attempts: i32,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    tried_since: Option<DateTime<Utc>>,
    #[diesel(sql_type = Integer)]
    failures: i32,
    #[diesel(sql_type = Timestamptz)]
    rests_until: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    failing_since: Option<DateTime<Utc>>,
    #[diesel(sql_type = Array<Text>)]
    secrets: Vec<String>,
}

/// What is due: a test whatever the state of its webhook, a change unless that is switched off or rests.
macro_rules! is_due {
    () => {
        "delivery.state = 'pending' AND delivery.due_at <= now() \
         AND (delivery.seq IS NULL OR webhook.active AND webhook.rests_until <= now())"
    };
}

/// Takes up a webhook that nobody serves and for which something is due: the one that has waited longest, of all but the
/// `busy` cities; none stands for the programme. Answers its city too.
pub async fn claim(
    conn: &mut Connection,
    busy: &[Option<CityId>],
) -> QueryResult<Option<(Claim, Option<CityId>)>> {
    let token = new_uuid();
    let busy = busy
        .iter()
        .map(|city| city.as_ref().map_or("", CityId::as_str));
    let claimed: Option<Claimed> = diesel::sql_query(concat!(
        "UPDATE webhooks SET claim = $1, leased_until = now() + $2 * interval '1 second' WHERE id = ( \
            SELECT id FROM webhooks AS webhook WHERE leased_until <= now() AND coalesce(city, '') <> ALL ($3) \
                AND EXISTS (SELECT FROM webhook_deliveries AS delivery WHERE delivery.webhook = webhook.id AND ",
        is_due!(),
        ") ORDER BY leased_until LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) RETURNING id, city"
    ))
    .bind::<SqlUuid, _>(token)
    .bind::<Integer, _>(LEASE)
    .bind::<Array<Text>, _>(busy.collect::<Vec<_>>())
    .get_result(conn)
    .await
    .optional()?;
    Ok(claimed.map(|Claimed { id, city }| {
        let webhook = id.into();
        (Claim { webhook, token }, city)
    }))
}

impl Claim {
    /// What is due first; nothing when another has taken over, or nobody answers for the webhook any more.
    pub async fn next(&self, conn: &mut Connection) -> QueryResult<Option<Errand>> {
        let due: Option<Due> = diesel::sql_query(concat!(
            "SELECT delivery.id, delivery.seq, delivery.body, webhook.url, delivery.due_at, delivery.attempts, delivery.tried_since, \
                webhook.failures, webhook.rests_until, webhook.failing_since, ARRAY(SELECT secret FROM webhook_secrets AS kept WHERE kept.webhook = webhook.id \
                    AND (kept.expires_at IS NULL OR kept.expires_at > now()) ORDER BY kept.created_at DESC) AS secrets \
             FROM webhooks AS webhook JOIN webhook_deliveries AS delivery ON delivery.webhook = webhook.id \
             WHERE webhook.id = $1 AND webhook.claim = $2 AND ",
            is_due!(),
            " ORDER BY delivery.seq NULLS FIRST, delivery.id LIMIT 1"
        ))
        .bind::<SqlUuid, _>(self.webhook.uuid())
        .bind::<SqlUuid, _>(self.token)
        .get_result(conn)
        .await
        .optional()?;
        let Some(due) = due else { return Ok(None) };
        if due.seq.is_some() && !is_kept(conn, self.webhook).await? {
            return Ok(None);
        }
        Ok(Some(Errand {
            parcel: Parcel {
                id: due.id.into(),
                url: due.url,
                body: due.body,
                secrets: due.secrets,
            },
            is_test: due.seq.is_none(),
            due_at: due.due_at,
            attempts: due.attempts,
            tried_since: due.tried_since,
            failures: due.failures,
            rests_until: due.rests_until,
            failing_since: due.failing_since,
        }))
    }

    /// Writes down what came of a delivery, and holds the webhook on; `false` when another has taken over.
    pub async fn finish(
        &self,
        conn: &mut Connection,
        errand: &Errand,
        attempt: &Attempt,
        settings: &Settings,
    ) -> Result<bool, Problem> {
        let outcome = errand.outcome(attempt, settings, now());
        begin(conn).await?;
        match self.write_down(conn, errand, attempt, outcome).await {
            Ok(true) => commit(conn).await.map(|()| true),
            Ok(false) => rollback(conn).await.map(|()| false),
            Err(problem) => {
                rollback(conn).await?;
                Err(problem)
            }
        }
    }

    async fn write_down(
        &self,
        conn: &mut Connection,
        errand: &Errand,
        attempt: &Attempt,
        outcome: Outcome,
    ) -> Result<bool, Problem> {
        let at = outcome.at;
        let lease = || diesel::dsl::now.into_sql::<Timestamptz>() + LEASE.seconds();
        let own = webhooks::table
            .find(self.webhook)
            .filter(webhooks::claim.eq(self.token));
        let held = diesel::update(own).set(webhooks::leased_until.eq(lease()));
        let rests_until: Option<DateTime<Utc>> = held
            .returning(webhooks::rests_until)
            .get_result(conn)
            .await
            .optional()?;
        let Some(rests_until) = rests_until else {
            return Ok(false);
        };
        let pending = webhook_deliveries::table
            .find(errand.parcel.id)
            .filter(webhook_deliveries::state.eq(DeliveryState::Pending));
        diesel::update(pending)
            .set((
                webhook_deliveries::attempts.eq(webhook_deliveries::attempts + 1),
                webhook_deliveries::last_at.eq(at),
                webhook_deliveries::last_status.eq(attempt.status.map(i32::from)),
                webhook_deliveries::last_error.eq(attempt.error),
                webhook_deliveries::last_millis.eq(i32::try_from(attempt.took.as_millis()).ok()),
            ))
            .execute(conn)
            .await?;
        // Whoever has asked for a delivery since then says that the target is back: what failed before that is still due,
        // and no reason for anything.
        let is_failed_change = attempt.error.is_some() && !errand.is_test;
        if is_failed_change && rests_until != errand.rests_until {
            return Ok(true);
        }
        diesel::update(own)
            .set((webhooks::leased_until.eq(lease()), outcome.fare))
            .execute(conn)
            .await?;
        // Whoever asked for it again while it was being sent asked for another attempt: that one is still due.
        diesel::update(pending.filter(webhook_deliveries::due_at.eq(errand.due_at)))
            .set((
                webhook_deliveries::state.eq(outcome.state),
                webhook_deliveries::due_at.eq(outcome.due_at),
                webhook_deliveries::tried_since.eq(errand.tried_since.unwrap_or(at)),
                webhook_deliveries::ended_at.eq(outcome.due_at.is_none().then_some(at)),
            ))
            .execute(conn)
            .await?;
        if outcome.wakes {
            let later = webhook_deliveries::table
                .filter(webhook_deliveries::webhook.eq(self.webhook))
                .filter(webhook_deliveries::due_at.gt(at));
            diesel::update(later)
                .set(webhook_deliveries::due_at.eq(at))
                .execute(conn)
                .await?;
        }
        if let Some(reason) = outcome.ends {
            switch_off(conn, self.webhook, reason, at).await?;
        }
        Ok(true)
    }

    /// Gives it back.
    pub async fn release(self, conn: &mut Connection) -> QueryResult<()> {
        diesel::sql_query(
            "UPDATE webhooks SET claim = NULL, leased_until = clock_timestamp() WHERE id = $1 AND claim = $2",
        )
        .bind::<SqlUuid, _>(self.webhook.uuid())
        .bind::<SqlUuid, _>(self.token)
        .execute(conn)
        .await
        .map(drop)
    }
}

impl std::fmt::Display for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.webhook.fmt(f)
    }
}
