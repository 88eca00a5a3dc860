//! Exports: every matching item as it was at one moment, in the form that is asked for, with flat memory.
//!
//! An export holds a connection and a view of the database while it is read, so its reader has a time for each piece and
//! for all of it, and one caller has a share of the exports that run at once.

use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::http::header;
use diesel_async::SimpleAsyncConnection;
use serde::Serialize;
use tokio::time::timeout_at;
use tracing::Instrument;

use super::flow::{Flow, flow};
use super::forms::Form;
use super::wish::Wish;
use super::{Answer, address, bytes, cache, longest, not_modified, vary, weak_etag};
use crate::app::API_VERSION;
use crate::db::{Connection, Loan, begin, busy, rollback};
use crate::feed;
use crate::kept;
use crate::problem::{Code, Fault, Faults, Problem, Rule};
use crate::query::{Format, ListParams, Narrowing, Page, Stretch};
use crate::request::Ask;
use crate::resource::{Resource, keep_readable};

/// Streams every matching item.
pub(super) async fn export<R: Resource>(ask: Ask, params: ListParams, format: Format) -> Answer {
    let wish = Wish::from(&params);
    let faults = paging_of(&params).chain(wish.ignored_in(format));
    Faults::from_iter(faults).into_result()?;
    let filter = ask.filter::<R>()?;
    let narrowing = Narrowing::of(&params)?;
    let unavailable = || Problem::new(Code::NotAcceptable).with("available", "application/json");
    let mut form = Form::<R>::of(&ask, format, &wish).ok_or_else(unavailable)?;
    // Read before all the rest: an ETag that is older than what it stands for only costs a reader the same answer once more.
    let tag = match R::ALIKE && format != Format::Ndjson {
        true => {
            let conn = ask.app.db.connection().await?;
            Some(tag_of(&ask, kept::stamp(&conn).await?, &form))
        }
        false => None,
    };
    if let Some(tag) = tag.as_deref().filter(|tag| ask.none_match(tag)) {
        let mut answer = not_modified(&ask, tag);
        form.mark(&mut answer);
        return Ok(answer);
    }
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
    if let Form::Lines { end } = &mut form {
        // Before the transaction: whatever it does not see comes after this place in the feed.
        *end = end_of_export(&ask, &conn).await?;
    }
    let mut answer = HttpResponse::Ok();
    answer.insert_header(vary());
    match form {
        Form::Lines { .. } => answer.insert_header((header::CACHE_CONTROL, "no-store")),
        _ => answer.insert_header(cache(&ask)),
    };
    if let Some(tag) = tag {
        answer.insert_header((header::ETAG, tag));
    }
    let mut answer = answer.body(());
    form.mark(&mut answer);
    let (flow, body) = flow(longest(&ask));
    let work = async move {
        let deadline = flow.deadline();
        let work = send_all::<R>(conn, &flow, &ask, params, (narrowing, filter), form);
        let sent = timeout_at(deadline, work).await;
        // Whoever has read it to its end may begin the next one.
        drop(turn);
        match sent.unwrap_or_else(|_| Err(Problem::new(Code::Timeout))) {
            Ok(()) => flow.end().await,
            Err(problem) => tracing::warn!(%problem, "an export broke off"),
        }
    };
    tokio::spawn(work.in_current_span());
    Ok(answer.set_body(BoxBody::new(body)))
}

/// The ETag of what everybody reads alike, as long as no record changes.
fn tag_of<R: Resource>(ask: &Ask, stamp: uuid::Uuid, form: &Form<R>) -> String {
    weak_etag([
        stamp.as_bytes().as_slice(),
        address(ask).as_bytes(),
        ask.app.public_url.as_bytes(),
        form.media_type().as_bytes(),
        form.language().as_bytes(),
        form.begin().as_slice(),
        API_VERSION.as_bytes(),
    ])
}

/// Sends everything; the connection goes back when that ends, however it does.
async fn send_all<R: Resource>(
    mut conn: Loan,
    flow: &Flow,
    ask: &Ask,
    params: ListParams,
    (narrowing, filter): (Narrowing, R::Filter),
    mut form: Form<R>,
) -> Result<(), Problem> {
    begin(&mut conn).await?;
    conn.batch_execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await?;
    if form.foresees() {
        let mut walk = Walk::<R>::new(&narrowing, &filter);
        while let Some(items) = walk.next(&conn, ask).await? {
            form.foresee(ask, &conn, &items).await?;
        }
    }
    flow.send(&form.begin()).await?;
    let mut walk = Walk::<R>::new(&narrowing, &filter);
    while let Some(items) = walk.next(&conn, ask).await? {
        let part = form.items(ask, &conn, items, &params.fields).await?;
        flow.send(&part).await?;
    }
    flow.send(form.end()).await?;
    rollback(&mut conn).await
}

/// All that matches, part by part.
struct Walk<R: Resource> {
    filter: R::Filter,
    /// What comes next; nothing after the last part.
    page: Option<Page>,
}

impl<R: Resource> Walk<R> {
    fn new(narrowing: &Narrowing, filter: &R::Filter) -> Self {
        Self {
            filter: filter.clone(),
            page: Some(Page::of_everything(narrowing.clone(), R::TIE)),
        }
    }

    async fn next(
        &mut self,
        conn: &Connection,
        ask: &Ask,
    ) -> Result<Option<Vec<R::Seen>>, Problem> {
        let Some(mut page) = self.page.take() else {
            return Ok(None);
        };
        let part = R::list(conn, &ask.caller, self.filter.clone(), page.clone()).await?;
        let Stretch { mut items, more } = part;
        if more {
            // In one view of the database nothing goes away in between.
            let last = items.last().ok_or_else(busy)?;
            page.go_on_after(last, R::SORTS, R::TIE);
            self.page = Some(page);
        }
        keep_readable::<R, _>(&ask.caller, &mut items);
        Ok(Some(items))
    }
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
fn paging_of(params: &ListParams) -> impl Iterator<Item = Fault> + use<> {
    let asked = [
        ("cursor", params.cursor.is_some()),
        ("limit", params.limit.is_some()),
        ("count", params.count.is_some()),
        ("sort", !params.sort.is_empty()),
        ("include", !params.include.is_empty()),
    ];
    let asked = asked.into_iter().filter(|(_, given)| *given);
    asked.map(|(name, _)| Fault::in_parameter(name, Rule::NotInExport))
}
