//! Working copies, for admins.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::codes;
use super::stored::{StoredPlan, WorkingCopy};
use crate::action_plans::types::{ActionPlan, ActionPlanFilter};
use crate::auth::Caller;
use crate::db::Connection;
use crate::ids::{CityId, PlanId};
use crate::query::{Narrowing, Page, Short, Sight, Stretch, Weight, weight};
use crate::resource::{Resource, searched};
use crate::schema::{action_plan_proponents, action_plan_sdgs, action_plans};

/// How large a plan is.
const WEIGHT: &str = weight!("action_plans.document");

/// As [`WEIGHT`], of the plan of a proponent.
const WEIGHT_OF_CITYS: &str = concat!(
    "(SELECT ",
    weight!("stored.document"),
    " FROM action_plans AS stored WHERE stored.id = action_plan_proponents.plan)"
);

/// Reads one.
pub(super) async fn find(
    mut conn: &Connection,
    caller: &Caller,
    id: &PlanId,
) -> QueryResult<Option<StoredPlan>> {
    let query = action_plans::table
        .find(id)
        .select(WorkingCopy::as_select());
    let found: Option<WorkingCopy> = query.first(&mut conn).await.optional()?;
    Ok(found.map(|plan| plan.seen_by(caller)))
}

/// How a plan is found in the list of a city.
const FOUND_OF_CITY: &str = searched!("action_plan_proponents.plan", "uuid", "action_plan");

/// Reads some, to look into.
pub(super) async fn look_into(
    mut conn: &Connection,
    ids: Vec<PlanId>,
) -> QueryResult<Vec<ActionPlan>> {
    action_plans::table
        .filter(action_plans::id.eq_any(ids))
        .select(action_plans::document)
        .load(&mut conn)
        .await
}

/// Reads a page: of one city by the index of that city and the order, of all by the index of the order.
pub(super) async fn list(
    mut conn: &Connection,
    caller: &Caller,
    filter: ActionPlanFilter,
    page: Page,
) -> QueryResult<Stretch<StoredPlan>> {
    let walked: Vec<(PlanId, i64)> = match filter.city.as_slice() {
        [city] => {
            let page = page.clone().with_id_column("id", "plan");
            let all_of_city = ActionPlanFilter {
                city: vec![city.clone()],
                ..ActionPlanFilter::default()
            };
            let is_short = page.is_usual() && page.narrowing.is_nothing() && filter == all_of_city;
            let mut query = narrowed_for(city.clone(), filter)
                .select((action_plan_proponents::plan, Weight(WEIGHT_OF_CITYS)));
            if let Some(since) = page.narrowing.since {
                query = query.filter(action_plan_proponents::updated_at.ge(since));
            }
            if let Some(found) = page.narrowing.found_by(Some(FOUND_OF_CITY)) {
                query = query.filter(found);
            }
            let query = query.filter(page.keyset()).order(page.order());
            let query = query.limit(page.reach());
            match is_short {
                true => Short(query).load(&mut conn).await?,
                false => query.load(&mut conn).await?,
            }
        }
        _ => {
            let mut query = narrowed(filter).select((action_plans::id, Weight(WEIGHT)));
            if let Some(since) = page.narrowing.since {
                query = query.filter(action_plans::updated_at.ge(since));
            }
            if let Some(found) = page.narrowing.found_by(ActionPlan::SEARCHED) {
                query = query.filter(found);
            }
            let query = query.filter(page.keyset()).order(page.order());
            query.limit(page.reach()).load(&mut conn).await?
        }
    };
    let part = page.cut_by_weight(walked);
    let plans: Vec<WorkingCopy> = action_plans::table
        .filter(action_plans::id.eq_any(part.items.clone()))
        .select(WorkingCopy::as_select())
        .load(&mut conn)
        .await?;
    let plans = plans.into_iter().map(|plan| plan.seen_by(caller));
    Ok(part.of_read(plans.collect(), |plan| plan.id))
}

/// Counts them.
pub(super) async fn count(
    mut conn: &Connection,
    filter: ActionPlanFilter,
    narrowing: Narrowing,
) -> QueryResult<i64> {
    match filter.city.as_slice() {
        [city] => {
            let mut query = narrowed_for(city.clone(), filter).select(diesel::dsl::count_star());
            if let Some(since) = narrowing.since {
                query = query.filter(action_plan_proponents::updated_at.ge(since));
            }
            if let Some(found) = narrowing.found_by(Some(FOUND_OF_CITY)) {
                query = query.filter(found);
            }
            query.first(&mut conn).await
        }
        _ => {
            let mut query = narrowed(filter).select(diesel::dsl::count_star());
            if let Some(since) = narrowing.since {
                query = query.filter(action_plans::updated_at.ge(since));
            }
            if let Some(found) = narrowing.found_by(ActionPlan::SEARCHED) {
                query = query.filter(found);
            }
            query.first(&mut conn).await
        }
    }
}

fn narrowed<'a>(filter: ActionPlanFilter) -> action_plans::BoxedQuery<'a, Pg> {
    let mut query = action_plans::table.into_boxed();
    if !filter.city.is_empty() {
        let of_cities =
            action_plan_proponents::table.filter(action_plan_proponents::city.eq_any(filter.city));
        query =
            query.filter(action_plans::id.eq_any(of_cities.select(action_plan_proponents::plan)));
    }
    if !filter.pairing.is_empty() {
        query = query.filter(action_plans::pairing.eq_any(filter.pairing));
    }
    if !filter.status.is_empty() {
        query = query.filter(action_plans::status.eq_any(filter.status));
    }
    if !filter.kind.is_empty() {
        query = query.filter(action_plans::kind.eq_any(filter.kind));
    }
    if !filter.template.is_empty() {
        query = query.filter(action_plans::template.eq_any(filter.template));
    }
    if !filter.awaits.is_empty() {
        // As the index says it.
        query = query
            .filter(Sight::of("action_plans.awaits <> '{}'"))
            .filter(action_plans::awaits.overlaps_with(filter.awaits));
    }
    if !filter.sdg.is_empty() {
        let serving =
            action_plan_sdgs::table.filter(action_plan_sdgs::code.eq_any(codes(&filter.sdg)));
        query = query.filter(action_plans::id.eq_any(serving.select(action_plan_sdgs::plan)));
    }
    query
}

fn narrowed_for<'a>(
    city: CityId,
    filter: ActionPlanFilter,
) -> action_plan_proponents::BoxedQuery<'a, Pg> {
    let mut query = action_plan_proponents::table
        .filter(action_plan_proponents::city.eq(city))
        .into_boxed();
    if !filter.pairing.is_empty() {
        query = query.filter(action_plan_proponents::pairing.eq_any(filter.pairing));
    }
    if !filter.status.is_empty() {
        query = query.filter(action_plan_proponents::status.eq_any(filter.status));
    }
    if !(filter.kind.is_empty() && filter.template.is_empty() && filter.awaits.is_empty()) {
        let fitting = narrowed(ActionPlanFilter {
            kind: filter.kind,
            template: filter.template,
            awaits: filter.awaits,
            ..ActionPlanFilter::default()
        });
        let fitting = fitting.select(action_plans::id);
        query = query.filter(action_plan_proponents::plan.eq_any(fitting));
    }
    if !filter.sdg.is_empty() {
        let serving =
            action_plan_sdgs::table.filter(action_plan_sdgs::code.eq_any(codes(&filter.sdg)));
        query = query
            .filter(action_plan_proponents::plan.eq_any(serving.select(action_plan_sdgs::plan)));
    }
    query
}
