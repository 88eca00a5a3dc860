//! Action plans as they are read: admins get the working copies (`working`), everybody else the version that stands for
//! them in `action_plan_readers`, by the own city or by `*`; where both are there, the city's holds.

mod documents;
mod private;
mod stored;
mod working;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use self::documents::Documents;
pub use self::private::{Hidden, sees_all_sources, take_out, texts_without_hidden, without_hidden};
use self::private::{hidden_in, reader_cites_private};
pub use self::stored::StoredPlan;
use self::stored::{EVERYBODY, Readable};
use super::types::{ActionPlan, ActionPlanFilter};
use crate::auth::Caller;
use crate::column::JsonText;
use crate::db::Connection;
use crate::ids::PlanId;
use crate::policy::Role;
use crate::query::{Key, Narrowing, Page, Sight, Stretch, Weight, weight};
use crate::resource::{Resource, Seen, searched};
use crate::schema::{action_plan_readers, action_plan_versions};
use crate::sdgs::types::SdgCode;

/// What everybody reads and a city has not as its own.
const NOT_OWN: &str = "NOT EXISTS (SELECT FROM action_plan_readers AS own \
     WHERE own.plan = action_plan_readers.plan AND own.reader = ?)";

/// A plan is found by the words of its working copy, where that is read.
const FOUND: &str = searched!("action_plan_readers.plan", "uuid", "action_plan");

/// And by those of its published version by everybody else.
const FOUND_PUBLISHED: &str = searched!("action_plan_readers.plan", "uuid", "action_plan", public);

/// How large the version is that a reader gets.
const WEIGHT: &str = concat!(
    "(SELECT ",
    weight!("version.document"),
    " FROM action_plan_versions AS version \
     WHERE version.plan = action_plan_readers.plan AND version.version = action_plan_readers.version)"
);

/// The version that a reader gets, joined to the reader.
macro_rules! with_versions {
    () => {
        action_plan_readers::table.inner_join(
            action_plan_versions::table.on(action_plan_versions::plan
                .eq(action_plan_readers::plan)
                .and(action_plan_versions::version.eq(action_plan_readers::version))),
        )
    };
}

/// Reads one that `caller` may see.
pub async fn find(
    mut conn: &Connection,
    caller: &Caller,
    id: &PlanId,
) -> QueryResult<Option<StoredPlan>> {
    if caller.role == Role::Admin {
        return working::find(conn, caller, id).await;
    }
    let query = with_versions!()
        .filter(action_plan_readers::plan.eq(id))
        .filter(action_plan_readers::reader.eq_any(readers(caller)))
        .order(action_plan_readers::reader.eq(EVERYBODY))
        .select((
            Readable::as_select(),
            action_plan_versions::document,
            reader_cites_private(),
        ));
    let found: Option<(Readable, JsonText, bool)> = query.first(&mut conn).await.optional()?;
    let Some((plan, document, cites_private)) = found else {
        return Ok(None);
    };
    let mut plan = plan.seen_by(caller, document);
    if cites_private && !sees_all_sources(caller, plan.relation(caller)) {
        hide(conn, caller, vec![&mut plan]).await?;
    }
    Ok(Some(plan))
}

/// Reads those of `ids` that `caller` may see, to look into.
pub async fn look_into(
    mut conn: &Connection,
    caller: &Caller,
    ids: Vec<PlanId>,
) -> QueryResult<Vec<ActionPlan>> {
    if caller.role == Role::Admin {
        return working::look_into(conn, ids).await;
    }
    let query = with_versions!()
        .filter(action_plan_readers::plan.eq_any(ids))
        .filter(action_plan_readers::reader.eq_any(readers(caller)))
        .order((
            action_plan_readers::plan,
            action_plan_readers::reader.eq(EVERYBODY),
        ))
        .distinct_on(action_plan_readers::plan)
        .select((
            action_plan_readers::reader,
            action_plan_versions::document,
            reader_cites_private(),
        ));
    let found: Vec<(String, ActionPlan, bool)> = query.load(&mut conn).await?;
    let mut plans = Vec::with_capacity(found.len());
    for (reader, mut plan, cites_private) in found {
        plan.is_public_copy = reader == EVERYBODY;
        if cites_private && !sees_all_sources(caller, Resource::relation(&plan, caller)) {
            plan.hidden = hidden_in(conn, caller, &plan).await?;
        }
        plans.push(plan);
    }
    Ok(plans)
}

