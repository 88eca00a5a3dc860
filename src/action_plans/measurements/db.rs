//! Measurements in the database. They are read below an indicator that their reader sees in the plan.

use diesel::prelude::*;
use diesel::result::Error;
use diesel_async::RunQueryDsl;

use super::types::{Measurement, MeasurementFilter, Row};
use crate::action_plans::types::ActionPlan;
use crate::auth::Caller;
use crate::db::Connection;
use crate::events::Author;
use crate::ids::{CityId, MeasurementId, PlanId};
use crate::policy::{Action, Relation, Thing, allows};
use crate::problem::Faults;
use crate::query::{Key, KeyType, Narrowing, Page, Sight, Sort, Stretch, TieBreak, Weight, weight};
use crate::resource::{Known, Meta, References, Resource, Seen, new_uuid};
use crate::schema::{action_plan_measurements, action_plans};

/// Whose plan an indicator is in, when `caller` sees the plan with the indicator in it.
async fn shown(
    conn: &Connection,
    caller: &Caller,
    plan: &PlanId,
    indicator: &str,
) -> QueryResult<Option<Vec<CityId>>> {
    let Some(stored) = ActionPlan::find(conn, caller, plan).await? else {
        return Ok(None);
    };
    let relation = stored.relation(caller);
    let may_read = |thing| allows(caller.role, Action::Read, thing, relation).is_some();
    if !(may_read(Thing::ActionPlan) && may_read(Thing::Measurement)) {
        return Ok(None);
    }
    let plan = stored.plan()?;
    let mut indicators = plan
        .follow_up
        .iter()
        .flat_map(|section| &section.indicators);
    let is_there = indicators.any(|part| part.key.0 == indicator);
    Ok(is_there.then_some(plan.proponents))
}

macro_rules! narrowed {
    ($query:expr, $filter:ident, $since:expr) => {{
        let mut query = $query
            .filter(action_plan_measurements::plan.eq($filter.plan.unwrap_or_default()))
            .filter(action_plan_measurements::indicator.eq($filter.indicator.unwrap_or_default().0))
            .into_boxed::<diesel::pg::Pg>();
        if let Some(from) = $filter.from {
            let can_be_later = Sight::of("written LIKE '%/..'");
            query = query.filter(
                action_plan_measurements::on
                    .ge(from)
                    .or(action_plan_measurements::latest.assume_not_null().ge(from))
                    .or(can_be_later),
            );
        }
        if let Some(to) = $filter.to {
            let can_be_earlier = Sight::of("written LIKE '../%'");
            query = query.filter(action_plan_measurements::on.le(to).or(can_be_earlier));
        }
        if let Some(since) = $since {
            query = query.filter(action_plan_measurements::at.ge(since));
        }
        query
    }};
}

async fn proponents_of(mut conn: &Connection, plan: PlanId) -> QueryResult<Vec<CityId>> {
    let query = action_plans::table
        .find(plan)
        .select(action_plans::proponents);
    Ok(query.first(&mut conn).await.optional()?.unwrap_or_default())
}

/// What is noted stays.
fn never_changed() -> Error {
    Error::QueryBuilderError("a measurement is never changed".into())
}

impl Resource for Measurement {
    type Id = MeasurementId;
    type Seen = Self;
    type Filter = MeasurementFilter;

