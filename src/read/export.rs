//! Exports: every matching item as it was at one moment, a line each, with flat memory.
//!
//! An export holds a connection and a view of the database while it is read, so its reader has a time for each piece and
//! for all of it, and one caller has a share of the exports that run at once.

use actix_web::HttpResponse;
use actix_web::http::header;
use diesel_async::SimpleAsyncConnection;
use serde::Serialize;
use tokio::time::timeout_at;

use super::flow::{Flow, flow};
use super::{Answer, NDJSON, bytes, longest, vary, write_thinned};
use crate::db::{Connection, Loan, begin, rollback};
use crate::feed;
use crate::problem::{Code, Fault, Faults, Problem, Rule};
use crate::query::{ListParams, Page, Stretch};
use crate::request::Ask;
use crate::resource::{Resource, keep_readable};

/// Streams every matching item.
pub(super) async fn export<R: Resource>(ask: Ask, params: ListParams) -> Answer {
    refuse_paging(&params)?;
    let filter = ask.filter::<R>()?;
    let turn = ask
        .app
        .exports
        .take(ask.app.key_of(&ask.caller, &ask.address));
    let turn =
        turn.ok_or_else(|| Problem::new(Code::TooManyExports).header(header::RETRY_AFTER, "5"))?;
    let conn = ask.app.db.export_connection().await?;
    if !R::enter(&conn, &ask.caller, ask.parents::<R>()).await? {
        return Err(Problem::new(Code::NotFound));
    }
    // Before the transaction: whatever it does not see comes after this place in the feed.
    let end = end_of_export(&ask, &conn).await?;
    let (flow, body) = flow(longest(&ask));
    tokio::spawn(async move {
        let deadline = flow.deadline();
        let work = send_all::<R>(conn, &flow, &ask, params, filter, end);
        let sent = timeout_at(deadline, work).await;
        // Whoever has read it to its end may begin the next one.
        drop(turn);
        match sent.unwrap_or_else(|_| Err(Problem::new(Code::Timeout))) {
            Ok(()) => flow.end().await,
            Err(problem) => tracing::warn!(%problem, "an export broke off"),
        }
    });
    Ok(HttpResponse::Ok()
        .content_type(NDJSON)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(vary())
        .body(body))
}

/// Sends the lines of everything; the connection goes back when that ends, however it does.
async fn send_all<R: Resource>(
    mut conn: Loan,
    flow: &Flow,
    ask: &Ask,
    params: ListParams,
    filter: R::Filter,
    end: Vec<u8>,
) -> Result<(), Problem> {
    begin(&mut conn).await?;
    conn.batch_execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await?;
    let mut page = Page::of_everything(&params, R::TIE);
    loop {
        let part = R::list(&conn, &ask.caller, filter.clone(), page.clone()).await?;
        let Stretch { mut items, more } = part;
        if let Some(last) = items.last() {
            page.go_on_after(last, R::SORTS, R::TIE);
        }
        keep_readable::<R, _>(&ask.caller, &mut items);
        flow.send(&lines_of::<R>(items, &params.fields)?).await?;
        if !more {
            break;
        }
    }
    flow.send(&end).await?;
    rollback(&mut conn).await
}

/// The last line of an export that is whole.
#[derive(Serialize)]
struct End {
    cursor: String,
    expires_at: chrono::DateTime<chrono::Utc>,
}

/// Where in the change feed to go on from an export that begins now: nothing is missed then.
async fn end_of_export(ask: &Ask, conn: &Connection) -> Result<Vec<u8>, Problem> {
    let place = feed::newest(conn).await?;
    let mut line = bytes(&End {
        cursor: place.cursor(&ask.app.seal),
        expires_at: feed::expiry(crate::clock::now(), ask.app.config.settings.feed_days),
    })?;
    line.push(b'\n');
    Ok(line)
}

/// An export is everything in the order of the id: what asks for a part of it would be ignored, so it is refused.
fn refuse_paging(params: &ListParams) -> Result<(), Problem> {
    let mut faults = Faults::new();
    let asked = [
        ("cursor", params.cursor.is_some()),
        ("limit", params.limit.is_some()),
        ("count", params.count.is_some()),
        ("sort", !params.sort.is_empty()),
        ("include", !params.include.is_empty()),
    ];
    for (name, _) in asked.into_iter().filter(|(_, given)| *given) {
        faults.push(Fault::in_parameter(name, Rule::NotInExport));
    }
    faults.into_result()
}

fn lines_of<R: Resource>(items: Vec<R::Seen>, fields: &[String]) -> Result<Vec<u8>, Problem> {
    let mut lines = Vec::with_capacity(items.len() * 1024);
    for item in items {
        write_thinned(&mut lines, &item, fields)?;
        lines.push(b'\n');
    }
    Ok(lines)
}