/// Who stands for the caller among the readers.
fn readers(caller: &Caller) -> Vec<String> {
    let own = caller.city.iter().map(ToString::to_string);
    own.chain([EVERYBODY.to_owned()]).collect()
}

/// Reads a page of what `caller` may see.
pub async fn list(
    mut conn: &Connection,
    caller: &Caller,
    filter: ActionPlanFilter,
    page: Page,
) -> QueryResult<Stretch<StoredPlan>> {
    if caller.role == Role::Admin {
        return working::list(conn, caller, filter, page).await;
    }
    let own = async {
        match shared_with_city(caller, &filter, &page.narrowing) {
            Some(query) => walk(conn, query, &page).await,
            None => Ok(Vec::new()),
        }
    };
    let public = walk(conn, published(caller, &filter, &page.narrowing), &page);
    let (own, public) = futures_util::try_join!(own, public)?;
    let rows = own.into_iter().chain(public);
    let mut rows: Vec<(StoredPlan, i64)> = rows
        .map(|(row, bytes)| (row.seen_by(caller, JsonText::default()), bytes))
        .collect();
    rows.sort_by(|(a, _), (b, _)| page.compare(a, b, ActionPlan::SORTS, ActionPlan::TIE));
    let Stretch {
        items: mut plans,
        more,
    } = page.cut_by_weight(rows);
    let wanted = Documents::of(&plans);
    let texts: Vec<(PlanId, JsonText, bool)> = wanted.load(&mut conn).await?;
    let texts = texts
        .into_iter()
        .map(|(id, text, private)| (id, (text, private)));
    let mut texts: HashMap<PlanId, (JsonText, bool)> = texts.collect();
    let mut with_private = HashSet::new();
    plans.retain_mut(|plan| match texts.remove(&plan.id) {
        Some((text, cites_private)) => {
            *plan.text_mut() = text;
            if cites_private && !sees_all_sources(caller, plan.relation(caller)) {
                with_private.insert(plan.id);
            }
            true
        }
        // Deleted in between.
        None => false,
    });
    if !with_private.is_empty() {
        let plans = plans
            .iter_mut()
            .filter(|plan| with_private.contains(&plan.id));
        hide(conn, caller, plans.collect()).await?;
    }
    Ok(Stretch { items: plans, more })
}

/// Takes out of the plans what `caller` does not see.
async fn hide(
    conn: &Connection,
    caller: &Caller,
    mut plans: Vec<&mut StoredPlan>,
) -> QueryResult<()> {
    let texts = plans.iter_mut().map(|plan| plan.text_mut()).collect();
    let hidden = texts_without_hidden(conn, caller, texts).await?;
    for (plan, hidden) in plans.into_iter().zip(hidden) {
        plan.hidden = hidden.digest();
    }
    Ok(())
}

/// Counts what `caller` may see.
pub async fn count(
    mut conn: &Connection,
    caller: &Caller,
    filter: ActionPlanFilter,
    narrowing: Narrowing,
) -> QueryResult<i64> {
    if caller.role == Role::Admin {
        return working::count(conn, filter, narrowing).await;
    }
    let public = published(caller, &filter, &narrowing).select(diesel::dsl::count_star());
    let mut count: i64 = public.first(&mut conn).await?;
    if let Some(own) = shared_with_city(caller, &filter, &narrowing) {
        let own = own.select(diesel::dsl::count_star());
        count += own.first::<i64>(&mut conn).await?;
    }
    Ok(count)
}

