//! Action plans in the database: the working copy is one document in one row, every version is kept beside it, and
//! what is filtered or counted is projected into narrow tables by the same statement.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::lists::{self, StoredPlan};
use super::rules::{
    check_choices, check_cities, check_keys, check_sources, give_keys, refer_to_sources, sdg_codes,
};
use super::statement::{INSERT, UPDATE, WritePlan};
use super::types::{ActionPlan, ActionPlanFilter};
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
    Check, Include, Known, References, Resource, new_uuid, strings, usual_fields,
    usual_sorts_by_uuid,
};
use crate::schema::{action_plans, pairings, templates};
use crate::sdgs::db::check_codes;
use crate::templates::types::Template;

impl Resource for ActionPlan {
    type Id = PlanId;
    type Seen = StoredPlan;
    type Filter = ActionPlanFilter;

    const THING: Thing = Thing::ActionPlan;
    const PATH: &'static str = "/action-plans";
    const SORTS: &'static [Sort<StoredPlan>] = usual_sorts_by_uuid![Sort {
        name: "title",
        sql: "title_key",
        kind: KeyType::Text,
        key: |item| Key::Text(item.title_key.clone()),
    }];
    const TIE: TieBreak<StoredPlan> = TieBreak {
        sql: "id",
        kind: KeyType::Uuid,
        key: |item| Key::Uuid(item.id.uuid()),
    };
    const EXPORT_BATCH: i64 = 50;
    const INCLUDES: &'static [Include<StoredPlan>] = &[
        Include::new::<City>("cities", |item| strings(&item.proponents)),
        Include::new::<Pairing>("pairings", |item| vec![item.pairing.to_string()]),
        Include::new::<Template>("templates", |item| vec![item.template.to_string()]),
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
        conn: &Connection,
        caller: &Caller,
        id: &PlanId,
    ) -> QueryResult<Option<StoredPlan>> {
        lists::find(conn, caller, id).await
    }

    async fn lock(
        conn: &mut Connection,
        caller: &Caller,
        id: &PlanId,
    ) -> QueryResult<Option<Self>> {
        let query = action_plans::table.find(id).select(action_plans::document);
        let found: Option<Self> = query.for_no_key_update().first(conn).await.optional()?;
        Ok(found.filter(|plan| is_visible(plan, caller)))
    }

    async fn find_many(
        mut conn: &Connection,
        caller: &Caller,
        ids: Vec<PlanId>,
    ) -> QueryResult<Vec<Self>> {
        let query = action_plans::table
            .filter(action_plans::id.eq_any(ids))
            .select(action_plans::document);
        let found: Vec<Self> = query.load(&mut conn).await?;
        Ok(found
            .into_iter()
            .filter(|plan| is_visible(plan, caller))
            .collect())
    }

    async fn list(
        conn: &Connection,
        caller: &Caller,
        filter: ActionPlanFilter,
        page: Page,
    ) -> QueryResult<Vec<StoredPlan>> {
        lists::list(conn, caller, filter, page).await
    }

    async fn count(
        conn: &Connection,
        caller: &Caller,
        filter: ActionPlanFilter,
        since: Option<DateTime<Utc>>,
    ) -> QueryResult<i64> {
        lists::count(conn, caller, filter, since).await
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
