//! Declines in the database: one word of each plan on each lesson. The city whose lesson it is and the plan's proponents
//! see it. It is made and replaced by `declines`, which knows when a plan may decline.

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;

use super::types::{Decline, DeclineFilter, DeclineId};
use crate::auth::Caller;
use crate::contributions::types::Contribution;
use crate::db::Connection;
use crate::events::Author;
use crate::ids::{AccountId, CityId, ContributionId, PlanId};
use crate::policy::{Relation, Role, Thing};
use crate::query::{Key, KeyType, Narrowing, Page, Sight, Sort, Stretch, TieBreak, weight};
use crate::resource::{Meta, Resource};
use crate::schema::{action_plans, contribution_declines as declines, contributions};
use crate::text::Text;

/// The declines that a city sees: of its own lessons, and by its own plans.
const OF_CITY: &str = "contributions.city = ? OR ? = ANY (action_plans.proponents)";

/// The condition that a decline, with its lesson and its plan, meets when `caller` hears it: one for lists, the flow of a
/// pairing and the change feed alike.
pub fn visible_to(caller: &Caller) -> Option<Sight> {
    match (caller.role, &caller.city) {
        (Role::Admin, _) => None,
        (_, Some(city)) => Some(Sight::by(OF_CITY, Key::Text(city.to_string()))),
        (_, None) => Some(Sight::of("false")),
    }
}

/// A decline as it is read: with whose lesson and whose plan it is.
type Row = (
    ContributionId,
    PlanId,
    Text,
    Option<AccountId>,
    Option<CityId>,
    DateTime<Utc>,
    i64,
    CityId,
    Vec<CityId>,
);

fn read(
    (contribution, plan, reason, by, city, at, version, lesson_of, proponents): Row,
) -> Decline {
    Decline {
        contribution,
        plan,
        reason,
        by,
        city,
        at,
        version,
        lesson_of,
        proponents,
    }
}

/// The declines with their lessons and plans, as far as `$caller` sees them.
macro_rules! seen_by {
    ($caller:expr, $columns:expr) => {{
        let query = declines::table
            .inner_join(contributions::table.on(contributions::id.eq(declines::contribution)))
            .inner_join(action_plans::table.on(action_plans::id.eq(declines::plan)))
            .select($columns)
            .into_boxed::<Pg>();
        match visible_to($caller) {
            None => query,
            Some(seen) => query.filter(seen),
        }
    }};
}

const COLUMNS: (
    declines::contribution,
    declines::plan,
    declines::reason,
    declines::by,
    declines::city,
    declines::at,
    declines::version,
    contributions::city,
    action_plans::proponents,
) = (
    declines::contribution,
    declines::plan,
    declines::reason,
    declines::by,
    declines::city,
    declines::at,
    declines::version,
    contributions::city,
    action_plans::proponents,
);

macro_rules! narrowed {
    ($query:expr, $filter:expr, $since:expr) => {{
        let lesson = $filter.contribution.unwrap_or_default();
        let query = $query.filter(declines::contribution.eq(lesson));
        match $since {
            None => query,
            Some(since) => query.filter(declines::at.ge(since)),
        }
    }};
}

impl Resource for Decline {
    type Id = DeclineId;
    type Seen = Self;
    type Filter = DeclineFilter;