/// The rows of `action_plan_readers` by which a caller who is no admin reads plans: one for each plan.
pub fn read_by(caller: &Caller) -> Sight {
    match &caller.city {
        None => Sight::of("action_plan_readers.reader = '*'"),
        Some(city) => Sight::by(
            "action_plan_readers.reader = ? OR action_plan_readers.reader = '*' AND NOT EXISTS (SELECT \
             FROM action_plan_readers AS own WHERE own.plan = action_plan_readers.plan AND own.reader = ?)",
            Key::Text(city.to_string()),
        ),
    }
}

type Readers = action_plan_readers::BoxedQuery<'static, Pg>;

/// What the caller's city reads beside what everybody reads, or in its place.
fn shared_with_city(
    caller: &Caller,
    filter: &ActionPlanFilter,
    narrowing: &Narrowing,
) -> Option<Readers> {
    let city = caller.city.as_ref()?.to_string();
    let shared = action_plan_readers::table.filter(action_plan_readers::reader.eq(city));
    let narrowed = narrowed(shared.into_boxed(), filter, narrowing.since);
    Some(found(narrowed, narrowing, FOUND))
}

/// What everybody reads, but for what the caller's city reads in its place.
fn published(caller: &Caller, filter: &ActionPlanFilter, narrowing: &Narrowing) -> Readers {
    let published = action_plan_readers::table.filter(action_plan_readers::reader.eq(EVERYBODY));
    let mut query = published.into_boxed();
    if let Some(city) = &caller.city {
        query = query.filter(Sight::by(NOT_OWN, Key::Text(city.to_string())));
    }
    let narrowed = narrowed(query, filter, narrowing.since);
    found(narrowed, narrowing, FOUND_PUBLISHED)
}

/// Those of the rows that are searched for; each reader by the words of what it reads.
fn found(query: Readers, narrowing: &Narrowing, sql: &'static str) -> Readers {
    match narrowing.found_by(Some(sql)) {
        Some(found) => query.filter(found),
        None => query,
    }
}

fn narrowed(
    mut query: Readers,
    filter: &ActionPlanFilter,
    since: Option<DateTime<Utc>>,
) -> Readers {
    if !filter.city.is_empty() {
        query = query.filter(action_plan_readers::proponents.overlaps_with(filter.city.clone()));
    }
    if !filter.pairing.is_empty() {
        query = query.filter(action_plan_readers::pairing.eq_any(filter.pairing.clone()));
    }
    if !filter.status.is_empty() {
        query = query.filter(action_plan_readers::status.eq_any(filter.status.clone()));
    }
    if !filter.kind.is_empty() {
        query = query.filter(action_plan_readers::kind.eq_any(filter.kind.clone()));
    }
    if !filter.template.is_empty() {
        query = query.filter(action_plan_readers::template.eq_any(filter.template.clone()));
    }
    if !filter.awaits.is_empty() {
        // As the index says it.
        query = query
            .filter(Sight::of("action_plan_readers.awaits <> '{}'"))
            .filter(action_plan_readers::awaits.overlaps_with(filter.awaits.clone()));
    }
    if !filter.sdg.is_empty() {
        query = query.filter(action_plan_readers::sdgs.overlaps_with(codes(&filter.sdg)));
    }
    if let Some(since) = since {
        query = query.filter(action_plan_readers::updated_at.ge(since));
    }
    query
}

/// The rows of one page, by the index of the reader and the order, each with the weight of its text.
async fn walk(
    mut conn: &Connection,
    query: Readers,
    page: &Page,
) -> QueryResult<Vec<(Readable, i64)>> {
    let page = page.clone().with_id_column("id", "plan");
    query
        .select((Readable::as_select(), Weight(WEIGHT)))
        .filter(page.keyset())
        .order(page.order())
        .limit(page.reach())
        .load(&mut conn)
        .await
}

fn codes(codes: &[SdgCode]) -> Vec<String> {
    codes.iter().map(|code| code.0.clone()).collect()
}
