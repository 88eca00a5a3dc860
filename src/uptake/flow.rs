//! The way from lessons to activities in one pairing: what its cities said, visited and shared, and what became of it in
//! its plans. All of it as far as the caller sees it.

use std::collections::{BTreeMap, HashMap};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Array, Jsonb, Nullable, Text as SqlText};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use utoipa::ToSchema;

use super::uses::{SourceUse, use_of};
use crate::action_plans::db::read_by;
use crate::action_plans::types::{PlanStatus, SourceType};
use crate::auth::Caller;
use crate::column::words;
use crate::contributions::db::visible_to as contributions_visible_to;
use crate::db::Connection;
use crate::ids::{CityId, ContributionId, KnowledgeId, PairingId, PlanId, TourId};
use crate::knowledge::db::visible_to as knowledge_visible_to;
use crate::policy::{Relation, Role};
use crate::schema::{
    action_plan_readers, action_plan_sources, action_plan_versions, action_plans,
    contribution_declines as declines, contributions, knowledge, pairing_cities, tours,
};
use crate::text::{Text, Title};

words! {
    /// What became of a lesson in the plans of a pairing.
    Uptake {
        /// A plan that was not withdrawn, or one of its activities that was not dropped, names it as a source.
        Adopted = "adopted",
        /// No plan adopts it or says why not.
        Pending = "pending",
        /// No plan adopts it, and at least one has said why not.
        Declined = "declined",
    }
}

/// The whole way from the lessons of a pairing to the activities of its plans.
#[derive(Serialize, ToSchema)]
pub struct PairingFlow {
    /// The pairing.
    pub pairing: PairingId,
    /// The contributions of its cities, its tours and knowledge items, and whatever else its plans name; by type,
    /// newest first.
    #[schema(max_items = 100_000)]
    pub lessons: Vec<Lesson>,
    /// Its plans, newest first.
    #[schema(max_items = 100_000)]
    pub plans: Vec<FlowPlan>,
}

/// A lesson, and what became of it.
#[derive(Serialize, ToSchema)]
pub struct Lesson {
    /// What it is.
    pub source: LessonSource,
    /// What became of it.
    pub uptake: Uptake,
    /// Where the pairing's plans name it.
    #[schema(max_items = 10_000)]
    pub uses: Vec<SourceUse>,
    /// The pairing's plans that do not adopt it, with their reasons; as in `/contributions/{id}/declines`.
    #[schema(max_items = 10_000)]
    pub declines: Vec<DeclinedBy>,
}

/// What a lesson is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
pub struct LessonSource {
    /// What kind of thing.
    pub r#type: SourceType,
    /// Its id.
    #[schema(
        max_length = 80,
        pattern = "^[a-z0-9-]+$",
        example = "exchange-meeting-3"
    )]
    pub id: String,
}

/// A plan that does not adopt a lesson.
#[derive(Serialize, ToSchema)]
pub struct DeclinedBy {
    /// The plan.
    pub plan: PlanId,
    /// Why not.
    pub reason: Text,
}

/// A plan of the pairing.
#[derive(Serialize, ToSchema)]
pub struct FlowPlan {
    /// The plan.
    pub plan: PlanId,
    /// Its title; null while it has none.
    pub title: Option<Title>,
    /// Whose plan it is.
    #[schema(max_items = 20)]
    pub proponents: Vec<CityId>,
    /// Where it stands, as you see it.
    pub status: PlanStatus,
    /// The version that you see.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub version: i64,
    /// The keys of the activities that were given up.
    #[serde(skip)]
    pub dropped: Vec<String>,
}

