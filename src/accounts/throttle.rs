//! How often signing in may fail: counted per account and per address, in the database, so that all instances count
//! together.

use actix_web::http::header::RETRY_AFTER;
use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Integer, Timestamptz};
use diesel_async::RunQueryDsl;

use crate::db::Connection;
use crate::problem::{Code, Problem};
use crate::schema::sign_in_failures;

/// Failed sign-ins that one account may have from one address in [`WINDOW_MINUTES`].
const FAILURES_OF_PAIR: i32 = 10;
/// Failed sign-ins that one account may have from all addresses: many more, so that a stranger cannot lock others out.
const FAILURES_OF_ACCOUNT: i32 = 200;
/// Failed sign-ins that may come from one address.
const FAILURES_OF_ADDRESS: i32 = 100;
/// How long failures are remembered.
const WINDOW_MINUTES: i64 = 15;

/// The keys under which the failures of a sign-in are counted: digests, so that no address is stored.
pub struct Throttle {
    pair: String,
    account: String,
    address: String,
}

impl Throttle {
    /// Of a person who signs in from `address`.
    pub fn of_person(email: &str, address: &str) -> Self {
        let email = email.to_lowercase();
        Self {
            pair: key("pair", &format!("{email} {address}")),
            account: key("account", &email),
            address: key("address", address),
        }
    }

    /// Of a machine client that authenticates from `address`. People behind the same address are not kept out by it.
    pub fn of_client(id: &str, address: &str) -> Self {
        Self {
            pair: key("client-pair", &format!("{id} {address}")),
            account: key("client", id),
            address: key("client-address", address),
        }
    }

    fn limits(&self) -> [(&str, i32); 3] {
        [
            (&self.pair, FAILURES_OF_PAIR),
            (&self.account, FAILURES_OF_ACCOUNT),
            (&self.address, FAILURES_OF_ADDRESS),
        ]
    }

    /// Counts this sign-in as failed; refuses it when there were too many in the window.
    pub async fn count(&self, conn: &mut Connection, now: DateTime<Utc>) -> Result<(), Problem> {
        for (key, limit) in self.limits() {
            let (count, since) = count_failure(conn, key, now, now - window()).await?;
            if count > limit {
                return Err(too_many(since, now));
            }
        }
        Ok(())
    }

    /// Refuses a sign-in when there were too many failures in the window, and counts none.
    pub async fn look(&self, conn: &mut Connection, now: DateTime<Utc>) -> Result<(), Problem> {
        let limits = self.limits();
        let counted: Vec<(String, i32, DateTime<Utc>)> = sign_in_failures::table
            .filter(sign_in_failures::key.eq_any(limits.map(|(key, _)| key)))
            .filter(sign_in_failures::since.ge(now - window()))
            .select((
                sign_in_failures::key,
                sign_in_failures::count,
                sign_in_failures::since,
            ))
            .load(conn)
            .await?;
        for (key, count, since) in counted {
            if limits
                .iter()
                .any(|(limited, limit)| *limited == key && count >= *limit)
            {
                return Err(too_many(since, now));
            }
        }
        Ok(())
    }

    /// Takes back what [`Throttle::count`] counted for a sign-in that was right.
    pub async fn forgive(&self, conn: &mut Connection) -> Result<(), Problem> {
        forget_failures(conn, &self.pair).await?;
        for key in [&self.account, &self.address] {
            take_back_failure(conn, key).await?;
        }
        Ok(())
    }
}

fn key(kind: &str, text: &str) -> String {
    let hash = digest(&SHA256, text.as_bytes());
    let hex: String = hash
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{kind}:{hex}")
}

fn window() -> TimeDelta {
    TimeDelta::minutes(WINDOW_MINUTES)
}

fn too_many(since: DateTime<Utc>, now: DateTime<Utc>) -> Problem {
    let seconds = (since + window() - now).num_seconds().max(1).to_string();
    Problem::new(Code::TooManySignIns)
        .with("seconds", &seconds)
        .header(RETRY_AFTER, &seconds)
}

/// Counts a failed sign-in under a key, and answers how many there were in its window, and since when; a window that
/// began before `since` is over, and begins anew.
async fn count_failure(
    conn: &mut Connection,
    key: &str,
    now: DateTime<Utc>,
    since: DateTime<Utc>,
) -> QueryResult<(i32, DateTime<Utc>)> {
    use diesel::dsl::case_when;
    let (count, begun) = (sign_in_failures::count, sign_in_failures::since);
    diesel::insert_into(sign_in_failures::table)
        .values((sign_in_failures::key.eq(key), count.eq(1), begun.eq(now)))
        .on_conflict(sign_in_failures::key)
        .do_update()
        .set((
            count.eq(case_when(begun.lt(since), 1.into_sql::<Integer>()).otherwise(count + 1)),
            begun.eq(case_when(begun.lt(since), now.into_sql::<Timestamptz>()).otherwise(begun)),
        ))
        .returning((count, begun))
        .get_result(conn)
        .await
}

/// Forgets the failures of a key.
async fn forget_failures(conn: &mut Connection, key: &str) -> QueryResult<()> {
    diesel::delete(sign_in_failures::table.find(key))
        .execute(conn)
        .await
        .map(drop)
}

/// Takes one failure of a key back.
async fn take_back_failure(conn: &mut Connection, key: &str) -> QueryResult<()> {
    diesel::update(sign_in_failures::table.find(key))
        .set(sign_in_failures::count.eq(sign_in_failures::count - 1))
        .execute(conn)
        .await
        .map(drop)
}

/// Forgets the failures of windows that are over.
pub async fn delete_old_failures(conn: &mut Connection, now: DateTime<Utc>) -> QueryResult<usize> {
    let over = now - TimeDelta::days(1);
    diesel::delete(sign_in_failures::table.filter(sign_in_failures::since.lt(over)))
        .execute(conn)
        .await
}
