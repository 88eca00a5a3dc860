//! What a plan refers to, read for its summary: in one round trip.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Names;
use crate::action_plans::types::ActionPlan;
use crate::db::Connection;
use crate::ids::{CityId, SubjectId};
use crate::pairings::types::Pairing;
use crate::schema::{cities, pairing_cities, pairing_subjects, pairings, sdgs, subjects};
use crate::text::Title;

/// The pairing of the plan, and what it and the things that the plan names are called.
pub async fn named(conn: &Connection, plan: &ActionPlan) -> QueryResult<Option<(Pairing, Names)>> {
    let (pairing, cities, subjects, goals) = futures_util::try_join!(
        pairing(conn, plan),
        cities(conn, plan),
        subjects(conn, plan),
        goals(conn)
    )?;
    let names = Names {
        cities: cities.into_iter().collect(),
        subjects: subjects.into_iter().collect(),
        goals: goals.into_iter().collect(),
    };
    Ok(pairing.map(|pairing| (pairing, names)))
}

async fn pairing(mut conn: &Connection, plan: &ActionPlan) -> QueryResult<Option<Pairing>> {
    let query = pairings::table.find(plan.pairing.clone());
    let query = query.select(Pairing::as_select());
    query.first(&mut conn).await.optional()
}

async fn cities(mut conn: &Connection, plan: &ActionPlan) -> QueryResult<Vec<(CityId, Title)>> {
    let with = plan.joint_actions.iter().flat_map(|part| &part.with);
    let named: Vec<CityId> = plan.proponents.iter().chain(with).cloned().collect();
    let members = pairing_cities::table
        .filter(pairing_cities::pairing.eq(plan.pairing.clone()))
        .select(pairing_cities::city);
    cities::table
        .filter(cities::id.eq_any(named).or(cities::id.eq_any(members)))
        .select((cities::id, cities::name))
        .load(&mut conn)
        .await
}

async fn subjects(
    mut conn: &Connection,
    plan: &ActionPlan,
) -> QueryResult<Vec<(SubjectId, Title)>> {
    let of_pairing = pairing_subjects::table
        .filter(pairing_subjects::pairing.eq(plan.pairing.clone()))
        .select(pairing_subjects::subject);
    subjects::table
        .filter(subjects::id.eq_any(of_pairing))
        .select((subjects::id, subjects::name))
        .load(&mut conn)
        .await
}

/// All seventeen.
async fn goals(mut conn: &Connection) -> QueryResult<Vec<(i32, Title)>> {
    let query = sdgs::table.select((sdgs::number, sdgs::title));
    query.load(&mut conn).await
}