    const THING: Thing = Thing::Measurement;
    const TABLE: &'static str = "action_plan_measurements";
    const PATH: &'static str = "/action-plans/{plan}/indicators/{indicator}/measurements";
    const SORTS: &'static [Sort<Self>] = &[
        Sort {
            name: "on",
            sql: "\"on\"",
            kind: KeyType::Day,
            key: |item| Key::day(Some(item.first_known_day())),
        },
        Sort {
            name: "at",
            sql: "at",
            kind: KeyType::Time,
            key: |item| Key::Time(item.at),
        },
        Sort {
            name: "id",
            sql: "id",
            kind: KeyType::Uuid,
            key: |item| Key::Uuid(item.id.uuid()),
        },
    ];
    const TIE: TieBreak<Self> = TieBreak {
        sql: "id",
        kind: KeyType::Uuid,
        key: |item| Key::Uuid(item.id.uuid()),
    };

    fn id(&self) -> MeasurementId {
        self.id
    }

    fn meta(&self) -> Meta {
        Meta {
            version: 1,
            created_at: self.at,
            updated_at: self.at,
            beside: 0,
        }
    }

    fn stamp(&mut self, meta: Meta) {
        self.at = meta.created_at;
    }

    fn parents(&self) -> Vec<String> {
        vec![self.plan.to_string(), self.indicator.0.clone()]
    }

    async fn enter(conn: &Connection, caller: &Caller, parents: &[String]) -> QueryResult<bool> {
        let [plan, indicator] = parents else {
            return Ok(false);
        };
        match plan.parse() {
            Ok(plan) => Ok(shown(conn, caller, &plan, indicator).await?.is_some()),
            Err(_) => Ok(false),
        }
    }

    /// The plan is locked, so that nobody takes the indicator away meanwhile.
    async fn enter_locked(
        conn: &mut Connection,
        caller: &Caller,
        parents: &[String],
    ) -> QueryResult<bool> {
        if let Some(plan) = parents.first().and_then(|plan| plan.parse().ok()) {
            ActionPlan::lock(conn, caller, &plan).await?;
        }
        Self::enter(conn, caller, parents).await
    }

    fn cities(&self) -> Vec<CityId> {
        self.proponents.clone()
    }

    /// With whoever sees the indicator and does not propose the plan, it is shared.
    fn relation(&self, caller: &Caller) -> Relation {
        match caller.relation_to_cities(self.proponents.iter()) {
            Relation::Own => Relation::Own,
            _ => Relation::Public,
        }
    }

    fn claim(&mut self, _: Option<&Self>, caller: &Caller) {
        self.by = caller.account();
        self.city.clone_from(&caller.city);
    }

    fn references(&self, references: &mut References) {
        references.to::<ActionPlan>("/plan", &self.plan);
    }

    fn prepare(&mut self, _: Option<&Self>, known: &Known, _: &mut Faults) {
        self.id = new_uuid().into();
        (self.earliest, self.latest) = (self.on.earliest(), self.on.latest());
        if let Some(plan) = known.get::<ActionPlan>(&self.plan) {
            self.proponents.clone_from(&plan.proponents);
        }
    }

    async fn find(
        mut conn: &Connection,
        caller: &Caller,
        id: &MeasurementId,
    ) -> QueryResult<Option<Self>> {
        let query = action_plan_measurements::table
            .find(id)
            .select(Row::as_select());
        let found: Option<Row> = query.first(&mut conn).await.optional()?;
        let Some(row) = found else { return Ok(None) };
        let proponents = shown(conn, caller, &row.plan, &row.indicator).await?;
        Ok(proponents.map(|proponents| row.of(proponents)))
    }

    async fn lock(
        conn: &mut Connection,
        caller: &Caller,
        id: &MeasurementId,
    ) -> QueryResult<Option<Self>> {
        Self::find(conn, caller, id).await
    }

    async fn find_many(
        conn: &Connection,
        caller: &Caller,
        ids: Vec<MeasurementId>,
    ) -> QueryResult<Vec<Self>> {
        let mut found = Vec::new();
        for id in ids {
            found.extend(Self::find(conn, caller, &id).await?);
        }
        Ok(found)
    }

    async fn list(
        mut conn: &Connection,
        _: &Caller,
        filter: MeasurementFilter,
        page: Page,
    ) -> QueryResult<Stretch<Self>> {
        let plan = filter.plan.unwrap_or_default();
        let weight = Weight(weight!("action_plan_measurements.note"));
        let query = action_plan_measurements::table.select((action_plan_measurements::id, weight));
        let walk = narrowed!(query, filter, page.narrowing.since)
            .filter(page.keyset())
            .order(page.order())
            .limit(page.reach());
        let part = page.cut_by_weight(walk.load::<(MeasurementId, i64)>(&mut conn).await?);
        let wanted = action_plan_measurements::id.eq_any(part.items.clone());
        let rows = action_plan_measurements::table.filter(wanted);
        let both = conn;
        let rows = async { rows.select(Row::as_select()).load(&mut conn).await };
        let (rows, proponents) = futures_util::try_join!(rows, proponents_of(both, plan))?;
        let items = rows.into_iter().map(|row| row.of(proponents.clone()));
        Ok(part.of_read(items.collect(), |item| item.id))
    }

    async fn count(
        mut conn: &Connection,
        _: &Caller,
        filter: MeasurementFilter,
        narrowing: Narrowing,
    ) -> QueryResult<i64> {
        let query = action_plan_measurements::table.select(diesel::dsl::count_star());
        narrowed!(query, filter, narrowing.since)
            .first(&mut conn)
            .await
    }

    async fn insert(&self, conn: &mut Connection, _: &Author) -> QueryResult<()> {
        diesel::insert_into(action_plan_measurements::table)
            .values(Row::from(self))
            .execute(conn)
            .await
            .map(drop)
    }

    async fn update(&self, _: &mut Connection, _: &Self, _: &Author) -> QueryResult<()> {
        Err(never_changed())
    }

    async fn delete(_: &mut Connection, _: &MeasurementId) -> QueryResult<()> {
        Err(never_changed())
    }
}
