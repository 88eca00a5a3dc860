//! Delegates are personal data: some time after their tour they are erased, and with them what else still tells their
//! names. How many they were stays in the tour.

use chrono::{DateTime, Months, NaiveDate, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Date};
use diesel_async::RunQueryDsl;

use super::types::Delegate;
use crate::db::{Connection, begin, commit, rollback};
use crate::events::{Author, Happening, record};
use crate::ids::TourId;
use crate::problem::{Code, Problem};
use crate::schema::{delegates, idempotency_keys, tours};
use crate::write::event_of;

/// How many tours one transaction takes.
const BATCH: i64 = 50;

/// Erases the delegates of the tours whose last day lies more than `months` before `now`; answers how many. Several
/// instances may do this at once: each takes tours that no other has.
pub async fn erase_old_delegates(
    conn: &mut Connection,
    now: DateTime<Utc>,
    months: u32,
) -> Result<usize, Problem> {
    let Some(limit) = now.date_naive().checked_sub_months(Months::new(months)) else {
        return Ok(0);
    };
    let author = Author::itself(now, "");
    let mut erased = 0;
    loop {
        begin(conn).await?;
        let outcome = erase_some(conn, limit, &author).await;
        match outcome {
            Ok(0) => {
                rollback(conn).await?;
                return Ok(erased);
            }
            Ok(number) => {
                commit(conn).await?;
                erased += number;
            }
            Err(problem) => {
                rollback(conn).await?;
                return Err(problem);
            }
        }
    }
}

/// Whether the delegates of a tour are to be forgotten by `now`.
pub async fn is_past(
    conn: &mut Connection,
    tour: TourId,
    now: DateTime<Utc>,
    months: u32,
) -> QueryResult<bool> {
    let Some(limit) = now.date_naive().checked_sub_months(Months::new(months)) else {
        return Ok(false);
    };
    let past = tours::table.find(tour).filter(is_over_since(limit));
    diesel::select(diesel::dsl::exists(past))
        .get_result(conn)
        .await
}

async fn erase_some(
    conn: &mut Connection,
    limit: NaiveDate,
    author: &Author,
) -> Result<usize, Problem> {
    let over: Vec<TourId> = tours::table
        .filter(tours::delegates_named.gt(0))
        .filter(is_over_since(limit))
        .select(tours::id)
        .limit(BATCH)
        .for_no_key_update()
        .skip_locked()
        .load(conn)
        .await?;
    if over.is_empty() {
        return Ok(0);
    }
    // The numbers stay when the list goes.
    diesel::update(tours::table.filter(tours::id.eq_any(&over)))
        .set(tours::delegates_recorded.eq(tours::delegates))
        .execute(conn)
        .await?;
    let gone: Vec<Delegate> = diesel::delete(delegates::table.filter(delegates::tour.eq_any(over)))
        .returning(Delegate::as_returning())
        .get_results(conn)
        .await?;
    for delegate in &gone {
        let event = event_of(author, Happening::Deleted, Some(delegate), None)?;
        let bare = event.without_values().map_err(Problem::unwritten)?;
        record(conn, &bare).await?;
        forget_answers(conn, delegate).await?;
    }
    match gone.len() {
        // The tours say that they have some.
        0 => Err(Problem::new(Code::Internal)),
        number => Ok(number),
    }
}

/// The last day of a tour that has none is the first, or when the tour was last written, whichever is later.
fn is_over_since(
    limit: NaiveDate,
) -> diesel::expression::UncheckedBind<
    diesel::expression::SqlLiteral<Bool>,
    diesel::dsl::AsExprOf<NaiveDate, Date>,
> {
    sql::<Bool>("coalesce(latest, greatest(earliest, (updated_at AT TIME ZONE 'UTC')::date)) < ")
        .bind::<Date, _>(limit)
}

/// Answers that are kept for the repetition of a request and hold the delegate.
async fn forget_answers(conn: &mut Connection, delegate: &Delegate) -> QueryResult<()> {
    let held = sql::<Bool>("position(convert_to(")
        .bind::<diesel::sql_types::Text, _>(delegate.id.to_string())
        .sql(", 'UTF8') IN body) > 0");
    diesel::delete(idempotency_keys::table.filter(held))
        .execute(conn)
        .await
        .map(drop)
}
