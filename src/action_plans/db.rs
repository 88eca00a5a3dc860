//! Action plans in the database: the working copy is one document in one row, every version is kept beside it, and
//! what is filtered or counted is projected into narrow tables by the same statement.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::adoption::take_back_declines;
use super::consents::asked;
use super::document;
use super::life::{Standing, actions, admit, edited, let_go};
pub use super::lists::read_by;
use super::lists::{self, StoredPlan};
use super::measurements::kept::{at_stake, note_measured};
use super::merging::MERGING;
use super::money::check_money;
use super::rules::{
    check_choices, check_cities, check_keys, check_proponents, check_sources, give_keys,
    refer_to_sources, sdg_codes, tidy_sources,
};
use super::statement::{insert, update};
use super::translations::kept::after_write;
use super::types::{ActionPlan, ActionPlanFilter, PlanStatus};
use crate::auth::Caller;
use crate::cities::types::City;
use crate::contributions::db::{Ending, end_declines};
use crate::db::Connection;
use crate::events::{Author, Event};
use crate::ids::{CityId, PairingId, PlanId, TemplateId};
use crate::pairings::types::Pairing;
use crate::places::ExternalRef;
use crate::policy::{Relation, Role, Thing};
use crate::problem::{Fault, Faults, Problem, Rule};
use crate::query::{Key, KeyType, Narrowing, Page, Sort, Stretch, TieBreak};
use crate::resource::{
    ByRef, Check, Include, Known, Merging, References, Resource, Written, by_ref, check_refs,
    claim_refs, new_uuid, searched, strings, usual_fields, usual_sorts_by_uuid,
};
use crate::schema::{action_plans, pairings, templates};
use crate::sdgs::db::{known_codes, note_unknown};
use crate::search::Words;
use crate::templates::types::Template;

impl Resource for ActionPlan {
    type Id = PlanId;
    type Seen = StoredPlan;
    type Filter = ActionPlanFilter;

