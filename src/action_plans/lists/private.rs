//! What a plan names that a reader of it may not see, sources and the plan that it revises: it is left out of what that
//! reader gets.
//!
//! Proponents and admins get the plan as it is written. To everybody else, a contribution or knowledge item that is not
//! shared with them shows neither by its id nor by what the plan says of it; of a revised plan that they do not see, what
//! this one says of it stays, without its id.

use std::collections::HashSet;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;

use super::readers;
use crate::action_plans::types::{ActionPlan, SourceType};
use crate::auth::Caller;
use crate::column::JsonText;
use crate::contributions::types::Contribution;
use crate::db::Connection;
use crate::ids::{ContributionId, KnowledgeId, PlanId};
use crate::knowledge::types::KnowledgeItem;
use crate::policy::{Relation, Role};
use crate::query::Sight;
use crate::resource::{Resource, digest_of};
use crate::schema::action_plan_readers;

/// Whether the version of a plan in the row at hand names a lesson, or a plan, that not everybody sees. Its columns are `$plan` and
/// `$version`.
macro_rules! cites_private {
    ($plan:literal, $version:literal) => {
        concat!(
            "(EXISTS (SELECT FROM action_plan_sources AS cited \
             LEFT JOIN contributions AS answer ON answer.id = cited.contribution \
             LEFT JOIN knowledge AS item ON item.id = cited.knowledge \
             WHERE cited.plan = ",
            $plan,
            " AND cited.version = ",
            $version,
            " AND (answer.visibility <> 'public' OR item.status <> 'published')) \
             OR EXISTS (SELECT FROM action_plan_revisions AS revision WHERE revision.plan = ",
            $plan,
            " AND revision.version = ",
            $version,
            " AND NOT EXISTS (SELECT FROM action_plan_readers AS open \
                WHERE open.plan = revision.revised AND open.reader = '*')))"
        )
    };
}
pub(super) use cites_private;

/// As [`cites_private!`], of the version that a row of `action_plan_readers` stands for.
pub(super) fn reader_cites_private() -> Sight {
    Sight::of(cites_private!(
        "action_plan_readers.plan",
        "action_plan_readers.version"
    ))
}

/// Sources by type and id.
pub type Sources = HashSet<(SourceType, String)>;

/// What a plan names that the reader it was read for does not see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hidden {
    sources: Sources,
    revised: bool,
}

impl Hidden {
    /// Stands for it in the ETag of what is left.
    pub fn digest(&self) -> u64 {
        let ids = self.sources.iter().map(|(kind, id)| format!("{kind}:{id}"));
        let mut parts: Vec<String> = ids.collect();
        parts.sort_unstable();
        parts.extend(self.revised.then(|| "revised".to_owned()));
        digest_of(parts.iter().map(String::as_str))
    }
}

/// What a plan names that `caller` does not see.
pub(super) async fn hidden_in(
    conn: &Connection,
    caller: &Caller,
    plan: &ActionPlan,
) -> QueryResult<Hidden> {
    let cited = plan.citations().into_iter();
    let cited = cited.map(|(_, kind, id)| (kind, id.to_owned()));
    let revised = plan.revises.as_ref().and_then(|it| it.plan);
    let seen = plans_seen(conn, caller, revised.into_iter().collect()).await?;
    Ok(Hidden {
        sources: hidden_among(conn, caller, cited.collect()).await?,
        revised: revised.is_some_and(|plan| !seen.contains(&plan)),
    })
}

/// Those of the plans that `caller`, who is no admin, sees.
async fn plans_seen(
    mut conn: &Connection,
    caller: &Caller,
    plans: Vec<PlanId>,
) -> QueryResult<HashSet<PlanId>> {
    if plans.is_empty() {
        return Ok(HashSet::new());
    }
    let seen: Vec<PlanId> = action_plan_readers::table
        .filter(action_plan_readers::plan.eq_any(plans))
        .filter(action_plan_readers::reader.eq_any(readers(caller)))
        .select(action_plan_readers::plan)
        .load(&mut conn)
        .await?;
    Ok(seen.into_iter().collect())
}

