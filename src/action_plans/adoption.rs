//! What a change of a plan does to what the plan has declined: a plan that names a lesson as a source adopts it, and one
//! that moves to another pairing, or to other proponents, has left some lessons behind.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::types::{ActionPlan, SourceType};
use crate::contributions::db::{Ending, end_declines};
use crate::db::Connection;
use crate::events::{Author, Event};
use crate::ids::{CityId, ContributionId};
use crate::pairings::db::paired;
use crate::problem::Problem;
use crate::schema::{contribution_declines as declines, contributions};

/// Takes back what the plan said of lessons that it has come to adopt, or that are none of its any more; answers the
/// events, recorded.
pub async fn take_back_declines(
    conn: &mut Connection,
    author: &Author,
    before: &ActionPlan,
    after: &ActionPlan,
) -> Result<Vec<Event>, Problem> {
    let known = lessons_of(before);
    let mut ended = lessons_of(after);
    ended.retain(|lesson| !known.contains(lesson));
    if before.pairing != after.pairing || before.proponents != after.proponents {
        ended.extend(left_behind(conn, after).await?);
    }
    if ended.is_empty() {
        return Ok(Vec::new());
    }
    end_declines(conn, author, Ending::OfPlanOn(after.id, ended)).await
}

/// The lessons that the plan has declined and could not decline as it is now.
async fn left_behind(conn: &mut Connection, plan: &ActionPlan) -> QueryResult<Vec<ContributionId>> {
    let declined: Vec<(ContributionId, CityId)> = declines::table
        .inner_join(contributions::table.on(contributions::id.eq(declines::contribution)))
        .filter(declines::plan.eq(plan.id))
        .select((contributions::id, contributions::city))
        .load(conn)
        .await?;
    if declined.is_empty() {
        return Ok(Vec::new());
    }
    let cities = paired(conn, &plan.pairing).await?;
    let left = declined
        .into_iter()
        .filter(|(_, city)| plan.no_lesson_of(city, &cities).is_some());
    Ok(left.map(|(lesson, _)| lesson).collect())
}

fn lessons_of(plan: &ActionPlan) -> Vec<ContributionId> {
    let adopted = plan.adopts().into_iter();
    let adopted = adopted.filter(|(kind, _)| *kind == SourceType::Contribution);
    adopted.filter_map(|(_, id)| id.parse().ok()).collect()
}
