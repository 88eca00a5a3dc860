//! The one read path: negotiation, conditional requests, pages, thinning, related things, exports.

use std::hash::{DefaultHasher, Hasher};

use actix_web::HttpResponse;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Bytes;
use diesel_async::SimpleAsyncConnection;
use futures_util::StreamExt;
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::sync::mpsc;

use crate::db::{Connection, begin, rollback};
use crate::policy::{Action, Relation, Role, allows};
use crate::problem::{Code, Fault, Faults, Problem, Rule};
use crate::query::{Format, ListParams, OneParams, Page};
use crate::request::{Ask, etag};
use crate::resource::{Included, Listing, Lock, Resource, included, keep_readable};

/// What a handler answers.
pub type Answer = Result<HttpResponse, Problem>;

const JSON: &str = "application/json";
const NDJSON: &str = "application/x-ndjson";

/// One thing, and what was asked for along with it.
#[derive(Serialize)]
struct One<'a, T> {
    #[serde(flatten)]
    item: &'a T,
    #[serde(skip_serializing_if = "Option::is_none")]
    included: Option<Included>,
}

/// Answers one thing.
pub async fn one<R: Resource>(ask: Ask) -> Answer {
    negotiate(&ask, None, &[(Format::Json, JSON)])?;
    let params: OneParams = ask.parameters()?;
    let id = ask.id::<R>()?;
    let mut conn = ask.app.db.connection().await?;
    let item = R::find(&mut conn, &ask.caller, &id, Lock::None)
        .await?
        .ok_or(Problem::new(Code::NotFound))?;
    allowed::<R>(&ask, item.relation(&ask.caller))?;
    let meta = item.meta();
    let tag = etag(meta);
    if ask.none_match(&tag) {
        return Ok(not_modified(&ask, &tag));
    }
    let items = std::slice::from_ref(&item);
    let included = included(&mut conn, &ask.caller, items, R::INCLUDES, &params.include).await?;
    let json = if params.fields.is_empty() {
        bytes(&One {
            item: &item,
            included,
        })?
    } else {
        bytes(&One {
            item: &thinned(&item, &params.fields)?,
            included,
        })?
    };
    drop(conn);
    Ok(HttpResponse::Ok()
        .content_type(JSON)
        .insert_header((header::ETAG, tag))
        .insert_header((header::LAST_MODIFIED, http_date(meta.updated_at)))
        .insert_header(cache(&ask))
        .insert_header(vary())
        .body(json))
}

/// Answers a part of one thing that is kept beside it, such as a meeting's dates. `load` reads it on the same
/// connection, once the caller may see the thing itself.
pub async fn part_of<R: Resource, P: Serialize>(
    ask: Ask,
    load: impl AsyncFnOnce(&mut Connection, &R) -> diesel::QueryResult<P>,
) -> Answer {
    negotiate(&ask, None, &[(Format::Json, JSON)])?;
    let id = ask.id::<R>()?;
    let mut conn = ask.app.db.connection().await?;
    let item = R::find(&mut conn, &ask.caller, &id, Lock::None)
        .await?
        .ok_or(Problem::new(Code::NotFound))?;
    allowed::<R>(&ask, item.relation(&ask.caller))?;
    let json = bytes(&load(&mut conn, &item).await?)?;
    drop(conn);
    Ok(conditional(&ask, json))
}

/// An answer whose weak ETag is made from its bytes.
pub fn conditional(ask: &Ask, json: Vec<u8>) -> HttpResponse {
    let tag = weak_etag(&json);
    if ask.none_match(&tag) {
        return not_modified(ask, &tag);
    }
    let mut response = HttpResponse::Ok();
    response
        .content_type(JSON)
        .insert_header((header::ETAG, tag))
        .insert_header(cache(ask))
        .insert_header(vary());
    response.body(json)
}

/// Answers a page of a list, or exports all of it.
pub async fn list<R: Resource>(ask: Ask) -> Answer {
    let params: ListParams = ask.parameters()?;
    let format = negotiate(
        &ask,
        params.format,
        &[(Format::Json, JSON), (Format::Ndjson, NDJSON)],
    )?;
    match format {
        Format::Json => page::<R>(ask, params).await,
        Format::Ndjson => export::<R>(ask, params).await,
    }
}