/// Those among `cited` that `caller` does not see.
async fn hidden_among(conn: &Connection, caller: &Caller, cited: Sources) -> QueryResult<Sources> {
    let mut contributions: Vec<ContributionId> = Vec::new();
    let mut items: Vec<KnowledgeId> = Vec::new();
    let mut hidden = Sources::new();
    for (kind, id) in cited {
        match kind {
            SourceType::Contribution => contributions.extend(id.parse::<ContributionId>()),
            SourceType::Knowledge => items.extend(id.parse::<KnowledgeId>()),
            // Everybody sees them.
            SourceType::Meeting | SourceType::Tour => continue,
        }
        hidden.insert((kind, id));
    }
    let (contributions, items) = futures_util::try_join!(
        Contribution::find_many(conn, caller, contributions),
        KnowledgeItem::find_many(conn, caller, items)
    )?;
    for seen in contributions {
        hidden.remove(&(SourceType::Contribution, seen.id.to_string()));
    }
    for seen in items {
        hidden.remove(&(SourceType::Knowledge, seen.id.to_string()));
    }
    Ok(hidden)
}

/// Takes what is hidden out of a plan.
pub fn take_out(hidden: &Hidden, plan: &mut ActionPlan) {
    let of_inputs = plan.inputs.iter_mut().map(|part| &mut part.sources);
    let of_activities = plan.activities.iter_mut().map(|part| &mut part.sources);
    for sources in of_inputs.chain(of_activities) {
        sources.retain(|source| !hidden.sources.contains(&(source.r#type, source.id.clone())));
    }
    if let Some(revises) = plan.revises.as_mut().filter(|_| hidden.revised) {
        revises.plan = None;
    }
}

/// Whether one who stands so to a plan reads all its sources.
pub fn sees_all_sources(caller: &Caller, relation: Relation) -> bool {
    caller.role == Role::Admin || relation == Relation::Own
}

/// Leaves out of the documents what `caller` does not see; answers what that was, of each.
pub async fn without_hidden(
    conn: &Connection,
    caller: &Caller,
    documents: &mut [Value],
) -> QueryResult<Vec<Hidden>> {
    let mut cited = HashSet::new();
    for document in documents.iter_mut() {
        each_list(document, |sources| {
            cited.extend(sources.iter().filter_map(source_of))
        });
    }
    let revised = documents.iter().filter_map(revised_by).collect();
    let hidden = hidden_among(conn, caller, cited).await?;
    let seen = plans_seen(conn, caller, revised).await?;
    let mut left_out = Vec::with_capacity(documents.len());
    for document in documents {
        let mut gone = Sources::new();
        each_list(document, |sources| {
            sources.retain(|source| match source_of(source) {
                Some(source) if hidden.contains(&source) => {
                    gone.insert(source);
                    false
                }
                _ => true,
            });
        });
        let unseen = revised_by(document).is_some_and(|plan| !seen.contains(&plan));
        if let Some(plan) = document.pointer_mut("/revises/plan").filter(|_| unseen) {
            *plan = Value::Null;
        }
        left_out.push(Hidden {
            sources: gone,
            revised: unseen,
        });
    }
    Ok(left_out)
}

/// As [`without_hidden`], of stored texts.
pub async fn texts_without_hidden(
    conn: &Connection,
    caller: &Caller,
    texts: Vec<&mut JsonText>,
) -> QueryResult<Vec<Hidden>> {
    let unfit =
        |error: serde_json::Error| diesel::result::Error::DeserializationError(error.into());
    let mut documents = Vec::with_capacity(texts.len());
    for text in &texts {
        documents.push(serde_json::from_str(&text.0).map_err(unfit)?);
    }
    let hidden = without_hidden(conn, caller, &mut documents).await?;
    for (text, document) in texts.into_iter().zip(documents) {
        text.0 = document.to_string().into();
    }
    Ok(hidden)
}

/// The plan that a document says it revises.
fn revised_by(document: &Value) -> Option<PlanId> {
    document.pointer("/revises/plan")?.as_str()?.parse().ok()
}

/// Each list of sources in a document.
fn each_list(document: &mut Value, mut what: impl FnMut(&mut Vec<Value>)) {
    if let Some(Value::Array(sources)) = document.pointer_mut("/inputs/sources") {
        what(sources);
    }
    if let Some(Value::Array(activities)) = document.get_mut("activities") {
        for activity in activities {
            if let Some(Value::Array(sources)) = activity.get_mut("sources") {
                what(sources);
            }
        }
    }
}

fn source_of(source: &Value) -> Option<(SourceType, String)> {
    let kind = source.get("type")?.as_str()?.parse().ok()?;
    Some((kind, source.get("id")?.as_str()?.to_owned()))
}
