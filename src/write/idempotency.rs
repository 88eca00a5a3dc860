//! Idempotency-Key: a repeated POST gets the first answer again, byte for byte, and its effect happens once.
//!
//! The key is claimed and the answer kept in the transaction of the effect, so neither a crash nor a lost
//! connection can make two. A second request while the first runs finds an advisory lock taken.

use actix_web::http::StatusCode;
use aws_lc_rs::digest::{Context, SHA256};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;
use serde_json::Value;
use uuid::Uuid;

use super::Stored;
use crate::db::Connection;
use crate::messages::word;
use crate::problem::{Code, Fault, Problem, Rule};
use crate::request::Ask;
use crate::schema::idempotency_keys;

/// How long an answer is kept, in hours.
const KEPT_HOURS: i64 = 24;

/// The claim of one request on one key.
pub struct Key {
    caller: Uuid,
    key: String,
    fingerprint: Vec<u8>,
}

/// Fingerprint, status, header fields and body of a kept answer, and since when it is kept.
type Kept = (
    Vec<u8>,
    Option<i32>,
    Option<Value>,
    Option<Vec<u8>>,
    DateTime<Utc>,
);

diesel::define_sql_function! {
    /// Takes a lock until the end of the transaction, unless somebody has it.
    fn pg_try_advisory_xact_lock(key: BigInt) -> Bool;
}

/// The key of a POST that has one. Anonymous callers have none: they cannot be told from each other, and what they
/// may post answers tokens, which are never kept.
pub fn key_of(ask: &Ask) -> Result<Option<Key>, Problem> {
    if ask.method != actix_web::http::Method::POST
        || ask.caller.account().is_none()
        || !ask.headers.contains_key("idempotency-key")
    {
        return Ok(None);
    }
    let key = ask.header("idempotency-key").to_owned();
    if key.is_empty()
        || key.len() > 255
        || ask.headers.get_all("idempotency-key").count() > 1
        || !key
            .bytes()
            .all(|byte| byte.is_ascii_graphic() || byte == b' ')
    {
        let fault = Fault::in_parameter("Idempotency-Key", Rule::MalformedHeader);
        return Err(Problem::fault(
            fault.with_word("expected", word("expected", "idempotency key")),
        ));
    }
    let mut digest = Context::new(&SHA256);
    for part in [
        ask.method.as_str().as_bytes(),
        ask.path.as_bytes(),
        ask.query.as_bytes(),
        &ask.body_digest,
    ] {
        digest.update(&part.len().to_be_bytes());
        digest.update(part);
    }
    Ok(Some(Key {
        caller: ask.caller.key(),
        key,
        fingerprint: digest.finish().as_ref().to_vec(),
    }))
}

impl Key {
    /// Claims the key for this transaction, or finds the answer that is kept under it.
    pub async fn claim(
        &self,
        conn: &mut Connection,
        at: DateTime<Utc>,
    ) -> Result<Option<Stored>, Problem> {
        if !diesel::select(pg_try_advisory_xact_lock(self.lock()))
            .get_result::<bool>(conn)
            .await?
        {
            return Err(Problem::new(Code::IdempotencyInFlight)
                .header(actix_web::http::header::RETRY_AFTER, "1"));
        }
        let kept = idempotency_keys::table.find((self.caller, &self.key));
        let found: Option<Kept> = kept
            .select((
                idempotency_keys::fingerprint,
                idempotency_keys::status,
                idempotency_keys::headers,
                idempotency_keys::body,
                idempotency_keys::created_at,
            ))
            .first(conn)
            .await
            .optional()?;
        if let Some((fingerprint, status, headers, body, created_at)) = found {
            if created_at > at - TimeDelta::hours(KEPT_HOURS) {
                if fingerprint != self.fingerprint {
                    return Err(Problem::new(Code::IdempotencyKeyReused));
                }
                return stored(status, headers, body).map(Some);
            }
            diesel::delete(kept).execute(conn).await?;
        }
        diesel::insert_into(idempotency_keys::table)
            .values((
                idempotency_keys::caller.eq(self.caller),
                idempotency_keys::key.eq(&self.key),
                idempotency_keys::fingerprint.eq(&self.fingerprint),
                idempotency_keys::created_at.eq(at),
            ))
            .execute(conn)
            .await?;
        Ok(None)
    }

    /// Keeps the answer under the key.
    pub async fn keep(&self, conn: &mut Connection, answer: &Stored) -> Result<(), Problem> {
        diesel::update(idempotency_keys::table.find((self.caller, &self.key)))
            .set((
                idempotency_keys::status.eq(i32::from(answer.status.as_u16())),
                idempotency_keys::headers.eq(serde_json::json!(answer.headers)),
                idempotency_keys::body.eq(&answer.body),
            ))
            .execute(conn)
            .await?;
        Ok(())
    }

    fn lock(&self) -> i64 {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        (self.caller, &self.key).hash(&mut hasher);
        i64::from_ne_bytes(hasher.finish().to_ne_bytes())
    }
}

fn stored(
    status: Option<i32>,
    headers: Option<Value>,
    body: Option<Vec<u8>>,
) -> Result<Stored, Problem> {
    let status = status
        .and_then(|status| u16::try_from(status).ok())
        .and_then(|status| StatusCode::from_u16(status).ok());
    let headers = headers.and_then(|headers| serde_json::from_value(headers).ok());
    match (status, headers, body) {
        (Some(status), Some(headers), Some(body)) => Ok(Stored {
            status,
            headers,
            body,
            secret: None,
        }),
        _ => {
            tracing::error!("the answer kept under an Idempotency-Key cannot be read");
            Err(Problem::new(Code::Internal))
        }
    }
}

/// Forgets the keys that are older than a day.
pub async fn forget_old_keys(conn: &mut Connection, now: DateTime<Utc>) -> QueryResult<usize> {
    let limit = now - TimeDelta::hours(KEPT_HOURS);
    diesel::delete(idempotency_keys::table.filter(idempotency_keys::created_at.lt(limit)))
        .execute(conn)
        .await
}
