//! A plan that names a lesson as a source adopts it: it no longer declines it.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::types::{ActionPlan, SourceType};
use crate::db::Connection;
use crate::events::{Author, Event, Happening, Patch, record};
use crate::ids::{CityId, ContributionId};
use crate::policy::Thing;
use crate::problem::Problem;
use crate::schema::{contribution_declines as declines, contributions};

/// Takes back what the plan said of lessons that it has come to adopt; answers the events, recorded.
pub async fn take_back_declines(
    conn: &mut Connection,
    author: &Author,
    before: Option<&ActionPlan>,
    after: &ActionPlan,
) -> Result<Vec<Event>, Problem> {
    let known = before.map(lessons_of).unwrap_or_default();
    let mut adopted = lessons_of(after);
    adopted.retain(|lesson| !known.contains(lesson));
    if adopted.is_empty() {
        return Ok(Vec::new());
    }
    let taken_back: Vec<(ContributionId, i64)> = diesel::delete(declines::table)
        .filter(declines::plan.eq(after.id))
        .filter(declines::contribution.eq_any(&adopted))
        .returning((declines::contribution, declines::version))
        .get_results(conn)
        .await?;
    let mut events = Vec::with_capacity(taken_back.len());
    for (lesson, version) in taken_back {
        let city: CityId = contributions::table
            .find(lesson)
            .select(contributions::city)
            .first(conn)
            .await?;
        let mut cities = after.proponents.clone();
        cities.push(city);
        cities.sort_unstable();
        cities.dedup();
        let event = Event::new(
            author,
            Thing::Decline,
            format!("{lesson}/{}", after.id),
            Happening::Deleted,
            version + 1,
            cities,
            Patch::to::<ActionPlan>(None).map_err(Problem::unwritten)?,
        );
        record(conn, &event).await?;
        events.push(event);
    }
    Ok(events)
}

fn lessons_of(plan: &ActionPlan) -> Vec<ContributionId> {
    let adopted = plan.adopts().into_iter();
    let adopted = adopted.filter(|(kind, _)| *kind == SourceType::Contribution);
    adopted.filter_map(|(_, id)| id.parse().ok()).collect()
}
