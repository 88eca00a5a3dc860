//! The way from lessons to activities in one pairing: what its cities said, visited and shared, and what became of it in
//! its plans. All of it as far as the caller sees it.

mod read;

use std::collections::BTreeMap;

use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use self::read::{citations_of, declines_of, plans_of, sources_of};
use super::along::{FlowInclude, along};
use super::uses::SourceUse;
use crate::action_plans::types::{PlanStatus, SourceType};
use crate::auth::Caller;
use crate::column::words;
use crate::db::Connection;
use crate::ids::{CityId, PairingId, PlanId};
use crate::pairings::types::Pairing;
use crate::policy::{Relation, Role};
use crate::resource::{Included, Resource};
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
    /// What `include` asks for, once each: by kind and id.
    #[schema(value_type = Object, nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub included: Option<Included>,
    /// The cities of the pairing.
    #[serde(skip)]
    pub cities: Vec<CityId>,
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
    /// The pairing's plans that do not adopt it, with their reasons; as far as in `/contributions/{id}/declines`.
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

/// The flow of a pairing, as `caller` sees it, with what is to be answered along.
pub async fn flow(
    conn: &Connection,
    caller: &Caller,
    of: &Pairing,
    include: &[FlowInclude],
) -> QueryResult<PairingFlow> {
    let pairing = of.id.clone();
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
    for (contribution, declined) in declines_of(conn, caller, &pairing).await? {
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
    let mut flow = PairingFlow {
        pairing,
        lessons,
        plans,
        included: None,
        cities: of.cities(),
    };
    flow.included = along(conn, caller, &flow, include).await?;
    Ok(flow)
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
