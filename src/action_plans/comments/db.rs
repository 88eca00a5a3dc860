//! Comments in the database: who sees them, who may say what to them.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::stored::{Row, placed};
use super::types::{Comment, CommentFilter, MadeAt};
use crate::action_plans::places::path_of;
use crate::action_plans::types::ActionPlan;
use crate::auth::Caller;
use crate::db::Connection;
use crate::events::Author;
use crate::ids::{CityId, CommentId, PlanId};
use crate::messages::word;
use crate::pairings::types::Pairing;
use crate::policy::{Relation, Role, Thing};
use crate::problem::{Code, Fault, Faults, Problem, Rule};
use crate::query::{Key, KeyType, Narrowing, Page, Sight, Sort, Stretch, TieBreak, Weight, weight};
use crate::resource::{
    Check, Known, References, Resource, digest_of, new_uuid, opens, usual_fields,
    usual_sorts_by_uuid,
};
use crate::schema::action_plan_comments;

/// The comments that a city sees: on its own plans, on those of its pairings while they are handed in, and in threads in which
/// it has spoken; of the others' plans not what is said of their sources, because not every source is shown to partners.
const OF_CITY: &str = "EXISTS (SELECT FROM action_plan_proponents AS own \
         WHERE own.plan = action_plan_comments.plan AND own.city = ?) \
     OR NOT is_of_sources(action_plan_comments.path) AND ( \
         EXISTS (SELECT FROM action_plans AS open JOIN pairing_cities AS member ON member.pairing = open.pairing \
             WHERE open.id = action_plan_comments.plan AND open.status = 'submitted' AND member.city = ?) \
         OR EXISTS (SELECT FROM action_plan_comments AS said \
             WHERE said.thread = action_plan_comments.thread AND said.city = ?))";

fn visible(caller: &Caller) -> Option<Sight> {
    match (caller.role, &caller.city) {
        (Role::Admin, _) => None,
        (_, Some(city)) => Some(Sight::by(OF_CITY, Key::Text(city.to_string()))),
        (_, None) => Some(Sight::of("false")),
    }
}

/// Whether the caller's city has said something about the plan: then there is something for it to read.
async fn has_spoken(
    mut conn: &Connection,
    caller: &Caller,
    plan: Option<&String>,
) -> QueryResult<bool> {
    let plan = plan.and_then(|plan| plan.parse::<PlanId>().ok());
    let (Some(city), Some(plan)) = (&caller.city, plan) else {
        return Ok(false);
    };
    let said = action_plan_comments::table
        .filter(action_plan_comments::plan.eq(plan))
        .filter(action_plan_comments::city.eq(city));
    diesel::select(diesel::dsl::exists(said))
        .get_result(&mut conn)
        .await
}

type Comments = action_plan_comments::BoxedQuery<'static, Pg>;

fn seen_by(caller: &Caller) -> Comments {
    let query = action_plan_comments::table.into_boxed();
    match visible(caller) {
        None => query,
        Some(seen) => query.filter(seen),
    }
}

fn narrowed(caller: &Caller, filter: CommentFilter, since: Option<DateTime<Utc>>) -> Comments {
    let mut query = seen_by(caller);
    if let Some(plan) = filter.plan {
        query = query.filter(action_plan_comments::plan.eq(plan));
    }
    if let Some(thread) = filter.thread {
        query = query.filter(action_plan_comments::thread.eq(thread));
    }
    if let Some(resolved) = filter.resolved {
        query = query.filter(action_plan_comments::resolved.eq(resolved));
    }
    if let Some(since) = since {
        query = query.filter(action_plan_comments::updated_at.ge(since));
    }
    query
}

/// How large a comment is.
const WEIGHT: &str = weight!("action_plan_comments.text");

impl Resource for Comment {
    type Id = CommentId;
    type Seen = Self;
    type Filter = CommentFilter;

    const THING: Thing = Thing::Comment;
    const TABLE: &'static str = "action_plan_comments";
    const PATH: &'static str = "/action-plans/{plan}/comments";
    const SORTS: &'static [Sort<Self>] = usual_sorts_by_uuid![];
    const TIE: TieBreak<Self> = TieBreak {
        sql: "id",
        kind: KeyType::Uuid,
        key: |item| Key::Uuid(item.id.uuid()),
    };

    // Its place moves when the plan changes, without a version of its own.
    usual_fields!(id, beside = |comment| digest_of(comment.pointer.as_deref()));

    fn parents(&self) -> Vec<String> {
        vec![self.plan.to_string()]
    }

    async fn enter(conn: &Connection, caller: &Caller, parents: &[String]) -> QueryResult<bool> {
        let plan = parents.first();
        Ok(opens::<ActionPlan, Self>(conn, caller, plan).await?
            || has_spoken(conn, caller, plan).await?)
    }

