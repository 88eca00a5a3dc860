//! What differs between two versions of a plan: for programs as JSON Patch, for people by section and part.
//!
//! Parts are followed by their keys, so that a moved activity is moved, not removed and added. The patch makes one
//! document of the other exactly. The summary tells what people wrote: not the service's own bookkeeping (status,
//! versions, times, consents), which the patch has too.

pub mod order;
mod patch;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use self::order::{Origin, follow};
use super::types::{ActionPlan, PartKey};
use crate::column::words;
use crate::write::PatchOperation;

words! {
    /// A field of an action plan that people write: the sections of the template under their names there, in the
    /// document's order, and what stands beside them.
    PlanField {
        /// Who proposes it.
        Proponents = "proponents",
        /// The pairing it comes from.
        Pairing = "pairing",
        /// Whether it is new.
        Kind = "kind",
        /// The plan that it revises.
        Revises = "revises",
        /// Its title.
        Title = "title",
        /// Relevance to the SDGs.
        SdgRelevance = "sdg_relevance",
        /// Executive Summary.
        ExecutiveSummary = "executive_summary",
        /// Objectives.
        Objectives = "objectives",
        /// City context and challenges.
        Context = "context",
        /// Inputs from the city-to-city cooperation.
        Inputs = "inputs",
        /// Planned activities.
        Activities = "activities",
        /// Implementation strategy.
        Implementation = "implementation",
        /// Risk analysis.
        Risks = "risks",
        /// Follow-up and evaluation, with its indicators.
        FollowUp = "follow_up",
        /// Joint actions.
        JointActions = "joint_actions",
        /// The template it is written along.
        Template = "template",
        /// The language it is written in first.
        Language = "language",
        /// The keys under which other systems know it.
        ExternalRefs = "external_refs",
    }
}

words! {
    /// What happened to a field or part of a plan.
    PlanChangeKind {
        /// It was empty or not there.
        Added = "added",
        /// It is empty or not there any more.
        Removed = "removed",
        /// It says something else.
        Changed = "changed",
        /// It stands elsewhere among the other parts.
        Moved = "moved",
    }
}

/// What differs between two versions of a plan.
#[derive(Serialize, ToSchema)]
pub struct Difference {
    /// JSON Patch (RFC 6902) that makes the later version of the earlier one.
    #[schema(max_items = 10_000)]
    pub patch: Vec<PatchOperation>,
    /// The same by field and part: fields in the document's order, and of each first itself, then its parts in
    /// their later order, then those that went.
    #[schema(max_items = 10_000)]
    pub summary: Vec<PlanChange>,
}

/// One thing that happened to a field of a plan, or to one of its parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlanChange {
    /// The field; the indicators are parts of `follow_up`.
    pub field: PlanField,
    /// The key of the activity, risk, indicator or joint action; null for the field itself.
    pub key: Option<PartKey>,
    /// What happened. A part that was moved and changed comes twice, first as moved.
    pub change: PlanChangeKind,
}

/// What differs between two versions.
pub fn difference(from: &ActionPlan, to: &ActionPlan) -> Difference {
    difference_of_documents(&document(from), &document(to))
}

/// What differs between two versions that are JSON already.
pub fn difference_of_documents(from: &Value, to: &Value) -> Difference {
    Difference {
        patch: patch::patch(from, to),
        summary: summary(from, to),
    }
}

/// The plan as JSON, which each plan has: no member of it can fail.
fn document(plan: &ActionPlan) -> Value {
    serde_json::to_value(plan).unwrap_or_default()
}

fn summary(from: &Value, to: &Value) -> Vec<PlanChange> {
    let mut changes = Vec::new();
    for &field in PlanField::ALL {
        let (before, after) = (from.get(field.as_str()), to.get(field.as_str()));
        let list = match field {
            PlanField::Activities | PlanField::Risks | PlanField::JointActions => {
                parts(field, field.as_str(), before, after)
            }
            PlanField::FollowUp => {
                let indicators = |section: Option<&Value>| {
                    section
                        .and_then(|section| section.get("indicators"))
                        .cloned()
                };
                let (before, after) = (indicators(before), indicators(after));
                parts(field, "indicators", before.as_ref(), after.as_ref())
            }
            _ => Vec::new(),
        };
        let own = match field {
            PlanField::Activities | PlanField::Risks | PlanField::JointActions => None,
            _ => change(
                &without(before, "indicators"),
                &without(after, "indicators"),
            ),
        };
        changes.extend(own.map(|change| PlanChange {
            field,
            key: None,
            change,
        }));
        changes.extend(list);
    }
    changes
}

/// What happened to the parts of a list.
fn parts(
    field: PlanField,
    list: &str,
    from: Option<&Value>,
    to: Option<&Value>,
) -> Vec<PlanChange> {
    let entries = |list: Option<&Value>| list.and_then(Value::as_array).cloned();
    let (from, to) = (
        entries(from).unwrap_or_default(),
        entries(to).unwrap_or_default(),
    );
    let followed = follow(list, &from, &to);
    let mut changes = Vec::new();
    let mut tell = |part: &Value, change| {
        let key = part.get("key").and_then(Value::as_str).unwrap_or_default();
        changes.push(PlanChange {
            field,
            key: Some(PartKey(key.to_owned())),
            change,
        });
    };
    for (part, origin) in to.iter().zip(&followed.origins) {
        if let Origin::New = origin {
            tell(part, PlanChangeKind::Added);
        }
        if let Origin::Moved(_) = origin {
            tell(part, PlanChangeKind::Moved);
        }
        let before = origin.index().and_then(|index| from.get(index));
        if before.is_some_and(|before| {
            without(Some(before), "consents") != without(Some(part), "consents")
        }) {
            tell(part, PlanChangeKind::Changed);
        }
    }
    for part in followed.removed.iter().filter_map(|index| from.get(*index)) {
        tell(part, PlanChangeKind::Removed);
    }
    changes
}

/// A value without one of its members.
fn without(value: Option<&Value>, member: &str) -> Value {
    let mut value = value.cloned().unwrap_or_default();
    if let Some(members) = value.as_object_mut() {
        members.shift_remove(member);
    }
    value
}

fn change(from: &Value, to: &Value) -> Option<PlanChangeKind> {
    match (is_empty(from), is_empty(to)) {
        (true, true) => None,
        (true, false) => Some(PlanChangeKind::Added),
        (false, true) => Some(PlanChangeKind::Removed),
        (false, false) => (from != to).then_some(PlanChangeKind::Changed),
    }
}

/// Whether a field says nothing: null, no entries, or members that all say nothing.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(entries) => entries.is_empty(),
        Value::Object(members) => members.values().all(is_empty),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
