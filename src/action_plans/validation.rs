//! What submitting a plan would say, section by section along its template.
//!
//! A required section is there and says what it is for; an optional one may be empty, but what is there is held to the
//! same rules:
//!
//! - inputs, implementation and follow-up have a text or, in its place, entries (sources; stakeholders or financing;
//!   indicators);
//! - there is at least one activity and one risk, one goal or target, one proponent;
//! - an activity has a title and a description, a risk a description, an indicator a name, a joint action a title, a
//!   description and a city with which it is done;
//! - every text, also a note, can be read in the plan's own language.
//!
//! Amounts, dates and who answers for what are the city's own choice.

use serde::Serialize;
use utoipa::ToSchema;

use super::texts::texts;
use super::types::ActionPlan;
use crate::messages::Language;
use crate::problem::{Fault, Faults, Rule};
use crate::templates::types::{SectionField, Template};

/// What submitting would say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validation {
    sections: Vec<Checked>,
}

/// A section, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Checked {
    field: SectionField,
    section: Option<i32>,
    required: bool,
    faults: Vec<Fault>,
}

/// Checks a plan along its template.
pub fn validation(plan: &ActionPlan, template: &Template) -> Validation {
    let texts = texts(plan);
    let sections = template.sections.0.iter().map(|section| {
        let mut faults = Vec::new();
        let field = format!("/{}", section.field);
        if section.required && is_empty(plan, section.field) {
            faults.push(Fault::at(missing(plan, section.field), Rule::Required));
        }
        faults.extend(parts(plan, section.field));
        for text in &texts {
            let own = plan.language.as_str();
            let inside = text.pointer.strip_prefix(&field);
            let inside = inside.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            if inside && !text.languages.contains_key(own) {
                let pointer = format!("{}/{own}", text.pointer);
                faults.push(Fault::at(pointer, Rule::MissingLanguage).with("language", own));
            }
        }
        Checked {
            field: section.field,
            section: section.section,
            required: section.required,
            faults,
        }
    });
    Validation {
        sections: sections.collect(),
    }
}

/// Whether a section says nothing.
fn is_empty(plan: &ActionPlan, field: SectionField) -> bool {
    match field {
        SectionField::Title => plan.title.is_none(),
        SectionField::Proponents => plan.proponents.is_empty(),
        SectionField::SdgRelevance => plan.sdg_relevance.is_empty(),
        SectionField::ExecutiveSummary => plan.executive_summary.is_none(),
        SectionField::Objectives => plan.objectives.is_none(),
        SectionField::Context => plan.context.is_none(),
        SectionField::Inputs => plan
            .inputs
            .as_ref()
            .is_none_or(|it| it.text.is_none() && it.sources.is_empty()),
        SectionField::Activities => plan.activities.is_empty(),
        SectionField::Implementation => plan.implementation.as_ref().is_none_or(|it| {
            it.text.is_none() && it.stakeholders.is_empty() && it.financing.is_empty()
        }),
        SectionField::Risks => plan.risks.is_empty(),
        SectionField::FollowUp => plan
            .follow_up
            .as_ref()
            .is_none_or(|it| it.text.is_none() && it.indicators.is_empty()),
        SectionField::JointActions => plan.joint_actions.is_empty(),
    }
}

/// Where to begin with a section that says nothing: at the text of one that is there.
fn missing(plan: &ActionPlan, field: SectionField) -> String {
    let is_there = match field {
        SectionField::Inputs => plan.inputs.is_some(),
        SectionField::Implementation => plan.implementation.is_some(),
        SectionField::FollowUp => plan.follow_up.is_some(),
        _ => false,
    };
    if is_there {
        format!("/{field}/text")
    } else {
        format!("/{field}")
    }
}

/// What the parts of a list lack.
fn parts(plan: &ActionPlan, field: SectionField) -> Vec<Fault> {
    let lacking: Vec<Vec<(&str, bool)>> = match field {
        SectionField::Activities => plan
            .activities
            .iter()
            .map(|part| {
                vec![
                    ("title", part.title.is_none()),
                    ("description", part.description.is_none()),
                ]
            })
            .collect(),
        SectionField::Risks => plan
            .risks
            .iter()
            .map(|part| vec![("description", part.description.is_none())])
            .collect(),
        SectionField::FollowUp => plan
            .follow_up
            .iter()
            .flat_map(|section| &section.indicators)
            .map(|part| vec![("name", part.name.is_none())])
            .collect(),
        SectionField::JointActions => plan
            .joint_actions
            .iter()
            .map(|part| {
                vec![
                    ("title", part.title.is_none()),
                    ("description", part.description.is_none()),
                    ("with", part.with.is_empty()),
                ]
            })
            .collect(),
        _ => Vec::new(),
    };
    let list = match field {
        SectionField::FollowUp => "/follow_up/indicators".to_owned(),
        _ => format!("/{field}"),
    };
    let mut faults = Vec::new();
    for (index, members) in lacking.into_iter().enumerate() {
        for (member, _) in members.into_iter().filter(|(_, lacking)| *lacking) {
            faults.push(Fault::at(
                format!("{list}/{index}/{member}"),
                Rule::Required,
            ));
        }
    }
    faults
}

impl Validation {
    /// Whether the plan can be submitted.
    pub fn complete(&self) -> bool {
        self.sections
            .iter()
            .all(|section| section.faults.is_empty())
    }

    /// What stands against submitting it.
    pub fn faults(&self) -> Faults {
        let sections = self.sections.iter();
        sections
            .flat_map(|section| section.faults.iter().cloned())
            .collect()
    }

    /// The answer, in words.
    pub fn answer(&self, language: Language) -> PlanValidation {
        let fault = |fault: &Fault| SectionFault {
            pointer: fault.pointer().unwrap_or_default().to_owned(),
            code: fault.rule().as_str().to_owned(),
            detail: fault.detail(language),
        };
        let sections = self.sections.iter().map(|section| SectionValidation {
            field: section.field,
            section: section.section,
            required: section.required,
            complete: section.faults.is_empty(),
            faults: section.faults.iter().map(fault).collect(),
        });
        PlanValidation {
            complete: self.complete(),
            sections: sections.collect(),
        }
    }
}

/// What submitting a plan would say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlanValidation {
    /// Whether it can be submitted.
    pub complete: bool,
    /// The sections, in the template's order.
    #[schema(max_items = 50)]
    pub sections: Vec<SectionValidation>,
}

/// What submitting a plan would say of one section.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SectionValidation {
    /// The field of the plan that holds it.
    pub field: SectionField,
    /// Its number in the template; null for the parts before the first section.
    #[schema(minimum = 1, maximum = 100)]
    pub section: Option<i32>,
    /// Whether a plan needs it.
    pub required: bool,
    /// Whether nothing is missing; also true of an empty one that is not required.
    pub complete: bool,
    /// What is missing.
    #[schema(max_items = 10_000)]
    pub faults: Vec<SectionFault>,
}

/// Something that a section lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SectionFault {
    /// JSON Pointer (RFC 6901) into the plan.
    #[schema(
        max_length = 1000,
        pattern = "^(/.*)?$",
        example = "/activities/0/title"
    )]
    pub pointer: String,
    /// The rule; never changes.
    #[schema(max_length = 60, pattern = "^[a-z_]+$", example = "required")]
    pub code: String,
    /// The rule in words, in the language of the answer.
    #[schema(max_length = 1000, pattern = ".", example = "This is required.")]
    pub detail: String,
}

#[cfg(test)]
mod tests;
