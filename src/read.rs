//! The one read path: negotiation, conditional requests, pages, thinning, related things, exports.

mod columns;
mod conditional;
mod export;
mod flow;
mod forms;
mod negotiation;
mod wish;

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::Bytes;
use serde::Serialize;
use serde_json::{Map, Value};

pub use self::conditional::{
    cache, conditional, conditional_as, http_date, in_language, not_modified, vary,
};
use self::conditional::{tagged, weak_etag};
use self::forms::Form;
pub use self::negotiation::negotiate;
use self::wish::Wish;
use crate::app::API_VERSION;
use crate::auth::Caller;
use crate::db::{Connection, Loan, busy};
use crate::kept::{self, Sheet};
use crate::policy::{Action, Relation, Thing, allows};
use crate::problem::{Code, Fault, Faults, Problem, Rule};
use crate::query::{Format, ListParams, OneParams, Page, Stretch, TieBreak};
use crate::request::{Ask, Asking, RefParams, etag, only};
use crate::resource::{ByRef, Included, Listing, Resource, Seen, included, keep_readable};

/// What a handler answers.
pub type Answer = Result<HttpResponse, Problem>;

const JSON: &str = "application/json";
/// Of what is answered as JSON and as nothing else.
pub const JSON_ALONE: &[((), &str)] = &[((), JSON)];
const NDJSON: &str = "application/x-ndjson";

/// Answers one thing.
pub async fn one<R: Resource>(asking: Asking) -> Answer {
    let id = asking.ask().id::<R>();
    found::<R, _>(asking, id, async |conn, caller, id| {
        Ok(R::find(conn, caller, id).await?)
    })
    .await
}

/// Answers the one thing that a key of a city's own system stands for.
pub async fn one_by_ref<R: ByRef>(asking: Asking) -> Answer {
    let reference = asking.ask().external_ref();
    let params = asking.ask().parameters::<RefParams>();
    let asked = both(reference, params);
    found::<R, _>(asking, asked, async |conn, caller, (reference, params)| {
        let cities = params.cities(caller)?;
        let named = R::find_named(conn, cities, &[reference]).await?;
        match only(named)? {
            Some(id) => Ok(R::find(conn, caller, &id).await?),
            None => Ok(None),
        }
    })
    .await
}

/// Answers the one thing that `find` finds.
async fn found<R: Resource, T>(
    asking: Asking,
    asked: Result<T, Problem>,
    find: impl AsyncFn(&Connection, &Caller, &T) -> Result<Option<R::Seen>, Problem>,
) -> Answer {
    let params = asking.ask().parameters::<OneParams>();
    let (asking, params) = asking.with(params).await?;
    let format = negotiate(asking.ask(), params.format, &forms::of_one::<R>()).and_then(|format| {
        let ignored = Wish::from(&params).ignored_in(format);
        let unrelated = related_in(&params.include, format);
        let faults = Faults::from_iter(ignored.chain(unrelated));
        faults.into_result().map(|()| format)
    });
    let (asking, (format, asked)) = asking.with(both(format, asked)).await?;
    let (ask, conn, found) = asking
        .read(async |conn, caller| find(conn, caller, &asked).await)
        .await?;
    let item = readable::<R>(&ask, found)?;
    let meta = item.meta();
    if let Some(mut form) = Form::<R>::of(&ask, format, &Wish::from(&params)) {
        let body = form.alone(&ask, &conn, item, &params.fields).await?;
        drop(conn);
        let media_type = form.media_type();
        let tag = weak_etag([
            body.as_slice(),
            media_type.as_bytes(),
            form.stamp(&meta).as_bytes(),
        ]);
        let mut answer = match ask.none_match(&tag) {
            true => not_modified(&ask, &tag),
            false => {
                let body = form.made(body).await?;
                tagged(&ask, &tag, media_type, body_of(&ask, body)?)
            }
        };
        let changed = HeaderValue::try_from(http_date(meta.updated_at));
        if let Ok(changed) = changed {
            answer.headers_mut().insert(header::LAST_MODIFIED, changed);
        }
        form.mark(&mut answer);
        return Ok(answer);
    }
    let tag = etag(meta);
    if ask.none_match(&tag) {
        return Ok(not_modified(&ask, &tag));
    }
    let items = std::slice::from_ref(&item);
    let included = included(&conn, &ask.caller, items, R::INCLUDES, &params.include).await?;
    drop(conn);
    let mut json = Vec::with_capacity(8 * 1024);
    write_thinned(&mut json, &item, &params.fields)?;
    if let Some(included) = included {
        let last = json.pop();
        json.extend_from_slice(b",\"included\":");
        serde_json::to_writer(&mut json, &included).map_err(Problem::unwritten)?;
        json.extend(last);
    }
    Ok(HttpResponse::Ok()
        .content_type(JSON)
        .insert_header((header::ETAG, tag))
        .insert_header((header::LAST_MODIFIED, http_date(meta.updated_at)))
        .insert_header(cache(&ask))
        .insert_header(vary())
        .body(body_of(&ask, json)?))
}

