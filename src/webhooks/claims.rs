//! Who serves which webhook: taken up in one statement, for a time that each delivery renews, and given back. Whoever
//! serves one writes down what came of a delivery by the claim alone: once another has taken over, it counts no more.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::rules::wait_after;
use super::sending::{Attempt, Parcel};
use super::switching::switch_off;
use super::types::{DeliveryState, OffReason};
use crate::clock::{now, seconds};
use crate::config::Settings;
use crate::db::{Connection, begin, commit, rollback};
use crate::ids::WebhookId;
use crate::problem::Problem;
use crate::resource::new_uuid;

/// For how long a claim holds: longer than a delivery takes.
const LEASE: i64 = 30;

/// The longest rest of a target that fails, between two attempts at it.
const LONGEST_REST: Duration = Duration::from_secs(300);

/// After so many failures in a row a target was away: when it is back, all that waits is due.
const AWAY: i32 = 3;

/// The status by which a target says that it wants no more.
const GONE: u16 = 410;

/// A webhook that is served here.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    /// The webhook.
    pub webhook: WebhookId,
    token: Uuid,
}

/// A delivery that is due.
pub struct Errand {
    /// What is sent.
    pub parcel: Parcel,
    is_test: bool,
    attempts: i32,
    tried_since: Option<DateTime<Utc>>,
    failures: i32,
}

