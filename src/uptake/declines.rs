//! Declined lessons: what a plan does not adopt, and why. One word of each plan on each contribution; saying it again
//! replaces it. The plan stands locked meanwhile, so that it cannot come to cite what it declines.

use actix_web::http::StatusCode;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;

use super::rules::{is_source_of, no_lesson};
use super::types::{Decline, DeclineRequest};
use crate::action_plans::types::ActionPlan;
use crate::auth::Caller;
use crate::contributions::types::Contribution;
use crate::db::Connection;
use crate::events::{Event, Happening, record};
use crate::ids::{CityId, ContributionId, PlanId};
use crate::messages::word;
use crate::policy::{Action, Relation, Role, Thing};
use crate::problem::{Code, Fault, Problem, Rule, meaning_of};
use crate::query::{Key, Sight};
use crate::resource::Resource;
use crate::schema::{contribution_declines as declines, pairing_cities};
use crate::write::{Deed, Doing, Done};

/// A plan's proponents say that it does not adopt a lesson.
pub struct DeclineLesson;

impl Deed for DeclineLesson {
    type To = Contribution;
    type Body = DeclineRequest;

    const ACTION: Action = Action::Create;
    const THING: Thing = Thing::Decline;

    async fn relation(
        conn: &mut Connection,
        doing: &Doing<'_>,
        _: &Contribution,
        body: &DeclineRequest,
    ) -> Result<Relation, Problem> {
        let plan = plan_of(conn, doing.caller(), body).await?;
        Ok(plan.relation(doing.caller()))
    }

    async fn run(
        conn: &mut Connection,
        doing: &Doing<'_>,
        lesson: Contribution,
        body: DeclineRequest,
    ) -> Result<Done, Problem> {
        let plan = plan_of(conn, doing.caller(), &body).await?;
        let cities = cities_of(conn, &plan).await?;
        if let Some(fault) = no_lesson(&lesson, &cities) {
            return Err(Problem::fault(fault));
        }
        if is_source_of(lesson.id, &plan) {
            return Err(Problem::new(Code::CitedAsSource));
        }
        let before = find(conn, lesson.id, plan.id).await?;
        if let Some((before, _)) = before.as_ref().filter(|(it, _)| it.reason == body.reason) {
            return Done::other(StatusCode::OK, before, None);
        }
        let version = before.as_ref().map_or(1, |(_, version)| version + 1);
        let decline = Decline {
            plan: plan.id,
            reason: body.reason,
            by: doing.author.by,
            at: doing.author.at,
        };
        put(conn, lesson.id, &decline, version)
            .await
            .map_err(|error| meaning_of(error.into(), Thing::Decline))?;
        let event = event_of(
            doing,
            &lesson,
            &plan,
            before.map(|(it, _)| it),
            &decline,
            version,
        );
        record(conn, &event).await?;
        if version > 1 {
            return Done::other(StatusCode::OK, &decline, Some(event));
        }
        let path = format!("/v1{}/{}/declines", Contribution::PATH, lesson.id);
        let made = Done::other(StatusCode::CREATED, &decline, Some(event))?;
        Ok(made.at(doing.ask.app.url(&path)))
    }
}

/// The cities of the plan's pairing.
async fn cities_of(conn: &mut Connection, plan: &ActionPlan) -> QueryResult<Vec<CityId>> {
    pairing_cities::table
        .filter(pairing_cities::pairing.eq(&plan.pairing))
        .select(pairing_cities::city)
        .load(conn)
        .await
}

/// The plan that the body names, if the caller may know of it.
async fn plan_of(
    conn: &mut Connection,
    caller: &Caller,
    body: &DeclineRequest,
) -> Result<ActionPlan, Problem> {
    ActionPlan::lock(conn, caller, &body.plan)
        .await?
        .ok_or_else(|| {
            let fault = Fault::at("/plan", Rule::UnknownReference).with("id", body.plan);
            Problem::fault(fault.with_word("kind", word("thing", Thing::ActionPlan)))
        })
}

/// It is told to the city whose lesson it is, and to the plan's proponents.
fn event_of(
    doing: &Doing<'_>,
    lesson: &Contribution,
    plan: &ActionPlan,
    before: Option<Decline>,
    after: &Decline,
    version: i64,
) -> Event {
    let json = |decline: Option<&Decline>| {
        decline.map_or(Value::Null, |decline| {
            serde_json::to_value(decline).unwrap_or_default()
        })
    };
    let change = json_patch::diff(&json(before.as_ref()), &json(Some(after)));
    let happening = match before {
        None => Happening::Created,
        Some(_) => Happening::Updated,
    };
    let mut cities = plan.cities();
    cities.push(lesson.city.clone());
    cities.sort_unstable();
    cities.dedup();
    Event::new(
        doing.author,
        Thing::Decline,
        format!("{}/{}", lesson.id, plan.id),
        happening,
        version,
        cities,
        serde_json::to_value(change).unwrap_or_default(),
    )
}

async fn find(
    conn: &mut Connection,
    lesson: ContributionId,
    plan: PlanId,
) -> QueryResult<Option<(Decline, i64)>> {
    declines::table
        .find((lesson, plan))
        .select((Decline::as_select(), declines::version))
        .first(conn)
        .await
        .optional()
}

async fn put(
    conn: &mut Connection,
    lesson: ContributionId,
    decline: &Decline,
    version: i64,
) -> QueryResult<()> {
    let said = (
        declines::reason.eq(&decline.reason),
        declines::version.eq(version),
        declines::by.eq(decline.by),
        declines::at.eq(decline.at),
    );
    diesel::insert_into(declines::table)
        .values((
            declines::contribution.eq(lesson),
            declines::plan.eq(decline.plan),
            said,
        ))
        .on_conflict((declines::contribution, declines::plan))
        .do_update()
        .set(said)
        .execute(conn)
        .await
        .map(drop)
}

/// The plans that decline the lesson, newest first: all of them for the city whose lesson it is and for admins, for
/// others those that their city proposes.
pub async fn list(
    mut conn: &Connection,
    caller: &Caller,
    lesson: &Contribution,
) -> QueryResult<Vec<Decline>> {
    let mut query = declines::table
        .filter(declines::contribution.eq(lesson.id))
        .order((declines::at.desc(), declines::plan))
        .limit(1000)
        .select(Decline::as_select())
        .into_boxed();
    match (caller.role, &caller.city) {
        (Role::Admin, _) => {}
        (_, Some(city)) if *city == lesson.city => {}
        (_, Some(city)) => {
            let own = "contribution_declines.plan = ANY (ARRAY(SELECT proposed.plan \
                FROM action_plan_proponents AS proposed WHERE proposed.city = ?))";
            query = query.filter(Sight::by(own, Key::Text(city.to_string())));
        }
        (_, None) => return Ok(Vec::new()),
    }
    query.load(&mut conn).await
}