async fn page<R: Resource>(ask: Ask, params: ListParams) -> Answer {
    let filter: R::Filter = ask.parameters()?;
    let binding = format!("{}?{}", R::PATH, filter_of(&ask.query));
    let mut page = Page::of(&params, R::SORTS, R::TIE, &binding, &ask.app.signer)?;
    let limit = usize::try_from(page.limit).unwrap_or(1);
    let mut conn = ask.app.db.connection().await?;
    let total = match params.count {
        Some(true) => Some(R::count(&mut conn, &ask.caller, filter.clone(), params.since).await?),
        _ => None,
    };
    page.limit += 1;
    let mut items = R::list(&mut conn, &ask.caller, filter, page.clone()).await?;
    let more = items.len() > limit;
    keep_readable(&ask.caller, &mut items);
    items.truncate(limit);
    let included = included(&mut conn, &ask.caller, &items, R::INCLUDES, &params.include).await?;
    drop(conn);
    let cursor = match items.last() {
        Some(last) if more => Some(page.cursor_after(last, R::SORTS, R::TIE, &ask.app.signer)),
        _ => None,
    };
    let next = cursor.as_ref().map(|cursor| {
        ask.app
            .url(&format!("{}?{}", ask.path, with_cursor(&ask.query, cursor)))
    });
    let (next, link) = (next.clone(), next);
    let json = if params.fields.is_empty() {
        bytes(&Listing {
            items,
            next,
            cursor,
            total,
            included,
        })?
    } else {
        let thin = items.iter().map(|item| thinned(item, &params.fields));
        let items = thin.collect::<Result<Vec<_>, _>>()?;
        bytes(&Listing {
            items,
            next,
            cursor,
            total,
            included,
        })?
    };
    let mut response = conditional(&ask, json);
    if let Some(Ok(link)) =
        link.map(|next| HeaderValue::from_str(&format!("<{next}>; rel=\"next\"")))
    {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

/// Streams every matching item as it was at one moment, a line each, with flat memory.
async fn export<R: Resource>(ask: Ask, params: ListParams) -> Answer {
    refuse_paging(&params)?;
    let filter: R::Filter = ask.parameters()?;
    let mut conn = ask.app.db.export_connection().await?;
    let (sender, receiver) = mpsc::channel::<Result<Bytes, Problem>>(2);
    let (caller, fields) = (ask.caller.clone(), params.fields.clone());
    let mut page = Page::of_everything(&params, R::TIE, R::EXPORT_BATCH);
    tokio::spawn(async move {
        let work = async {
            begin(&mut conn).await?;
            conn.batch_execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                .await?;
            loop {
                let mut items = R::list(&mut conn, &caller, filter.clone(), page.clone()).await?;
                let whole = usize::try_from(page.limit) == Ok(items.len());
                if let Some(last) = items.last() {
                    page.go_on_after(last, R::SORTS, R::TIE);
                }
                keep_readable(&caller, &mut items);
                let lines = lines_of(&items, &fields)?;
                if sender.send(Ok(lines.into())).await.is_err() || !whole {
                    break;
                }
            }
            rollback(&mut conn).await
        };
        if let Err(problem) = work.await {
            tracing::warn!(%problem, "an export broke off");
            // The reader is gone or hears that the stream broke: there is nobody else to tell.
            let _ = sender.send(Err(problem)).await;
        }
    });
    let lines = futures_util::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|lines| (lines, receiver))
    });
    Ok(HttpResponse::Ok()
        .content_type(NDJSON)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(vary())
        .streaming(lines.map(|lines| lines.map_err(actix_web::Error::from))))
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

fn lines_of<R: Resource>(items: &[R], fields: &[String]) -> Result<Vec<u8>, Problem> {
    let mut lines = Vec::with_capacity(items.len() * 1024);
    for item in items {
        if fields.is_empty() {
            serde_json::to_writer(&mut lines, item).map_err(internal)?;
        } else {
            serde_json::to_writer(&mut lines, &thinned(item, fields)?).map_err(internal)?;
        }
        lines.push(b'\n');
    }
    Ok(lines)
}

fn allowed<R: Resource>(ask: &Ask, relation: Relation) -> Result<(), Problem> {
    match allows(ask.caller.role, Action::Read, R::THING, relation) {
        Some(_) => Ok(()),
        None => Err(Problem::new(Code::NotFound)),
    }
}