    const THING: Thing = Thing::ActionPlan;
    const TABLE: &'static str = "action_plans";
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
    const BY_READER: &'static [&'static str] = &["actions"];
    const MERGING: Option<Merging<Self>> = Some(MERGING);
    const INCLUDES: &'static [Include<StoredPlan>] = &[
        Include::new::<City>("cities", |item| strings(&item.named_cities())),
        Include::new::<Pairing>("pairings", |item| vec![item.pairing.to_string()]),
        Include::new::<Template>("templates", |item| vec![item.template.to_string()]),
    ];

    const WRITTEN: Option<&'static Written<Self>> = Some(&document::WRITTEN);

    const SEARCHED: Option<&'static str> =
        Some(searched!("action_plans.id", "uuid", "action_plan"));
    const PUBLISHED: Option<&'static str> = Some("action_plans.published_version");

    usual_fields!(id, beside = |plan| plan.hidden.digest());

    /// Of what it is about, none of which is hidden from any reader of it.
    fn words(&self) -> Words {
        let mut words = Words::default();
        let titles = self.activities.iter().map(|activity| &activity.title);
        let titles = titles.chain(self.joint_actions.iter().map(|action| &action.title));
        for title in titles.chain([&self.title]).flatten() {
            words.add_all(title.iter());
        }
        for text in [&self.executive_summary, &self.objectives]
            .into_iter()
            .flatten()
        {
            words.add_all(text.iter());
        }
        words
    }

    fn published(&self) -> Option<i64> {
        self.published_version
    }

    fn cities(&self) -> Vec<CityId> {
        self.proponents.clone()
    }

    fn claim(&mut self, before: Option<&Self>, caller: &Caller) {
        claim_refs(self, before, caller);
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

    fn relation(&self, caller: &Caller) -> Relation {
        if self.is_public_copy {
            return Relation::Public;
        }
        match caller.relation_to_cities(self.proponents.iter()) {
            Relation::Other if caller.city.is_some() && self.status == PlanStatus::Submitted => {
                Relation::Partner
            }
            relation => relation,
        }
    }

    async fn follow(
        conn: &mut Connection,
        author: &Author,
        before: Option<&Self>,
        after: Option<&Self>,
    ) -> Result<Vec<Event>, Problem> {
        match (before, after) {
            (Some(before), Some(after)) => take_back_declines(conn, author, before, after).await,
            _ => Ok(Vec::new()),
        }
    }

    async fn take_along(
        &self,
        conn: &mut Connection,
        author: &Author,
    ) -> Result<Vec<Event>, Problem> {
        end_declines(conn, author, Ending::OfPlan(self.id)).await
    }

    fn prepare(&mut self, before: Option<&Self>, _: &Known, faults: &mut Faults) {
        self.actions = None;
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
        tidy_sources(self);
        give_keys(before, self);
        self.at_stake = before.map_or_else(Vec::new, |before| at_stake(before, self));
        edited(before, self, faults);
    }

    fn admit(&self, check: &Check<'_, Self>) -> Result<(), Problem> {
        let template = self.template.as_ref();
        let template = template.and_then(|id| check.known.get::<Template>(id));
        check
            .before
            .map_or(Ok(()), |before| admit(before, self, template))
    }

    fn fill_for(&mut self, caller: &Caller) {
        let hidden = std::mem::take(&mut self.hidden);
        lists::take_out(&hidden, self);
        let own = caller.city.as_ref();
        let relation = Resource::relation(self, caller);
        let standing = Standing {
            status: self.status,
            is_asked: own.is_some_and(|city| asked(self).contains(city)),
            is_joint: self.proponents.len() > 1,
        };
        self.actions = Some(actions(caller, relation, standing));
    }

    fn let_go(&self, caller: &Caller) -> Result<(), Problem> {
        let_go(self, caller)
    }

    fn check(&self, check: &Check<'_, Self>, faults: &mut Faults) {
        check_keys(self, faults);
        check_cities(self, check.known, faults);
        check_choices(self, faults);
        check_money(self, faults);
        check_proponents(self, check, faults);
        check_sources(self, faults);
        check_refs(self, check, faults);
    }

    async fn consult(&mut self, conn: &mut Connection, faults: &mut Faults) -> QueryResult<()> {
        Self::consult_all(conn, vec![(self, faults)]).await
    }

    async fn consult_all(
        conn: &mut Connection,
        items: Vec<(&mut Self, &mut Faults)>,
    ) -> QueryResult<()> {
        let codes: Vec<_> = items.iter().map(|(plan, _)| sdg_codes(plan)).collect();
        let named = codes.iter().flatten().map(|(_, code)| code.as_str());
        let known = known_codes(conn, named).await?;
        let mut newest: HashMap<PairingId, Option<TemplateId>> = HashMap::new();
        for ((plan, faults), codes) in items.into_iter().zip(&codes) {
            note_unknown(codes, &known, faults);
            let at_stake = std::mem::take(&mut plan.at_stake);
            note_measured(conn, plan.id, at_stake, faults).await?;
            if plan.template.is_none() {
                if !newest.contains_key(&plan.pairing) {
                    let found = newest_template(conn, plan).await?;
                    newest.insert(plan.pairing.clone(), found);
                }
                plan.template = newest.get(&plan.pairing).cloned().flatten();
                if plan.template.is_none() {
                    faults.push(Fault::at("/template", Rule::Required).against("/pairing"));
                }
            }
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
        match found {
            Some(plan) if !is_own(caller, &plan) => {
                let readable = lists::look_into(conn, caller, vec![*id]).await?;
                Ok(readable.into_iter().next())
            }
            own => Ok(own),
        }
    }

    async fn lock_all(
        conn: &mut Connection,
        caller: &Caller,
        ids: Vec<PlanId>,
    ) -> QueryResult<Vec<Self>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let query = action_plans::table
            .filter(action_plans::id.eq_any(&ids))
            .order(action_plans::id)
            .select(action_plans::document);
        let mut found: Vec<Self> = query.for_no_key_update().load(conn).await?;
        if found.iter().any(|plan| !is_own(caller, plan)) {
            found.retain(|plan| is_own(caller, plan));
            let own: Vec<PlanId> = found.iter().map(|plan| plan.id).collect();
            let others = ids.into_iter().filter(|id| !own.contains(id));
            found.extend(lists::look_into(conn, caller, others.collect()).await?);
        }
        Ok(found)
    }

    async fn find_many(
        conn: &Connection,
        caller: &Caller,
        ids: Vec<PlanId>,
    ) -> QueryResult<Vec<Self>> {
        lists::look_into(conn, caller, ids).await
    }

    async fn list(
        conn: &Connection,
        caller: &Caller,
        filter: ActionPlanFilter,
        page: Page,
    ) -> QueryResult<Stretch<StoredPlan>> {
        lists::list(conn, caller, filter, page).await
    }

    async fn count(
        conn: &Connection,
        caller: &Caller,
        filter: ActionPlanFilter,
        narrowing: Narrowing,
    ) -> QueryResult<i64> {
        lists::count(conn, caller, filter, narrowing).await
    }

    async fn insert(&self, conn: &mut Connection, author: &Author) -> QueryResult<()> {
        Self::insert_all(&[self], conn, author).await
    }

    async fn insert_all(
        items: &[&Self],
        conn: &mut Connection,
        author: &Author,
    ) -> QueryResult<()> {
        match items {
            [] => Ok(()),
            new => insert(new, author).execute(conn).await.map(drop),
        }
    }

    async fn update(
        &self,
        conn: &mut Connection,
        before: &Self,
        author: &Author,
    ) -> QueryResult<()> {
        let translations = after_write(conn, before, self, author).await?;
        let statement = update(self, before, author, translations);
        statement.execute(conn).await.map(drop)
    }

    async fn delete(conn: &mut Connection, id: &PlanId) -> QueryResult<()> {
        diesel::delete(action_plans::table.find(id))
            .execute(conn)
            .await
            .map(drop)
    }
}

impl ByRef for ActionPlan {
    const CITIES: &'static [&'static str] = &["/proponents"];

    fn external_refs(&self) -> &[ExternalRef] {
        &self.external_refs
    }

    fn external_refs_mut(&mut self) -> &mut Vec<ExternalRef> {
        &mut self.external_refs
    }

    by_ref!(action_plan_refs, plan);
}

/// Whether the plan is the caller's own to change.
fn is_own(caller: &Caller, plan: &ActionPlan) -> bool {
    let relation = caller.relation_to_cities(plan.proponents.iter());
    caller.role == Role::Admin || relation == Relation::Own
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
