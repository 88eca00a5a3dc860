//! Sources that a reader of a plan may not see: they are left out of what that reader gets.
//!
//! Proponents and admins get the plan as it is written. To everybody else, a contribution or knowledge item that is not
//! shared with them shows neither by its id nor by what the plan says of it.

use std::collections::HashSet;

use diesel::QueryResult;
use serde_json::Value;

use crate::action_plans::types::{ActionPlan, SourceType};
use crate::auth::Caller;
use crate::column::JsonText;
use crate::contributions::types::Contribution;
use crate::db::Connection;
use crate::ids::{ContributionId, KnowledgeId};
use crate::knowledge::types::KnowledgeItem;
use crate::policy::{Relation, Role};
use crate::query::Sight;
use crate::resource::Resource;

/// Whether the version of a plan in the row at hand names a lesson that not everybody sees. Its columns are `$plan` and
/// `$version`.
macro_rules! cites_private {
    ($plan:literal, $version:literal) => {
        concat!(
            "EXISTS (SELECT FROM action_plan_sources AS cited \
             LEFT JOIN contributions AS answer ON answer.id = cited.contribution \
             LEFT JOIN knowledge AS item ON item.id = cited.knowledge \
             WHERE cited.plan = ",
            $plan,
            " AND cited.version = ",
            $version,
            " AND (answer.visibility <> 'public' OR item.status <> 'published'))"
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
type Sources = HashSet<(SourceType, String)>;

/// Those among `cited` that `caller` does not see.
pub(super) async fn hidden_among(
    conn: &Connection,
    caller: &Caller,
    cited: Sources,
) -> QueryResult<Sources> {
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
pub fn take_out(hidden: &Sources, plan: &mut ActionPlan) {
    let of_inputs = plan.inputs.iter_mut().map(|part| &mut part.sources);
    let of_activities = plan.activities.iter_mut().map(|part| &mut part.sources);
    for sources in of_inputs.chain(of_activities) {
        sources.retain(|source| !hidden.contains(&(source.r#type, source.id.clone())));
    }
}

/// Whether one who stands so to a plan reads all its sources.
pub fn sees_all_sources(caller: &Caller, relation: Relation) -> bool {
    caller.role == Role::Admin || relation == Relation::Own
}

/// Leaves out of the documents what `caller` does not see.
pub async fn without_hidden(
    conn: &Connection,
    caller: &Caller,
    documents: &mut [Value],
) -> QueryResult<()> {
    let mut cited = HashSet::new();
    for document in documents.iter_mut() {
        each_list(document, |sources| {
            cited.extend(sources.iter().filter_map(source_of))
        });
    }
    let hidden = hidden_among(conn, caller, cited).await?;
    let is_seen = |source: &Value| source_of(source).is_none_or(|source| !hidden.contains(&source));
    for document in documents {
        each_list(document, |sources| sources.retain(is_seen));
    }
    Ok(())
}

/// As [`without_hidden`], of stored texts.
pub async fn texts_without_hidden(
    conn: &Connection,
    caller: &Caller,
    texts: Vec<&mut JsonText>,
) -> QueryResult<()> {
    let unfit =
        |error: serde_json::Error| diesel::result::Error::DeserializationError(error.into());
    let mut documents = Vec::with_capacity(texts.len());
    for text in &texts {
        documents.push(serde_json::from_str(&text.0).map_err(unfit)?);
    }
    without_hidden(conn, caller, &mut documents).await?;
    for (text, document) in texts.into_iter().zip(documents) {
        text.0 = document.to_string().into();
    }
    Ok(())
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
