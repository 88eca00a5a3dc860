//! A template as row and as JSON.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::column::{jsonb, words};
use crate::ids::{ProgrammeId, TemplateId};
use crate::schema::templates;
use crate::text::{Text, Title};

words! {
    /// A field of an action plan that is a section of the template.
    SectionField {
        /// Title of the Action Plan.
        Title = "title",
        /// Proponent of the Action Plan.
        Proponents = "proponents",
        /// Relevance to the Goals and Targets of the SDGs.
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
        /// Follow-up and evaluation.
        FollowUp = "follow_up",
        /// Joint actions.
        JointActions = "joint_actions",
    }
}

/// The sections of an action plan, as the programme lists them.
#[derive(
    Clone,
    Debug,
    PartialEq,
    Serialize,
    Deserialize,
    Queryable,
    Selectable,
    Insertable,
    AsChangeset,
    ToSchema,
)]
#[diesel(table_name = templates, treat_none_as_null = true)]
pub struct Template {
    /// Readable id; derived from the English name when left out at creation.
    #[serde(default)]
    pub id: TemplateId,
    /// The programme whose template it is.
    pub programme: ProgrammeId,
    /// What it is called.
    pub name: Title,
    /// The sections, in order.
    pub sections: Sections,
    /// Counts its changes, from 1.
    #[serde(default)]
    #[schema(read_only, minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub version: i64,
    /// When it was made.
    #[serde(default)]
    #[schema(read_only)]
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    #[serde(default)]
    #[schema(read_only)]
    pub updated_at: DateTime<Utc>,
}

/// The sections of a template, in order.
#[derive(
    Clone,
    Debug,
    PartialEq,
    Serialize,
    Deserialize,
    ToSchema,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::Jsonb)]
#[serde(transparent)]
#[schema(min_items = 1, max_items = 50)]
pub struct Sections(pub Vec<Section>);

jsonb!(Sections);

/// A section of a template.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Section {
    /// The field of an action plan that holds it.
    pub field: SectionField,
    /// Its number in the template; null for the parts before the first section.
    #[schema(minimum = 1, maximum = 100)]
    pub section: Option<i32>,
    /// Its heading.
    pub title: Title,
    /// What to write there.
    pub hint: Option<Text>,
    /// Whether a plan can be submitted without it.
    pub required: bool,
}

/// The filter of a list of templates; repeated values mean "any of".
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TemplateFilter {
    /// Only templates of this programme.
    #[serde(default)]
    #[param(max_items = 50)]
    pub programme: Vec<ProgrammeId>,
}