/// The flow of a pairing, as `caller` sees it.
pub async fn flow(
    conn: &Connection,
    caller: &Caller,
    pairing: PairingId,
) -> QueryResult<PairingFlow> {
    let plans = plans_of(conn, caller, &pairing).await?;
    let cited = citations_of(conn, &plans).await?;
    let mut lessons: BTreeMap<LessonSource, Lesson> = BTreeMap::new();
    for source in sources_of(conn, caller, &pairing, &cited).await? {
        lessons.insert(source.clone(), lesson(source));
    }
    let own = |plan: &PlanId| {
        let plan = plans.iter().find(|it| it.plan == *plan);
        plan.is_some_and(|plan| {
            caller.role == Role::Admin
                || caller.relation_to_cities(plan.proponents.iter()) == Relation::Own
        })
    };
    for (source, used) in cited {
        match lessons.get_mut(&source) {
            Some(lesson) => lesson.uses.push(used),
            // What a city's own plan names, it sees there, whether or not it still sees the thing itself.
            None if own(&used.plan) => {
                let mut lesson = lesson(source.clone());
                lesson.uses.push(used);
                lessons.insert(source, lesson);
            }
            None => {}
        }
    }
    for (contribution, declined) in declines_of(conn, caller, &plans).await? {
        let source = LessonSource {
            r#type: SourceType::Contribution,
            id: contribution.to_string(),
        };
        if let Some(lesson) = lessons.get_mut(&source) {
            lesson.declines.push(declined);
        }
    }
    let mut lessons: Vec<Lesson> = lessons.into_values().rev().collect();
    for lesson in &mut lessons {
        let is_adopted = lesson.uses.iter().any(|used| adopts(&plans, used));
        lesson.uptake = match (is_adopted, lesson.declines.is_empty()) {
            (true, _) => Uptake::Adopted,
            (false, false) => Uptake::Declined,
            (false, true) => Uptake::Pending,
        };
    }
    Ok(PairingFlow {
        pairing,
        lessons,
        plans,
    })
}

/// Whether who names a lesson there adopts it; as `ActionPlan::adopts`.
fn adopts(plans: &[FlowPlan], used: &SourceUse) -> bool {
    let plan = plans.iter().find(|plan| plan.plan == used.plan);
    let is_dropped = |plan: &FlowPlan| {
        let activity = used.activity.as_ref();
        activity.is_some_and(|key| plan.dropped.contains(&key.0))
    };
    plan.is_some_and(|plan| plan.status != PlanStatus::Withdrawn && !is_dropped(plan))
}

fn lesson(source: LessonSource) -> Lesson {
    Lesson {
        source,
        uptake: Uptake::Pending,
        uses: Vec::new(),
        declines: Vec::new(),
    }
}

async fn plans_of(
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
async fn citations_of(
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
async fn sources_of(
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

/// What the plans decline: all of it for admins, for others that of their own plans and of their own lessons.
async fn declines_of(
    mut conn: &Connection,
    caller: &Caller,
    plans: &[FlowPlan],
) -> QueryResult<Vec<(ContributionId, DeclinedBy)>> {
    if caller.role != Role::Admin && caller.city.is_none() {
        return Ok(Vec::new());
    }
    let own: Vec<PlanId> = plans
        .iter()
        .filter(|plan| {
            caller.role == Role::Admin
                || caller.relation_to_cities(plan.proponents.iter()) == Relation::Own
        })
        .map(|plan| plan.plan)
        .collect();
    let all: Vec<PlanId> = plans.iter().map(|plan| plan.plan).collect();
    let mut query = declines::table
        .inner_join(contributions::table.on(contributions::id.eq(declines::contribution)))
        .filter(declines::plan.eq_any(all))
        .order((declines::at.desc(), declines::plan))
        .select((declines::contribution, declines::plan, declines::reason))
        .into_boxed();
    if let Some(city) = &caller.city {
        query = query.filter(declines::plan.eq_any(own).or(contributions::city.eq(city)));
    }
    let rows: Vec<(ContributionId, PlanId, Text)> = query.load(&mut conn).await?;
    let declined = |(lesson, plan, reason)| (lesson, DeclinedBy { plan, reason });
    Ok(rows.into_iter().map(declined).collect())
}