    /// Who reads the plan and does not comment on it is told why. It is locked: who sees it does not change meanwhile.
    async fn enter_locked(
        conn: &mut Connection,
        caller: &Caller,
        parents: &[String],
    ) -> QueryResult<bool> {
        let plan = parents.first();
        let reads = match plan.and_then(|plan| plan.parse().ok()) {
            Some(plan) => ActionPlan::lock(conn, caller, &plan).await?.is_some(),
            None => false,
        };
        Ok(reads || has_spoken(conn, caller, plan).await?)
    }

    fn cities(&self) -> Vec<CityId> {
        self.proponents.iter().chain(&self.city).cloned().collect()
    }

    /// Its author's city has it as its own; with others who see it, it is shared.
    fn relation(&self, caller: &Caller) -> Relation {
        match &caller.city {
            Some(own) if self.city.as_ref() == Some(own) => Relation::Own,
            Some(_) => Relation::Partner,
            None => Relation::Other,
        }
    }

    fn claim(&mut self, before: Option<&Self>, caller: &Caller) {
        if before.is_none() {
            self.city.clone_from(&caller.city);
            self.by = caller.account();
        }
        if before.is_some_and(|before| before.resolved) != self.resolved {
            self.resolved_by = caller.account().filter(|_| self.resolved);
            self.resolved_by_city = caller.city.clone().filter(|_| self.resolved);
        }
    }

    fn references(&self, references: &mut References) {
        references.to_seen::<ActionPlan>(&self.plan);
        if let Some(comment) = &self.reply_to {
            references.to::<Self>("/reply_to", comment);
        }
    }

    fn further_references(&self, known: &Known, references: &mut References) {
        if let Some(plan) = known.get::<ActionPlan>(&self.plan) {
            references.to_seen::<Pairing>(&plan.pairing);
        }
    }

    fn prepare(&mut self, before: Option<&Self>, known: &Known, faults: &mut Faults) {
        if let Some(before) = before {
            self.path.clone_from(&before.path);
            self.proponents.clone_from(&before.proponents);
            faults.check(self.pointer != before.pointer, "/pointer", Rule::Immutable);
            faults.check(
                self.reply_to != before.reply_to,
                "/reply_to",
                Rule::Immutable,
            );
            return;
        }
        self.id = new_uuid().into();
        let answered = self.reply_to.as_ref().and_then(|id| known.get::<Self>(id));
        self.thread = answered.map_or(self.id, |answered| answered.thread);
        if let Some(answered) = answered.filter(|_| self.pointer.is_none()) {
            self.pointer.clone_from(&answered.pointer);
            self.path.clone_from(&answered.path);
            self.made_at.clone_from(&answered.made_at);
        } else {
            self.place(known, faults);
        }
        if let Some(plan) = known.get::<ActionPlan>(&self.plan) {
            self.proponents.clone_from(&plan.proponents);
        }
    }

    /// The author's city edits the text; that city, the proponents and admins settle it.
    fn check(&self, check: &Check<'_, Self>, faults: &mut Faults) {
        if let Some(answered) = &self.reply_to {
            let elsewhere = check.known.get::<Self>(answered);
            if elsewhere.is_some_and(|answered| answered.plan != self.plan) {
                let fault = Fault::at("/reply_to", Rule::UnknownReference);
                faults.push(
                    fault
                        .with_word("kind", word("thing", Thing::Comment))
                        .with("id", answered),
                );
            }
        }
        let Some(before) = check.before else { return };
        let caller = check.caller;
        let is_author = caller.city == self.city;
        let is_proponent = caller.relation_to_cities(self.proponents.iter()) == Relation::Own;
        let may_settle = is_author || is_proponent || caller.role == Role::Admin;
        faults.check(
            self.text != before.text && !is_author,
            "/text",
            Rule::NotYours,
        );
        let is_settled = self.resolved != before.resolved;
        faults.check(is_settled && !may_settle, "/resolved", Rule::NotYours);
    }

    /// A plan is commented on by who writes it, and by its partners while it is handed in to them; by other cities never.
    fn admit(&self, check: &Check<'_, Self>) -> Result<(), Problem> {
        let plan = check.known.get::<ActionPlan>(&self.plan);
        if check.before.is_some() || plan.is_some_and(|plan| !plan.is_public_copy) {
            return Ok(());
        }
        let pairing = plan.and_then(|plan| check.known.get::<Pairing>(&plan.pairing));
        let own = check.caller.city.iter();
        let is_partner = |pairing: &Pairing| own.clone().any(|own| pairing.cities().contains(own));
        Err(match pairing.is_none_or(is_partner) {
            true => Problem::new(Code::CommentsClosed),
            false => check.caller.forbidden(),
        })
    }