    const THING: Thing = Thing::Decline;
    const TABLE: &'static str = "contribution_declines";
    const PATH: &'static str = "/contributions/{contribution}/declines";
    const SORTS: &'static [Sort<Self>] = &[
        Sort {
            name: "at",
            sql: "contribution_declines.at",
            kind: KeyType::Time,
            key: |item| Key::Time(item.at),
        },
        Sort {
            name: "plan",
            sql: "contribution_declines.plan",
            kind: KeyType::Uuid,
            key: |item| Key::Uuid(item.plan.uuid()),
        },
    ];
    const TIE: TieBreak<Self> = TieBreak {
        sql: "contribution_declines.plan",
        kind: KeyType::Uuid,
        key: |item| Key::Uuid(item.plan.uuid()),
    };
    const LOCAL_ID: bool = true;

    fn id(&self) -> DeclineId {
        DeclineId {
            lesson: self.contribution,
            plan: self.plan,
        }
    }

    fn meta(&self) -> Meta {
        Meta {
            version: self.version,
            created_at: self.at,
            updated_at: self.at,
            beside: 0,
        }
    }

    fn stamp(&mut self, meta: Meta) {
        self.version = meta.version;
        self.at = meta.updated_at;
    }

    fn parents(&self) -> Vec<String> {
        vec![self.contribution.to_string()]
    }

    /// Whoever sees the lesson may ask, and whose plan has declined it, also when it is not shared any more.
    async fn enter(conn: &Connection, caller: &Caller, parents: &[String]) -> QueryResult<bool> {
        let Some(lesson) = parents.first().and_then(|id| id.parse().ok()) else {
            return Ok(false);
        };
        let filter = DeclineFilter {
            contribution: Some(lesson),
        };
        Ok(Contribution::find(conn, caller, &lesson).await?.is_some()
            || Self::count(conn, caller, filter, Narrowing::default()).await? > 0)
    }

    fn cities(&self) -> Vec<CityId> {
        let mut cities = self.proponents.clone();
        cities.push(self.lesson_of.clone());
        cities
    }

    /// It is its plan's; the city whose lesson it is hears it.
    fn relation(&self, caller: &Caller) -> Relation {
        match caller.relation_to_cities(self.proponents.iter()) {
            Relation::Own => Relation::Own,
            _ if caller.city.as_ref() == Some(&self.lesson_of) => Relation::Partner,
            relation => relation,
        }
    }

    async fn find(
        mut conn: &Connection,
        caller: &Caller,
        id: &DeclineId,
    ) -> QueryResult<Option<Self>> {
        let found: Option<Row> = seen_by!(caller, COLUMNS)
            .filter(declines::contribution.eq(id.lesson))
            .filter(declines::plan.eq(id.plan))
            .first(&mut conn)
            .await
            .optional()?;
        Ok(found.map(read))
    }

    async fn lock(
        conn: &mut Connection,
        caller: &Caller,
        id: &DeclineId,
    ) -> QueryResult<Option<Self>> {
        // Alone: its lesson and its plan stay free.
        let locked: Option<i64> = declines::table
            .find((id.lesson, id.plan))
            .select(declines::version)
            .for_no_key_update()
            .first(conn)
            .await
            .optional()?;
        match locked {
            Some(_) => Self::find(conn, caller, id).await,
            None => Ok(None),
        }
    }

    async fn find_many(
        mut conn: &Connection,
        caller: &Caller,
        ids: Vec<DeclineId>,
    ) -> QueryResult<Vec<Self>> {
        let lessons: Vec<ContributionId> = ids.iter().map(|id| id.lesson).collect();
        let plans: Vec<PlanId> = ids.iter().map(|id| id.plan).collect();
        let rows: Vec<Row> = seen_by!(caller, COLUMNS)
            .filter(declines::contribution.eq_any(lessons))
            .filter(declines::plan.eq_any(plans))
            .load(&mut conn)
            .await?;
        let mut found: Vec<Self> = rows.into_iter().map(read).collect();
        found.retain(|decline| ids.contains(&decline.id()));
        Ok(found)
    }

    async fn list(
        mut conn: &Connection,
        caller: &Caller,
        filter: DeclineFilter,
        page: Page,
    ) -> QueryResult<Stretch<Self>> {
        let lesson = filter.contribution.unwrap_or_default();
        let weight = sql::<BigInt>(weight!("contribution_declines.reason"));
        let query = narrowed!(
            seen_by!(caller, (declines::plan, weight)),
            filter,
            page.narrowing.since
        );
        let walk = query
            .filter(page.keyset())
            .order(page.order())
            .limit(page.reach());
        let part = page.cut_by_weight(walk.load::<(PlanId, i64)>(&mut conn).await?);
        let wanted = part.items.iter().map(|plan| DeclineId {
            lesson,
            plan: *plan,
        });
        let items = Self::find_many(conn, caller, wanted.collect()).await?;
        Ok(part.of_read(items, |item| item.plan))
    }

    async fn count(
        mut conn: &Connection,
        caller: &Caller,
        filter: DeclineFilter,
        narrowing: Narrowing,
    ) -> QueryResult<i64> {
        let query = seen_by!(caller, diesel::dsl::count_star());
        narrowed!(query, filter, narrowing.since)
            .first(&mut conn)
            .await
    }

    async fn insert(&self, conn: &mut Connection, _: &Author) -> QueryResult<()> {
        diesel::insert_into(declines::table)
            .values((
                declines::contribution.eq(self.contribution),
                declines::plan.eq(self.plan),
                declines::reason.eq(&self.reason),
                declines::version.eq(self.version),
                declines::by.eq(self.by),
                declines::city.eq(&self.city),
                declines::at.eq(self.at),
            ))
            .execute(conn)
            .await
            .map(drop)
    }

    async fn update(&self, conn: &mut Connection, _: &Self, _: &Author) -> QueryResult<()> {
        diesel::update(declines::table.find((self.contribution, self.plan)))
            .set((
                declines::reason.eq(&self.reason),
                declines::version.eq(self.version),
                declines::by.eq(self.by),
                declines::city.eq(&self.city),
                declines::at.eq(self.at),
            ))
            .execute(conn)
            .await
            .map(drop)
    }

    async fn delete(conn: &mut Connection, id: &DeclineId) -> QueryResult<()> {
        diesel::delete(declines::table.find((id.lesson, id.plan)))
            .execute(conn)
            .await
            .map(drop)
    }
}
