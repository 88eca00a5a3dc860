//! What the flow of a pairing is made of, read as far as the caller sees it: plans, what they name, lessons, declines.

use std::collections::HashMap;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Array, Jsonb, Nullable, Text as SqlText};
use diesel_async::RunQueryDsl;

use super::{DeclinedBy, FlowPlan, LessonSource};
use crate::action_plans::db::read_by;
use crate::action_plans::types::{PlanStatus, SourceType};
use crate::auth::Caller;
use crate::contributions::db::visible_to as contributions_visible_to;
use crate::db::Connection;
use crate::ids::{CityId, ContributionId, KnowledgeId, PairingId, PlanId, TourId};
use crate::knowledge::db::visible_to as knowledge_visible_to;
use crate::policy::Role;
use crate::schema::{
    action_plan_readers, action_plan_sources, action_plan_versions, action_plans,
    contribution_declines as declines, contributions, knowledge, pairing_cities, tours,
};
use crate::text::{Text, Title};
use crate::uptake::db::visible_to as declines_visible_to;
use crate::uptake::uses::{SourceUse, use_of};

pub(super) async fn plans_of(
    mut conn: &Connection,
    caller: &Caller,
    pairing: &PairingId,
) -> QueryResult<Vec<FlowPlan>> {
    type Row = (PlanId, Vec<CityId>, PlanStatus, i64);
    let rows: Vec<Row> = if caller.role == Role::Admin {
        action_plans::table
            .filter(action_plans::pairing.eq(pairing))
            .order((action_plans::updated_at.desc(), action_plans::id.desc()))
            .select((
                action_plans::id,
                action_plans::proponents,
                action_plans::status,
                action_plans::version,
            ))
            .load(&mut conn)
            .await?
    } else {
        action_plan_readers::table
            .filter(action_plan_readers::pairing.eq(pairing))
            .filter(read_by(caller))
            .order((
                action_plan_readers::updated_at.desc(),
                action_plan_readers::plan.desc(),
            ))
            .select((
                action_plan_readers::plan,
                action_plan_readers::proponents,
                action_plan_readers::status,
                action_plan_readers::version,
            ))
            .load(&mut conn)
            .await?
    };
    let (ids, numbers) = rows.iter().map(|row| (row.0, row.3)).unzip();
    let mut said = said_in(conn, ids, numbers).await?;
    let plan = |(plan, proponents, status, version)| {
        let (title, dropped) = said.remove(&(plan, version)).unwrap_or_default();
        FlowPlan {
            plan,
            title,
            proponents,
            status,
            version,
            dropped,
        }
    };
    Ok(rows.into_iter().map(plan).collect())
}

/// The title of a version, and the keys of the activities that it has dropped.
type Said = (Option<Title>, Vec<String>);

/// What is said in these versions of these plans, and maybe in others of them.
async fn said_in(
    mut conn: &Connection,
    plans: Vec<PlanId>,
    numbers: Vec<i64>,
) -> QueryResult<HashMap<(PlanId, i64), Said>> {
    const TITLE: &str = "nullif((document -> 'title')::jsonb, 'null')";
    const DROPPED: &str = "ARRAY(SELECT part ->> 'key' FROM json_array_elements(document -> 'activities') AS part \
        WHERE part ->> 'status' = 'dropped')";
    let rows: Vec<(PlanId, i64, Option<Title>, Vec<String>)> = action_plan_versions::table
        .filter(action_plan_versions::plan.eq_any(plans))
        .filter(action_plan_versions::version.eq_any(numbers))
        .select((
            action_plan_versions::plan,
            action_plan_versions::version,
            sql::<Nullable<Jsonb>>(TITLE),
            sql::<Array<SqlText>>(DROPPED),
        ))
        .load(&mut conn)
        .await?;
    let said = rows
        .into_iter()
        .map(|(plan, version, title, dropped)| ((plan, version), (title, dropped)));
    Ok(said.collect())
}