/// Which of the representations is wanted: by `format`, else by `Accept`.
fn negotiate(
    ask: &Ask,
    format: Option<Format>,
    available: &[(Format, &str)],
) -> Result<Format, Problem> {
    if let Some(format) = format {
        return Ok(format);
    }
    let accept = ask.header(header::ACCEPT);
    let accept = if accept.is_empty() {
        "*/*"
    } else {
        accept.as_str()
    };
    let mut best: Option<(f32, Format)> = None;
    for (format, media_type) in available {
        // The most specific range that fits a media type decides about it (RFC 9110, section 12.5.1).
        let fitting = accept
            .split(',')
            .filter_map(|range| weight_of(range, media_type));
        let (_, weight) = fitting.fold(
            (0, 0.0),
            |best, next| if next.0 > best.0 { next } else { best },
        );
        if weight > best.map_or(0.0, |(weight, _)| weight) {
            best = Some((weight, *format));
        }
    }
    best.map(|(_, format)| format).ok_or_else(|| {
        let names: Vec<_> = available.iter().map(|(_, name)| *name).collect();
        Problem::new(Code::NotAcceptable).with("available", names.join(", "))
    })
}

/// How specific a media range is for a media type, from 1, and the weight that it gives; `None`: it is another one.
fn weight_of(range: &str, media_type: &str) -> Option<(u8, f32)> {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let weight = parts
        .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
        .map_or(1.0, |q| q.parse().unwrap_or(0.0));
    let specific = match name.strip_suffix("/*") {
        None if name == media_type => 3,
        Some("*") => 1,
        Some(major) if media_type.split('/').next() == Some(major) => 2,
        _ => return None,
    };
    Some((specific, weight))
}

/// The item with only these of its fields; all when none are named.
fn thinned(item: &impl Serialize, fields: &[String]) -> Result<Value, Problem> {
    let value = serde_json::to_value(item).map_err(internal)?;
    match value {
        Value::Object(object) if !fields.is_empty() => Ok(Value::Object(
            object
                .into_iter()
                .filter(|(name, _)| fields.contains(name))
                .collect::<Map<_, _>>(),
        )),
        whole => Ok(whole),
    }
}

/// The query without what only says which part of the list is wanted: what a cursor is bound to.
fn filter_of(query: &str) -> String {
    const PAGING: &[&str] = &[
        "cursor", "limit", "count", "sort", "fields", "include", "format",
    ];
    let mut pairs: Vec<_> = crate::contract::form_pairs(query)
        .into_iter()
        .filter(|(name, _)| !PAGING.contains(&name.as_str()))
        .collect();
    pairs.sort_unstable();
    encoded(&pairs)
}

fn with_cursor(query: &str, cursor: &str) -> String {
    let mut pairs: Vec<_> = crate::contract::form_pairs(query)
        .into_iter()
        .filter(|(name, _)| name != "cursor")
        .collect();
    pairs.push(("cursor".into(), cursor.into()));
    encoded(&pairs)
}

fn encoded(pairs: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// What may keep the answer: anybody what anybody sees, else only the caller; always to be asked again.
pub fn cache(ask: &Ask) -> (header::HeaderName, HeaderValue) {
    let value = if ask.caller.role == Role::Anonymous {
        "public, no-cache"
    } else {
        "private, no-cache"
    };
    (header::CACHE_CONTROL, HeaderValue::from_static(value))
}

/// What of the request the answer depends on, beside what the edge adds.
fn vary() -> (header::HeaderName, HeaderValue) {
    (
        header::VARY,
        HeaderValue::from_static("Accept, Accept-Encoding, Authorization"),
    )
}

fn not_modified(ask: &Ask, tag: &str) -> HttpResponse {
    HttpResponse::NotModified()
        .insert_header((header::ETAG, tag))
        .insert_header(cache(ask))
        .insert_header(vary())
        .finish()
}

fn weak_etag(body: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(body);
    format!("W/\"{:016x}\"", hasher.finish())
}

/// A time as in `Last-Modified` (RFC 9110, section 5.6.7).
pub fn http_date(time: chrono::DateTime<chrono::Utc>) -> String {
    time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// JSON of an answer.
pub fn bytes(value: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(value).map_err(internal)
}

fn internal(error: serde_json::Error) -> Problem {
    tracing::error!(%error, "an answer could not be put into JSON");
    Problem::new(Code::Internal)
}
