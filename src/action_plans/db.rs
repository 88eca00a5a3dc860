//! Action plans in the database: the working copy is one document in one row, every version is kept beside it, and
//! what is filtered or counted is projected into narrow tables by the same statement.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::rules::{
    check_choices, check_cities, check_keys, check_sources, give_keys, refer_to_sources, sdg_codes,
    title_key,
};
use super::statement::{INSERT, UPDATE, WritePlan};
use super::types::{ActionPlan, ActionPlanFilter, SdgCode};
use crate::auth::Caller;
use crate::cities::types::City;
use crate::db::Connection;
use crate::events::Author;
use crate::ids::{CityId, PlanId, TemplateId};
use crate::pairings::types::Pairing;
use crate::policy::{Role, Thing};
use crate::problem::{Faults, Rule};
use crate::query::{Key, KeyType, Page, Sort, TieBreak};
use crate::resource::{
    Check, Include, Known, Lock, References, Resource, new_uuid, strings, usual_fields,
    usual_sorts_by_uuid,
};
use crate::schema::{action_plan_proponents, action_plan_sdgs, action_plans, pairings, templates};
use crate::sdgs::db::check_codes;
use crate::templates::types::Template;

impl Resource for ActionPlan {
    type Id = PlanId;
    type Filter = ActionPlanFilter;

    const THING: Thing = Thing::ActionPlan;
    const PATH: &'static str = "/action-plans";
    const SORTS: &'static [Sort<Self>] = usual_sorts_by_uuid![Sort {
        name: "title",
        sql: "title_key",
        kind: KeyType::Text,
        key: |item| Key::Text(title_key(item)),
    }];
    const TIE: TieBreak<Self> = TieBreak {
        sql: "id",
        kind: KeyType::Uuid,
        key: |item| Key::Uuid(item.id.uuid()),
    };
    const EXPORT_BATCH: i64 = 50;
    const INCLUDES: &'static [Include<Self>] = &[
        Include::new::<City>("cities", |item| strings(&item.proponents)),
        Include::new::<Pairing>("pairings", |item| vec![item.pairing.to_string()]),
        Include::new::<Template>("templates", |item| {
            item.template.iter().map(ToString::to_string).collect()
        }),
    ];

    usual_fields!(id);

    fn cities(&self) -> Vec<CityId> {
        self.proponents.clone()
    }

    fn references(&self, references: &mut References) {
        references.to::<Pairing>("/pairing", &self.pairing);
        references.to_each::<City>("/proponents", &self.proponents);
        for (index, action) in self.joint_actions.iter().enumerate() {
            references.to_each::<City>(&format!("/joint_actions/{index}/with"), &action.with);
        }
        if let Some(template) = &self.template {
            references.to::<Template>("/template", template);
        }
        if let Some(plan) = self
            .revises
            .as_ref()
            .and_then(|revises| revises.plan.as_ref())
        {
            references.to::<ActionPlan>("/revises/plan", plan);
        }
        refer_to_sources(self, references);
    }

    fn prepare(&mut self, before: Option<&Self>, _: &Known, faults: &mut Faults) {
        self.id = before.map_or_else(|| new_uuid().into(), |before| before.id);
        if let Some(before) = before {
            if self.template.is_none() {
                self.template = before.template.clone();
            }
            faults.check(
                self.template != before.template,
                "/template",
                Rule::Immutable,
            );
        }
        give_keys(self);
    }

    fn check(&self, check: &Check<'_, Self>, faults: &mut Faults) {
        check_keys(self, faults);
        check_cities(self, check.known, faults);
        check_choices(self, faults);
        check_sources(self, faults);
    }

    async fn consult(&mut self, conn: &mut Connection, faults: &mut Faults) -> QueryResult<()> {
        check_codes(conn, &sdg_codes(self), faults).await?;
        if self.template.is_none() {
            self.template = newest_template(conn, self).await?;
            faults.check(self.template.is_none(), "/template", Rule::Required);
        }
        Ok(())
    }

    async fn find(
        conn: &mut Connection,
        caller: &Caller,
        id: &PlanId,
        lock: Lock,
    ) -> QueryResult<Option<Self>> {
        let query = action_plans::table.find(id).select(action_plans::document);
        let found: Option<Self> = match lock {
            Lock::None => query.first(conn).await.optional()?,
            Lock::ForChange => query.for_no_key_update().first(conn).await.optional()?,
        };
        Ok(found.filter(|plan| is_visible(plan, caller)))
    }

    async fn find_many(
        conn: &mut Connection,
        caller: &Caller,
        ids: Vec<PlanId>,
    ) -> QueryResult<Vec<Self>> {
        let query = action_plans::table
            .filter(action_plans::id.eq_any(ids))
            .select(action_plans::document);
        let found: Vec<Self> = query.load(conn).await?;
        Ok(found
            .into_iter()
            .filter(|plan| is_visible(plan, caller))
            .collect())
    }

    async fn list(
        conn: &mut Connection,
        caller: &Caller,
        filter: ActionPlanFilter,
        page: Page,
    ) -> QueryResult<Vec<Self>> {
        match scope(caller, &filter) {
            Scope::Nothing => Ok(Vec::new()),
            Scope::All => {
                let mut query = narrowed(filter).select(action_plans::document);
                if let Some(since) = page.since {
                    query = query.filter(action_plans::updated_at.ge(since));
                }
                query
                    .filter(page.keyset())
                    .order(page.order())
                    .limit(page.limit)
                    .load(conn)
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
                    .load(conn)
                    .await?;
                let mut plans = Self::find_many(conn, caller, ids.clone()).await?;
                plans.sort_by_key(|plan| ids.iter().position(|id| *id == plan.id));
                Ok(plans)
            }
        }
    }

    async fn count(
        conn: &mut Connection,
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
                query.first(conn).await
            }
            Scope::City(city) => {
                let mut query = narrowed_for(city, filter).select(diesel::dsl::count_star());
                if let Some(since) = since {
                    query = query.filter(action_plan_proponents::updated_at.ge(since));
                }
                query.first(conn).await
            }
        }
    }

    async fn insert(&self, conn: &mut Connection, author: &Author) -> QueryResult<()> {
        WritePlan::new(self, author, INSERT)
            .execute(conn)
            .await
            .map(drop)
    }

    async fn update(&self, conn: &mut Connection, _: &Self, author: &Author) -> QueryResult<()> {
        WritePlan::new(self, author, UPDATE)
            .execute(conn)
            .await
            .map(drop)
    }

    async fn delete(conn: &mut Connection, id: &PlanId) -> QueryResult<()> {
        diesel::delete(action_plans::table.find(id))
            .execute(conn)
            .await
            .map(drop)
    }
}

/// Drafts are private to their proponents and admins.
fn is_visible(plan: &ActionPlan, caller: &Caller) -> bool {
    caller.role == Role::Admin
        || caller
            .city
            .as_ref()
            .is_some_and(|city| plan.proponents.contains(city))
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

/// The newest template of the programme that the plan's pairing belongs to.
async fn newest_template(
    conn: &mut Connection,
    plan: &ActionPlan,
) -> QueryResult<Option<TemplateId>> {
    let programme = pairings::table
        .filter(pairings::id.eq(&plan.pairing))
        .select(pairings::programme);
    templates::table
        .filter(templates::programme.eq_any(programme))
        .order((templates::created_at.desc(), templates::id.desc()))
        .select(templates::id)
        .first(conn)
        .await
        .optional()
}
