//! Places in the change feed: what a cursor of it means, and how what is committed comes to its place.
//!
//! Writers leave what they changed unnumbered, in their transaction. Whoever reads has it numbered first
//! (`number_changes`), one after the other under the lock of one row; what is numbered is committed, and all that will be
//! numbered later stands behind it. So a reader that goes on from a place misses nothing, in whatever order writers commit.
//! Each instance also numbers by itself several times a second, and wakes those who wait.

use std::time::Duration;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use tokio::sync::watch;
use uuid::Uuid;

use crate::auth::seal::Seal;
use crate::db::Connection;
use crate::schema::feed;

/// Where the feed is served.
pub const PATH: &str = "/v1/changes";

/// How long a request may wait for a change.
pub const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How often each instance looks for what is not numbered yet.
pub const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How much is numbered at once.
const BATCH: i32 = 2000;

const PURPOSE: &str = "feed";

diesel::define_sql_function! {
    /// Gives what is told and committed its place in the feed; answers the newest number.
    fn number_changes(most: diesel::sql_types::Integer) -> diesel::sql_types::BigInt;
}

diesel::define_sql_function! {
    /// Forgets at most so many of the changes that were numbered before a time; answers how many.
    fn forget_changes(older: diesel::sql_types::Timestamptz, most: diesel::sql_types::Integer) -> diesel::sql_types::BigInt;
}

/// A place in the feed: after this change of this epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Another one after a restored backup.
    pub epoch: Uuid,
    /// The number of the change.
    pub seq: i64,
}

impl Place {
    /// The cursor that stands for it.
    pub fn cursor(self, seal: &Seal) -> String {
        let mut bytes = self.epoch.as_bytes().to_vec();
        bytes.extend_from_slice(&self.seq.to_be_bytes());
        seal.close(PURPOSE, &bytes).unwrap_or_default()
    }

    /// The place that a cursor of ours stands for.
    pub fn of(cursor: &str, seal: &Seal) -> Option<Self> {
        let bytes = seal.open(PURPOSE, cursor)?;
        let (epoch, seq) = bytes.split_first_chunk::<16>()?;
        Some(Self {
            epoch: Uuid::from_bytes(*epoch),
            seq: i64::from_be_bytes(seq.try_into().ok()?),
        })
    }
}

/// When a cursor ends at the earliest whose place was the newest at `seen`: a day's beginning.
pub fn expiry(seen: DateTime<Utc>, days: u32) -> DateTime<Utc> {
    let end = seen + TimeDelta::days(days.into());
    end.duration_trunc(TimeDelta::days(1)).unwrap_or(end)
}

/// Has what is committed numbered, and answers the newest number.
pub async fn number(mut conn: &Connection) -> QueryResult<i64> {
    diesel::select(number_changes(BATCH))
        .get_result(&mut conn)
        .await
}

/// The end of the feed: whatever is not committed yet comes after it.
pub async fn newest(mut conn: &Connection) -> QueryResult<Place> {
    let seq = number(conn).await?;
    let epoch = feed::table.select(feed::epoch).first(&mut conn).await?;
    Ok(Place { epoch, seq })
}

/// Begins another epoch: every cursor that was given before is refused from now on.
pub async fn begin_epoch(conn: &mut Connection) -> QueryResult<()> {
    diesel::update(feed::table)
        .set(feed::epoch.eq(Uuid::now_v7()))
        .execute(conn)
        .await
        .map(drop)
}

/// Forgets changes that are older than `days`; answers how many.
pub async fn forget_old(conn: &mut Connection, now: DateTime<Utc>, days: u32) -> QueryResult<i64> {
    let older = now - TimeDelta::days(days.into());
    let mut forgotten = 0;
    loop {
        let gone: i64 = diesel::select(forget_changes(older, 10_000))
            .get_result(conn)
            .await?;
        if gone == 0 {
            return Ok(forgotten);
        }
        forgotten += gone;
    }
}

/// The newest number that this instance has seen: what readers wait for.
pub struct Head(watch::Sender<i64>);

impl Default for Head {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Head {
    /// Notes how far the feed goes, and wakes who waits for that.
    pub fn note(&self, seq: i64) {
        self.0.send_if_modified(|head| {
            let is_news = seq > *head;
            *head = seq.max(*head);
            is_news
        });
    }

    /// How far the feed goes, as far as this instance has seen.
    pub fn seen(&self) -> i64 {
        *self.0.borrow()
    }

    /// Ends when the feed goes further than `seq`.
    pub async fn passes(&self, seq: i64) {
        // The sender is here: it cannot be gone.
        let _ = self.0.subscribe().wait_for(|head| *head > seq).await;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seal() -> Seal {
        Seal::new(&Seal::generate_key().unwrap()).unwrap()
    }

    proptest! {
        #[test]
        fn a_cursor_leads_back_to_its_place(epoch: u128, seq: i64) {
            let (seal, place) = (seal(), Place { epoch: Uuid::from_u128(epoch), seq });
            let cursor = place.cursor(&seal);
            prop_assert_eq!(Place::of(&cursor, &seal), Some(place));
            prop_assert_eq!(Place::of(&cursor, &self::seal()), None);
            prop_assert_eq!(Place::of(cursor.get(1..).unwrap(), &seal), None);
        }
    }

    #[tokio::test]
    async fn who_waits_is_woken_by_what_is_newer() {
        let head = Head::default();
        head.note(5);
        head.passes(4).await;
        let waiting = tokio::time::timeout(Duration::from_millis(20), head.passes(5));
        assert!(waiting.await.is_err());
        tokio::join!(head.passes(5), async { head.note(6) });
        head.note(3);
        head.passes(5).await;
    }
}