/// What the plans name, each in the version that is seen.
pub(super) async fn citations_of(
    mut conn: &Connection,
    plans: &[FlowPlan],
) -> QueryResult<Vec<(LessonSource, SourceUse)>> {
    let seen: HashMap<PlanId, &FlowPlan> = plans.iter().map(|plan| (plan.plan, plan)).collect();
    let ids: Vec<PlanId> = plans.iter().map(|plan| plan.plan).collect();
    let rows: Vec<(PlanId, i64, String, SourceType, String)> = action_plan_sources::table
        .filter(action_plan_sources::plan.eq_any(ids))
        .order((
            action_plan_sources::plan,
            action_plan_sources::version,
            action_plan_sources::activity,
        ))
        .select((
            action_plan_sources::plan,
            action_plan_sources::version,
            action_plan_sources::activity,
            action_plan_sources::type_,
            action_plan_sources::source,
        ))
        .load(&mut conn)
        .await?;
    let cited = rows
        .into_iter()
        .filter_map(|(id, version, activity, kind, source)| {
            let plan = seen.get(&id).filter(|plan| plan.version == version)?;
            let source = LessonSource {
                r#type: kind,
                id: source,
            };
            Some((source, use_of((id, activity, plan.status, version))))
        });
    Ok(cited.collect())
}

/// The lessons of the pairing, and of what its plans name as much as the caller sees.
pub(super) async fn sources_of(
    mut conn: &Connection,
    caller: &Caller,
    pairing: &PairingId,
    cited: &[(LessonSource, SourceUse)],
) -> QueryResult<Vec<LessonSource>> {
    let of = |kind| {
        let cited = cited.iter().map(|(source, _)| source);
        cited.filter(move |source| source.r#type == kind)
    };
    let cities = pairing_cities::table
        .filter(pairing_cities::pairing.eq(pairing))
        .select(pairing_cities::city);
    let named: Vec<ContributionId> = of(SourceType::Contribution)
        .filter_map(|source| source.id.parse().ok())
        .collect();
    let mut said = contributions::table
        .filter(
            contributions::city
                .eq_any(cities)
                .or(contributions::id.eq_any(named)),
        )
        .select(contributions::id)
        .into_boxed();
    if let Some(sight) = contributions_visible_to(caller) {
        said = said.filter(sight);
    }
    let named: Vec<KnowledgeId> = of(SourceType::Knowledge)
        .filter_map(|source| source.id.parse().ok())
        .collect();
    let of_tours = tours::table
        .filter(tours::pairing.eq(pairing))
        .select(tours::id.nullable());
    let mut shared = knowledge::table
        .filter(
            knowledge::pairing
                .eq(pairing)
                .or(knowledge::tour.eq_any(of_tours))
                .or(knowledge::id.eq_any(named)),
        )
        .select(knowledge::id)
        .into_boxed();
    if let Some(sight) = knowledge_visible_to(caller) {
        shared = shared.filter(sight);
    }
    let visited = tours::table
        .filter(tours::pairing.eq(pairing))
        .select(tours::id);
    let said: Vec<ContributionId> = said.load(&mut conn).await?;
    let shared: Vec<KnowledgeId> = shared.load(&mut conn).await?;
    let visited: Vec<TourId> = visited.load(&mut conn).await?;
    let source = |kind, id: String| LessonSource { r#type: kind, id };
    let mut sources: Vec<LessonSource> = said
        .iter()
        .map(|id| source(SourceType::Contribution, id.to_string()))
        .chain(
            shared
                .iter()
                .map(|id| source(SourceType::Knowledge, id.to_string())),
        )
        .chain(
            visited
                .iter()
                .map(|id| source(SourceType::Tour, id.to_string())),
        )
        .collect();
    // Everybody sees meetings and tours, also those of others.
    sources.extend(of(SourceType::Meeting).chain(of(SourceType::Tour)).cloned());
    Ok(sources)
}

/// What the plans of the pairing decline, as far as `caller` hears it: also by a draft that the city whose lesson it is does
/// not see otherwise.
pub(super) async fn declines_of(
    mut conn: &Connection,
    caller: &Caller,
    pairing: &PairingId,
) -> QueryResult<Vec<(ContributionId, DeclinedBy)>> {
    let mut query = declines::table
        .inner_join(contributions::table.on(contributions::id.eq(declines::contribution)))
        .inner_join(action_plans::table.on(action_plans::id.eq(declines::plan)))
        .filter(action_plans::pairing.eq(pairing))
        .order((declines::at.desc(), declines::plan))
        .select((declines::contribution, declines::plan, declines::reason))
        .into_boxed();
    if let Some(heard) = declines_visible_to(caller) {
        query = query.filter(heard);
    }
    let rows: Vec<(ContributionId, PlanId, Text)> = query.load(&mut conn).await?;
    let declined = |(lesson, plan, reason)| (lesson, DeclinedBy { plan, reason });
    Ok(rows.into_iter().map(declined).collect())
}
