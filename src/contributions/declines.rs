//! Declines that end without being taken back one by one: with the plan, with the lesson, or because the plan has adopted
//! the lesson or has moved away from it. The feed tells each of them, and whose doing it was.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::db::Connection;
use crate::events::{Author, Event, Happening, Patch, record_all};
use crate::ids::{CityId, ContributionId, PlanId};
use crate::policy::Thing;
use crate::problem::Problem;
use crate::schema::contribution_declines as declines;

/// Which declines end.
pub enum Ending {
    /// All that the plan said.
    OfPlan(PlanId),
    /// What the plan said of these lessons.
    OfPlanOn(PlanId, Vec<ContributionId>),
    /// What all plans said of the lesson.
    On(ContributionId),
}

/// Removes them; answers the events, recorded.
pub async fn end_declines(
    conn: &mut Connection,
    author: &Author,
    ending: Ending,
) -> Result<Vec<Event>, Problem> {
    let all = diesel::delete(declines::table).into_boxed::<Pg>();
    let ended = match ending {
        Ending::OfPlan(plan) => all.filter(declines::plan.eq(plan)),
        Ending::On(lesson) => all.filter(declines::contribution.eq(lesson)),
        Ending::OfPlanOn(plan, lessons) => all
            .filter(declines::plan.eq(plan))
            .filter(declines::contribution.eq_any(lessons)),
    };
    let columns = (
        declines::contribution,
        declines::plan,
        declines::version,
        declines::cities,
    );
    let ended: Vec<(ContributionId, PlanId, i64, Vec<CityId>)> =
        ended.returning(columns).get_results(conn).await?;
    let nothing = Patch::to::<()>(None).map_err(Problem::unwritten)?;
    let events = ended
        .into_iter()
        .map(|(lesson, plan, version, mut cities)| {
            cities.sort_unstable();
            Event::new(
                author,
                Thing::Decline,
                format!("{lesson}/{plan}"),
                Happening::Deleted,
                version + 1,
                cities,
                nothing.clone(),
            )
        });
    let events: Vec<Event> = events.collect();
    record_all(conn, &events, &[]).await?;
    Ok(events)
}