/// What asks for related things where only JSON holds them.
fn related_in(include: &[String], format: Format) -> Option<Fault> {
    let asked = !include.is_empty() && format != Format::Json;
    asked.then(|| Fault::in_parameter("include", Rule::NotInFormat))
}

/// Answers a part of one thing that is kept beside it, such as a meeting's dates. `load` reads it on the same
/// connection for the caller, once it is known that the caller may see the thing itself.
pub async fn part_of<R: Resource, P: Serialize>(
    asking: Asking,
    load: impl AsyncFnOnce(&Connection, &Caller, &R::Seen) -> diesel::QueryResult<P>,
) -> Answer {
    let accepted = negotiate(asking.ask(), None, JSON_ALONE);
    let (asking, _) = asking.with(accepted).await?;
    let (ask, conn, item) = seen::<R>(asking).await?;
    let json = bytes(&load(&conn, &ask.caller, &item).await?)?;
    drop(conn);
    Ok(conditional(&ask, json))
}

/// The thing that the path names, as the caller may see it, and the connection on which it was read.
pub async fn seen<R: Resource>(asking: Asking) -> Result<(Ask, Loan, R::Seen), Problem> {
    let id = asking.ask().id::<R>();
    let (asking, id) = asking.with(id).await?;
    let (ask, conn, found) = asking
        .read(async |conn, caller| Ok(R::find(conn, caller, &id).await?))
        .await?;
    let item = readable::<R>(&ask, found)?;
    Ok((ask, conn, item))
}

/// The parameters of a list that has one order: the newest first.
#[derive(Clone, Debug, Default, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageParams {
    /// Where to go on: the `cursor` of the page before.
    #[param(max_length = 2000, pattern = "^[A-Za-z0-9_.-]+$")]
    pub cursor: Option<String>,
    /// Most items in one page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<i32>,
}

/// Answers a page of the parts of one thing that are kept beside it, newest first by `sort`. `load` reads them on the same
/// connection, once the caller may see the thing itself.
pub async fn parts_of<R: Resource, P: Serialize>(
    asking: Asking,
    sort: TieBreak<P>,
    load: impl AsyncFnOnce(&Ask, &Connection, &R::Seen, &Page) -> diesel::QueryResult<Stretch<P>>,
) -> Answer {
    let (asking, params) = page_params(asking).await?;
    let (ask, conn, item) = seen::<R>(asking).await?;
    let page = newest(&ask, &params, sort)?;
    let part = load(&ask, &conn, &item, &page).await?;
    drop(conn);
    answer_newest(&ask, &page, sort, part)
}

/// Answers a page of records that are no things themselves, newest first by `sort`, to whoever may read `of`.
pub async fn records<P: Serialize>(
    asking: Asking,
    of: Thing,
    sort: TieBreak<P>,
    load: impl AsyncFn(&Connection, &Page) -> diesel::QueryResult<Stretch<P>>,
) -> Answer {
    let (asking, params) = page_params(asking).await?;
    let page = newest(asking.ask(), &params, sort);
    let read = async |conn: &Connection, caller: &Caller| {
        caller.permit(Action::Read, of)?;
        if allows(caller.role, Action::Read, of, Relation::Other).is_none() {
            return Err(caller.forbidden());
        }
        let page = page.clone()?;
        let part = load(conn, &page).await?;
        Ok((page, part))
    };
    let (ask, conn, (page, part)) = asking.read(read).await?;
    drop(conn);
    answer_newest(&ask, &page, sort, part)
}

async fn page_params(asking: Asking) -> Result<(Asking, PageParams), Problem> {
    let accepted = negotiate(asking.ask(), None, JSON_ALONE);
    let params = asking.ask().parameters();
    let (asking, (_, params)) = asking.with(both(accepted, params)).await?;
    Ok((asking, params))
}

/// The page that is asked for of a list with one order: the newest first.
fn newest<P>(ask: &Ask, params: &PageParams, sort: TieBreak<P>) -> Result<Page, Problem> {
    let binding = format!("{}?{}", ask.path, filter_of(&ask.query));
    let cursor = params.cursor.as_deref();
    Page::of_newest(cursor, params.limit, sort, &binding, &ask.app.seal)
}