#[derive(QueryableByName)]
struct Claimed {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
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
    #[diesel(sql_type = Integer)]
    attempts: i32,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    tried_since: Option<DateTime<Utc>>,
    #[diesel(sql_type = Integer)]
    failures: i32,
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

/// Takes up a webhook that nobody serves and for which something is due: the one that has waited longest.
pub async fn claim(conn: &mut Connection) -> QueryResult<Option<Claim>> {
    let token = new_uuid();
    let claimed: Option<Claimed> = diesel::sql_query(concat!(
        "UPDATE webhooks SET claim = $1, leased_until = now() + $2 * interval '1 second' WHERE id = ( \
            SELECT id FROM webhooks AS webhook WHERE leased_until < now() \
                AND EXISTS (SELECT FROM webhook_deliveries AS delivery WHERE delivery.webhook = webhook.id AND ",
        is_due!(),
        ") ORDER BY leased_until LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) RETURNING id"
    ))
    .bind::<SqlUuid, _>(token)
    .bind::<BigInt, _>(LEASE)
    .get_result(conn)
    .await
    .optional()?;
    Ok(claimed.map(|claimed| Claim {
        webhook: claimed.id.into(),
        token,
    }))
}

impl Claim {
    /// What is due first; nothing when another has taken over.
    pub async fn next(&self, conn: &mut Connection) -> QueryResult<Option<Errand>> {
        let due: Option<Due> = diesel::sql_query(concat!(
            "SELECT delivery.id, delivery.seq, delivery.body, webhook.url, delivery.attempts, delivery.tried_since, \
                webhook.failures, ARRAY(SELECT secret FROM webhook_secrets AS kept WHERE kept.webhook = webhook.id \
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
        Ok(due.map(|due| Errand {
            parcel: Parcel {
                id: due.id.into(),
                url: due.url,
                body: due.body,
                secrets: due.secrets,
            },
            is_test: due.seq.is_none(),
            attempts: due.attempts,
            tried_since: due.tried_since,
            failures: due.failures,
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
        let outcome = errand.outcome(attempt, settings, now(), chance());
        begin(conn).await?;
        match self.write_down(conn, errand, attempt, &outcome).await {
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
        outcome: &Outcome,
    ) -> Result<bool, Problem> {
        if !self.note(conn, errand, outcome).await? {
            return Ok(false);
        }
        let ended_at = (outcome.state != DeliveryState::Pending).then_some(outcome.at);
        diesel::sql_query(
            "UPDATE webhook_deliveries SET state = $2, attempts = attempts + 1, due_at = $3, \
                tried_since = coalesce(tried_since, $4), last_at = $4, last_status = $5, last_error = $6, \
                last_millis = $7, ended_at = $8 WHERE id = $1 AND state = 'pending'",
        )
        .bind::<SqlUuid, _>(errand.parcel.id.uuid())
        .bind::<Text, _>(outcome.state)
        .bind::<Nullable<Timestamptz>, _>(outcome.due_at)
        .bind::<Timestamptz, _>(outcome.at)
        .bind::<Nullable<Integer>, _>(attempt.status.map(i32::from))
        .bind::<Nullable<Text>, _>(attempt.error)
        .bind::<Integer, _>(i32::try_from(attempt.took.as_millis()).unwrap_or(i32::MAX))
        .bind::<Nullable<Timestamptz>, _>(ended_at)
        .execute(conn)
        .await?;
        if outcome.wakes {
            diesel::sql_query(
                "UPDATE webhook_deliveries SET due_at = $2 WHERE webhook = $1 AND state = 'pending' AND due_at > $2",
            )
            .bind::<SqlUuid, _>(self.webhook.uuid())
            .bind::<Timestamptz, _>(outcome.at)
            .execute(conn)
            .await?;
        }
        if let Some(reason) = outcome.ends {
            switch_off(conn, self.webhook, reason, outcome.at).await?;
        }
        Ok(true)
    }

    /// How the target fares; a test says nothing of that.
    async fn note(
        &self,
        conn: &mut Connection,
        errand: &Errand,
        outcome: &Outcome,
    ) -> QueryResult<bool> {
        let what = match (errand.is_test, outcome.rests_until) {
            (true, _) => "",
            (false, None) => {
                ", failures = 0, rests_until = '-infinity', failing_since = NULL, last_success_at = $4"
            }
            (false, Some(_)) => {
                ", failures = failures + 1, rests_until = $5, failing_since = coalesce(failing_since, $4)"
            }
        };
        let statement = format!(
            "UPDATE webhooks SET leased_until = now() + $3 * interval '1 second'{what} \
             WHERE id = $1 AND claim = $2 AND ($4::timestamptz, $5::timestamptz) IS NOT NULL"
        );
        let noted = diesel::sql_query(statement)
            .bind::<SqlUuid, _>(self.webhook.uuid())
            .bind::<SqlUuid, _>(self.token)
            .bind::<BigInt, _>(LEASE)
            .bind::<Timestamptz, _>(outcome.at)
            .bind::<Timestamptz, _>(outcome.rests_until.unwrap_or(outcome.at))
            .execute(conn)
            .await?;
        Ok(noted > 0)
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

/// What follows from an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Outcome {
    at: DateTime<Utc>,
    state: DeliveryState,
    due_at: Option<DateTime<Utc>>,
    /// Until when the target is left alone; none: it has taken the delivery.
    rests_until: Option<DateTime<Utc>>,
    /// Whether the target is back, so that all that waits is due.
    wakes: bool,
    /// Why the webhook is switched off.
    ends: Option<OffReason>,
}

impl Errand {
    /// Of the rest of a target and of the wait of a delivery the same chance makes the same time as long as both are
    /// short: so the delivery that failed goes first again, and the order stays.
    fn outcome(
        &self,
        attempt: &Attempt,
        settings: &Settings,
        at: DateTime<Utc>,
        chance: f64,
    ) -> Outcome {
        let state = match attempt.error {
            None => DeliveryState::Delivered,
            Some(_) => DeliveryState::Failed,
        };
        let mut outcome = Outcome {
            at,
            state,
            due_at: None,
            rests_until: None,
            wakes: false,
            ends: None,
        };
        if self.is_test {
            return outcome;
        }
        if attempt.error.is_none() {
            outcome.wakes = self.failures >= AWAY;
            return outcome;
        }
        let first = Duration::from_secs(settings.webhooks_first_retry);
        let later = |failures: i32, longest: Duration| {
            let wait = wait_after(failures.saturating_add(1), first, longest, chance);
            let wait = wait.max(attempt.retry_after.unwrap_or_default());
            at + TimeDelta::from_std(wait).unwrap_or_default()
        };
        outcome.rests_until = Some(later(self.failures, LONGEST_REST));
        let tried = at.signed_duration_since(self.tried_since.unwrap_or(at));
        if attempt.status == Some(GONE) {
            outcome.ends = Some(OffReason::Gone);
        } else if tried >= seconds(settings.webhooks_give_up) {
            outcome.ends = Some(OffReason::Failing);
        } else {
            outcome.state = DeliveryState::Pending;
            outcome.due_at = Some(later(self.attempts, Duration::MAX));
        }
        outcome
    }
}

/// From 0 to 1.
fn chance() -> f64 {
    let mut bytes = [0; 4];
    // Without randomness the whole time is waited.
    match aws_lc_rs::rand::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 1.0,
    }
}

/// What was claimed and what it is about, for logs.
impl std::fmt::Display for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.webhook.fmt(f)
    }
}