    async fn find(
        mut conn: &Connection,
        caller: &Caller,
        id: &CommentId,
    ) -> QueryResult<Option<Self>> {
        let rows: Vec<Row> = seen_by(caller)
            .filter(action_plan_comments::id.eq(id))
            .select(Row::as_select())
            .load(&mut conn)
            .await?;
        Ok(placed(conn, caller, rows).await?.pop())
    }

    async fn lock(
        conn: &mut Connection,
        caller: &Caller,
        id: &CommentId,
    ) -> QueryResult<Option<Self>> {
        let row = action_plan_comments::table
            .filter(action_plan_comments::id.eq(id))
            .select(Row::as_select());
        let found: Option<Row> = match visible(caller) {
            None => row.for_no_key_update().first(conn).await,
            Some(seen) => row.filter(seen).for_no_key_update().first(conn).await,
        }
        .optional()?;
        Ok(placed(conn, caller, found.into_iter().collect())
            .await?
            .pop())
    }

    async fn find_many(
        mut conn: &Connection,
        caller: &Caller,
        ids: Vec<CommentId>,
    ) -> QueryResult<Vec<Self>> {
        let rows: Vec<Row> = seen_by(caller)
            .filter(action_plan_comments::id.eq_any(ids))
            .select(Row::as_select())
            .load(&mut conn)
            .await?;
        placed(conn, caller, rows).await
    }

    async fn list(
        mut conn: &Connection,
        caller: &Caller,
        filter: CommentFilter,
        page: Page,
    ) -> QueryResult<Stretch<Self>> {
        let walked: Vec<(CommentId, i64)> = narrowed(caller, filter, page.narrowing.since)
            .filter(page.keyset())
            .order(page.order())
            .limit(page.reach())
            .select((action_plan_comments::id, Weight(WEIGHT)))
            .load(&mut conn)
            .await?;
        let part = page.cut_by_weight(walked);
        let items = Self::find_many(conn, caller, part.items.clone()).await?;
        Ok(part.of_read(items, |item| item.id))
    }

    async fn count(
        mut conn: &Connection,
        caller: &Caller,
        filter: CommentFilter,
        narrowing: Narrowing,
    ) -> QueryResult<i64> {
        let query = narrowed(caller, filter, narrowing.since);
        query
            .select(diesel::dsl::count_star())
            .first(&mut conn)
            .await
    }

    async fn insert(&self, conn: &mut Connection, _: &Author) -> QueryResult<()> {
        diesel::insert_into(action_plan_comments::table)
            .values(Row::from(self))
            .execute(conn)
            .await
            .map(drop)
    }

    async fn update(&self, conn: &mut Connection, _: &Self, _: &Author) -> QueryResult<()> {
        diesel::update(action_plan_comments::table.find(self.id))
            .set(Row::from(self))
            .execute(conn)
            .await
            .map(drop)
    }

    async fn delete(conn: &mut Connection, id: &CommentId) -> QueryResult<()> {
        diesel::delete(action_plan_comments::table.find(id))
            .execute(conn)
            .await
            .map(drop)
    }
}

impl Comment {
    /// Finds its place in the plan as its author sees it.
    fn place(&mut self, known: &Known, faults: &mut Faults) {
        let Some(pointer) = &self.pointer else {
            faults.push(Fault::at("/pointer", Rule::Required).against("/reply_to"));
            return;
        };
        let Some(plan) = known.get::<ActionPlan>(&self.plan) else {
            return;
        };
        if plan.is_public_copy {
            // It is refused as a whole.
            return;
        }
        let document = serde_json::to_value(plan).unwrap_or_default();
        let is_partner = self
            .city
            .as_ref()
            .is_some_and(|city| !plan.proponents.contains(city));
        match path_of(&document, pointer) {
            // Partners do not see every source.
            Some(path) if !(is_partner && is_in_sources(&path)) => {
                self.path = path;
                self.made_at = MadeAt {
                    version: plan.version,
                    pointer: pointer.clone(),
                };
            }
            _ => {
                let fault = Fault::at("/pointer", Rule::NothingThere);
                faults.push(fault.with("version", plan.version));
            }
        }
    }
}

/// Whether a path leads to an entry of the sources of the plan or of an activity; `is_of_sources` says the same in SQL.
fn is_in_sources(path: &str) -> bool {
    matches!(
        path.split('/').collect::<Vec<_>>().as_slice(),
        ["", "inputs", "sources", _, ..] | ["", "activities", _, "sources", _, ..]
    )
}
