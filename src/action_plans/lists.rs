//! Action plans as they are read: the stored text goes out as it is, and only what stands beside it is looked at.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::types::{ActionPlan, ActionPlanFilter};
use crate::auth::Caller;
use crate::column::JsonText;
use crate::db::Connection;
use crate::ids::{CityId, PairingId, PlanId, TemplateId};
use crate::policy::{Relation, Role};
use crate::query::Page;
use crate::resource::{Meta, Seen};
use crate::schema::{action_plan_proponents, action_plan_sdgs, action_plans};
use crate::sdgs::types::SdgCode;

/// A plan as its readers get it.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = action_plans)]
pub struct StoredPlan {
    /// Its id.
    pub id: PlanId,
    /// Whose plan it is.
    pub proponents: Vec<CityId>,
    /// The pairing whose cooperation it comes from.
    pub pairing: PairingId,
    /// The template it is written along.
    pub template: TemplateId,
    /// The title, for sorting.
    pub title_key: String,
    /// Counts its changes.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    document: JsonText,
}

impl Seen<ActionPlan> for StoredPlan {
    fn id(&self) -> PlanId {
        self.id
    }

    fn meta(&self) -> Meta {
        Meta {
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }

    fn relation(&self, caller: &Caller) -> Relation {
        caller.relation_to_cities(self.proponents.iter())
    }

    fn write_json(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        out.extend_from_slice(self.document.0.as_bytes());
        Ok(())
    }
}

/// Reads one that `caller` may see: drafts are private to their proponents and admins.
pub async fn find(
    mut conn: &Connection,
    caller: &Caller,
    id: &PlanId,
) -> QueryResult<Option<StoredPlan>> {
    let query = action_plans::table.find(id).select(StoredPlan::as_select());
    let found = match (caller.role, &caller.city) {
        (Role::Admin, _) => query.first(&mut conn).await,
        (_, Some(city)) => {
            let own = action_plans::proponents.contains(vec![city]);
            query.filter(own).first(&mut conn).await
        }
        (_, None) => return Ok(None),
    };
    found.optional()
}

/// Reads a page of what `caller` may see.
pub async fn list(
    mut conn: &Connection,
    caller: &Caller,
    filter: ActionPlanFilter,
    page: Page,
) -> QueryResult<Vec<StoredPlan>> {
    match scope(caller, &filter) {
        Scope::Nothing => Ok(Vec::new()),
        Scope::All => {
            let mut query = narrowed(filter).select(StoredPlan::as_select());
            if let Some(since) = page.since {
                query = query.filter(action_plans::updated_at.ge(since));
            }
            query
                .filter(page.keyset())
                .order(page.order())
                .limit(page.limit)
                .load(&mut conn)
                .await
        }
        Scope::City(city) => {
            let page = page.with_id_column("id", "plan");
            let mut query = narrowed_for(city, filter).select(action_plan_proponents::plan);
            if let Some(since) = page.since {
                query = query.filter(action_plan_proponents::updated_at.ge(since));
            }
            let ids: Vec<PlanId> = query
                .filter(page.keyset())
                .order(page.order())
                .limit(page.limit)
                .load(&mut conn)
                .await?;
            let mut plans: Vec<StoredPlan> = action_plans::table
                .filter(action_plans::id.eq_any(&ids))
                .select(StoredPlan::as_select())
                .load(&mut conn)
                .await?;
            plans.sort_by_key(|plan| ids.iter().position(|id| *id == plan.id));
            Ok(plans)
        }
    }
}

/// Counts what `caller` may see.
pub async fn count(
    mut conn: &Connection,
    caller: &Caller,
    filter: ActionPlanFilter,
    since: Option<DateTime<Utc>>,
) -> QueryResult<i64> {
    match scope(caller, &filter) {
        Scope::Nothing => Ok(0),
        Scope::All => {
            let mut query = narrowed(filter).select(diesel::dsl::count_star());
            if let Some(since) = since {
                query = query.filter(action_plans::updated_at.ge(since));
            }
            query.first(&mut conn).await
        }
        Scope::City(city) => {
            let mut query = narrowed_for(city, filter).select(diesel::dsl::count_star());
            if let Some(since) = since {
                query = query.filter(action_plan_proponents::updated_at.ge(since));
            }
            query.first(&mut conn).await
        }
    }
}

/// Which plans a list can hold, and by which index it is walked.
enum Scope {
    /// None that the caller may see.
    Nothing,
    /// All plans, by the index of the order.
    All,
    /// The plans of one city, by the index of that city and the order.
    City(CityId),
}

fn scope(caller: &Caller, filter: &ActionPlanFilter) -> Scope {
    match (caller.role, &caller.city, filter.city.as_slice()) {
        (Role::Admin, _, [city]) => Scope::City(city.clone()),
        (Role::Admin, _, _) => Scope::All,
        (_, Some(own), _) => Scope::City(own.clone()),
        (_, None, _) => Scope::Nothing,
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
    if !filter.sdg.is_empty() {
        let serving =
            action_plan_sdgs::table.filter(action_plan_sdgs::code.eq_any(codes(filter.sdg)));
        query = query.filter(action_plans::id.eq_any(serving.select(action_plan_sdgs::plan)));
    }
    query
}

fn narrowed_for<'a>(
    city: CityId,
    filter: ActionPlanFilter,
) -> action_plan_proponents::BoxedQuery<'a, Pg> {
    let mut query = action_plan_proponents::table
        .filter(action_plan_proponents::city.eq(city.clone()))
        .into_boxed();
    if !filter.city.is_empty() && filter.city != [city] {
        let together = diesel::alias!(action_plan_proponents as together);
        let with = together.filter(
            together
                .field(action_plan_proponents::city)
                .eq_any(filter.city),
        );
        query = query.filter(
            action_plan_proponents::plan
                .eq_any(with.select(together.field(action_plan_proponents::plan))),
        );
    }
    if !filter.pairing.is_empty() {
        query = query.filter(action_plan_proponents::pairing.eq_any(filter.pairing));
    }
    if !filter.status.is_empty() {
        query = query.filter(action_plan_proponents::status.eq_any(filter.status));
    }
    if !filter.sdg.is_empty() {
        let serving =
            action_plan_sdgs::table.filter(action_plan_sdgs::code.eq_any(codes(filter.sdg)));
        query = query
            .filter(action_plan_proponents::plan.eq_any(serving.select(action_plan_sdgs::plan)));
    }
    query
}

fn codes(codes: Vec<SdgCode>) -> Vec<String> {
    codes.into_iter().map(|code| code.0).collect()
}