fn answer_newest<P: Serialize>(
    ask: &Ask,
    page: &Page,
    sort: TieBreak<P>,
    part: Stretch<P>,
) -> Answer {
    let Stretch { items, more } = part;
    let cursor = match items.last() {
        Some(last) if more => Some(page.cursor_after(last, &[], sort, &ask.app.seal)),
        _ => None,
    };
    let next = next_page(ask, cursor.as_deref());
    let link = link_to(next.as_deref());
    let json = bytes(&Listing {
        items,
        next,
        cursor,
        total: None,
        included: None,
    })?;
    let tag = weak_etag([json.as_slice(), JSON.as_bytes()]);
    if ask.none_match(&tag) {
        return Ok(not_modified(ask, &tag));
    }
    let mut response = tagged(ask, &tag, JSON, body_of(ask, json)?);
    if let Some(link) = link {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

fn next_page(ask: &Ask, cursor: Option<&str>) -> Option<String> {
    cursor.map(|cursor| with_parameter(ask, "cursor", cursor))
}

/// The URL of the request with another value of this parameter.
pub fn with_parameter(ask: &Ask, name: &str, value: &str) -> String {
    let mut pairs = crate::contract::form_pairs(&ask.query);
    pairs.retain(|(there, _)| there != name);
    pairs.push((name.into(), value.into()));
    ask.app.url(&format!("{}?{}", ask.path, encoded(&pairs)))
}

/// The `Link` field that leads to the next page (RFC 8288).
pub fn link_to(next: Option<&str>) -> Option<HeaderValue> {
    let link = format!("<{}>; rel=\"next\"", next?);
    HeaderValue::from_str(&link).ok()
}

/// The thing, if it was found and the access table lets the caller read it.
fn readable<R: Resource>(ask: &Ask, found: Option<R::Seen>) -> Result<R::Seen, Problem> {
    let found = found.filter(|item| item.parents() == ask.parents::<R>());
    let mut found: Vec<R::Seen> = found.into_iter().collect();
    keep_readable::<R, _>(&ask.caller, &mut found);
    found.pop().ok_or(Problem::new(Code::NotFound))
}

fn both<A, B>(one: Result<A, Problem>, other: Result<B, Problem>) -> Result<(A, B), Problem> {
    Ok((one?, other?))
}

/// A body that may be large; see [`flow::whole`].
fn body_of(ask: &Ask, json: impl Into<Bytes>) -> Result<BoxBody, Problem> {
    flow::whole(json.into(), longest(ask))
}

/// How long an answer may take to be read.
fn longest(ask: &Ask) -> Duration {
    Duration::from_secs(ask.app.config.settings.export_timeout)
}

/// Answers a page of a list, or exports all of it.
pub async fn list<R: Resource>(asking: Asking) -> Answer {
    let params = asking.ask().parameters::<ListParams>();
    let (asking, params) = asking.with(params).await?;
    let format = negotiate(asking.ask(), params.format, &forms::of_lists::<R>());
    let (asking, format) = asking.with(format).await?;
    match format {
        Format::Json => page::<R>(asking, params).await,
        other => export::export::<R>(asking.confirmed().await?, params, other).await,
    }
}

/// What a page holds beside its items.
#[derive(Serialize)]
struct Rest {
    next: Option<String>,
    cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    included: Option<Included>,
}

async fn page<R: Resource>(asking: Asking, params: ListParams) -> Answer {
    let ask = asking.ask();
    let filter = ask.filter::<R>();
    let parents = ask.parents::<R>().to_vec();
    let binding = format!("{}?{}", ask.list_path::<R>(), filter_of(&ask.query));
    let mut faults = Faults::from_iter(Wish::from(&params).ignored_in(Format::Json));
    let page = Page::of(&params, R::SORTS, R::TIE, &binding, &ask.app.seal);
    if let Err(problem) = &page {
        faults.extend(Faults::from_iter(problem.faults().iter().cloned()));
    }
    let page = faults.into_result().and(page);
    let (asking, (filter, page)) = asking.with(both(filter, page)).await?;
    let counted = params.count == Some(true);
    let read = async |conn: &Connection, caller: &Caller| {
        let total = async {
            match counted {
                true => R::count(conn, caller, filter.clone(), page.narrowing.clone())
                    .await
                    .map(Some),
                false => Ok(None),
            }
        };
        let entered = R::enter(conn, caller, &parents);
        let items = R::list(conn, caller, filter.clone(), page.clone());
        Ok(futures_util::try_join!(entered, items, total)?)
    };
    let (ask, conn, (entered, part, total), stamp) = match R::ALIKE {
        false => {
            let (ask, conn, found) = asking.read(read).await?;
            (ask, conn, found, None)
        }
        true => {
            let stamp = async |conn: &Connection, _: &Caller| Ok(kept::stamp(conn).await?);
            let (ask, conn, stamp) = asking.read(stamp).await?;
            if let Some(sheet) = ask.app.pages.find(&address(&ask), stamp) {
                return sheet_of(&ask, &sheet);
            }
            let found = read(&conn, &ask.caller).await?;
            (ask, conn, found, Some(stamp))
        }
    };
    if !entered {
        return Err(Problem::new(Code::NotFound));
    }
    let Stretch { mut items, more } = part;
    if more && items.is_empty() {
        // What the page begins with was deleted while it was read.
        return Err(busy());
    }
    keep_readable::<R, _>(&ask.caller, &mut items);
    let included = included(&conn, &ask.caller, &items, R::INCLUDES, &params.include).await?;
    drop(conn);
    let cursor = match items.last() {
        Some(last) if more => Some(page.cursor_after(last, R::SORTS, R::TIE, &ask.app.seal)),
        _ => None,
    };
    let next = next_page(&ask, cursor.as_deref());
    let link = link_to(next.as_deref());
    let rest = bytes(&Rest {
        next,
        cursor,
        total,
        included,
    })?;
    let tag = page_etag::<R>(&items, &rest);
    if stamp.is_none() && ask.none_match(&tag) {
        return Ok(not_modified(&ask, &tag));
    }
    let mut json = Vec::with_capacity(items.len() * 1024 + rest.len());
    json.extend_from_slice(b"{\"items\":[");
    // Each item is let go when it is written, so that a large page is not held twice.
    for (place, item) in items.into_iter().enumerate() {
        if place > 0 {
            json.push(b',');
        }
        write_thinned(&mut json, &item, &params.fields)?;
    }
    json.extend_from_slice(b"],");
    json.extend(rest.into_iter().skip(1));
    json.shrink_to_fit();
    let sheet = Sheet {
        tag,
        link,
        json: json.into(),
    };
    let answer = sheet_of(&ask, &sheet);
    if let Some(stamp) = stamp {
        ask.app.pages.keep(address(&ask), stamp, sheet);
    }
    answer
}

/// By what a page is kept.
fn address(ask: &Ask) -> String {
    format!("{}?{}", ask.path, ask.query)
}

/// Answers a page.
fn sheet_of(ask: &Ask, sheet: &Sheet) -> Answer {
    if ask.none_match(&sheet.tag) {
        return Ok(not_modified(ask, &sheet.tag));
    }
    let mut response = tagged(ask, &sheet.tag, JSON, body_of(ask, sheet.json.clone())?);
    if let Some(link) = sheet.link.clone() {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

/// Writes the item, with only these of its fields; with all when none are named.
fn write_thinned<R: Resource>(
    out: &mut Vec<u8>,
    item: &impl Seen<R>,
    fields: &[String],
) -> Result<(), Problem> {
    if fields.is_empty() {
        return item.write_json(out).map_err(Problem::unwritten);
    }
    let mut whole = Vec::new();
    item.write_json(&mut whole).map_err(Problem::unwritten)?;
    let mut object: Map<String, Value> =
        serde_json::from_slice(&whole).map_err(Problem::unwritten)?;
    object.retain(|name, _| fields.contains(name));
    serde_json::to_writer(out, &object).map_err(Problem::unwritten)
}

/// The query without what only says which part of the list is wanted: what a cursor is bound to.
fn filter_of(query: &str) -> String {
    const PAGING: &[&str] = &[
        "cursor", "limit", "count", "sort", "fields", "include", "format", "lang", "bom",
    ];
    let mut pairs: Vec<_> = crate::contract::form_pairs(query)
        .into_iter()
        .filter(|(name, _)| !PAGING.contains(&name.as_str()))
        .collect();
    pairs.sort_unstable();
    encoded(&pairs)
}

fn encoded(pairs: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// The ETag of a page: of the versions of its items and of all it holds beside them.
fn page_etag<R: Resource>(items: &[R::Seen], rest: &[u8]) -> String {
    let states: Vec<_> = items
        .iter()
        .map(|item| format!("{} {}", item.id(), etag(item.meta())))
        .collect();
    let states = states.iter().map(String::as_bytes);
    weak_etag(states.chain([rest, API_VERSION.as_bytes()]))
}

/// JSON of an answer.
pub fn bytes(value: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(value).map_err(Problem::unwritten)
}
