//! An action plan as document and as JSON: the same shape in answers, in bodies and in every stored version.

mod lessons;
mod parts;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub use self::parts::{
    Activity, ActivityStatus, Consent, ConsentState, Financing, FollowUp, Implementation,
    Indicator, Inputs, JointAction, Level, Money, PartKey, RevisedPlan, Risk, SdgRelevance, Source,
    SourceType, Stakeholder,
};
use super::lists::Hidden;
use crate::column::{json, words};
use crate::ids::{CityId, PairingId, PlanId, TemplateId};
use crate::places::ExternalRef;
use crate::problem::Fault;
use crate::sdgs::types::SdgCode;
use crate::text::{Text, Title};

words! {
    /// Whether a plan is new or revises an existing one.
    PlanKind {
        /// A new plan.
        New = "new",
        /// A revision of an existing plan.
        Revision = "revision",
    }
}

words! {
    /// Where a plan stands.
    PlanStatus {
        /// Being written.
        Draft = "draft",
        /// Handed in to the programme.
        Submitted = "submitted",
        /// Given back with a comment.
        Returned = "returned",
        /// Approved by the programme, and published.
        Approved = "approved",
        /// Given up.
        Withdrawn = "withdrawn",
    }
}

words! {
    /// What can be done with a plan.
    PlanAction {
        /// Change its text.
        Change = "change",
        /// Remove it.
        Delete = "delete",
        /// Hand it in to the programme.
        Submit = "submit",
        /// Give it back with a comment.
        Return = "return",
        /// Approve and publish it.
        Approve = "approve",
        /// Give it up.
        Withdraw = "withdraw",
        /// Take it up again after it was given up.
        Reopen = "reopen",
        /// Accept or decline a joint action.
        Consent = "consent",
        /// Comment on it.
        Comment = "comment",
    }
}

words! {
    /// What a city answers to a joint action.
    ConsentDecision {
        /// It takes part.
        Accepted = "accepted",
        /// It does not.
        Declined = "declined",
    }
}

/// Where a plan is to go.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct PlanTransition {
    /// Where it shall stand.
    pub to: PlanStatus,
    /// Why; required to return a plan. That of an approval is published with the plan.
    #[schema(min_length = 1, max_length = 4000, pattern = "\\S")]
    pub comment: Option<String>,
}

/// A city's answer to a joint action that names it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub struct ConsentAnswer {
    /// Whether it takes part.
    pub decision: ConsentDecision,
    /// Why; everybody who sees the plan sees it too.
    #[schema(min_length = 1, max_length = 4000, pattern = "\\S")]
    pub comment: Option<String>,
}

/// A Local Action Plan, along the programme's template.
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
#[diesel(sql_type = diesel::sql_types::Json)]
pub struct ActionPlan {
    /// Id of the plan.
    #[serde(default)]
    #[schema(read_only)]
    pub id: PlanId,
    /// Whose plan it is: one city, or several of the pairing for a joint plan.
    #[schema(min_items = 1, max_items = 20)]
    pub proponents: Vec<CityId>,
    /// The pairing whose cooperation it comes from.
    pub pairing: PairingId,
    /// Whether it is new or revises an existing plan.
    #[serde(default = "new_plan")]
    pub kind: PlanKind,
    /// The plan that it revises.
    pub revises: Option<RevisedPlan>,
    /// Title of the Action Plan.
    pub title: Option<Title>,
    /// Relevance to the Goals and Targets of the SDGs.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub sdg_relevance: Vec<SdgRelevance>,
    /// Executive Summary.
    pub executive_summary: Option<Text>,
    /// Section 1: objectives.
    pub objectives: Option<Text>,
    /// Section 2: city context and description of the city's sustainable urban development challenges.
    pub context: Option<Text>,
    /// Section 3: inputs from the city-to-city cooperation.
    pub inputs: Option<Inputs>,
    /// Section 4: planned activities, in order.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub activities: Vec<Activity>,
    /// Section 5: implementation strategy.
    pub implementation: Option<Implementation>,
    /// Section 6: risk analysis.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub risks: Vec<Risk>,
    /// Section 7: follow-up and evaluation.
    pub follow_up: Option<FollowUp>,
    /// Section 8: joint actions, if possible.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub joint_actions: Vec<JointAction>,
    /// Where it stands; changes by transitions only.
    #[serde(default = "draft")]
    #[schema(read_only)]
    pub status: PlanStatus,
    /// What was said when it came there, such as why it was returned; null when nothing was. That of an approval is
    /// published with the plan.
    #[schema(read_only, min_length = 1, max_length = 4000, pattern = "\\S")]
    pub status_comment: Option<String>,
    /// The template it is written along; the programme's newest when left out at creation, and kept from then on.
    pub template: Option<TemplateId>,
    /// The language it is written in first (BCP 47); English when left out.
    #[serde(default = "english")]
    #[schema(
        max_length = 35,
        pattern = "^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$",
        example = "ja"
    )]
    pub language: String,
    /// The keys under which other systems know it.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub external_refs: Vec<ExternalRef>,
    /// The version that the public sees; null while none is published.
    #[serde(default)]
    #[schema(read_only, minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub published_version: Option<i64>,
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
    /// What you may do with it now: what your rights, the scopes of your token and its status allow. Whether it is complete
    /// enough to be submitted or approved only shows when that is tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<PlanAction>, read_only, max_items = 20)]
    pub actions: Option<Vec<PlanAction>>,
    /// Whether this is the published version as it was read for somebody who may not see the working copy.
    #[serde(skip)]
    pub is_public_copy: bool,
    /// What it names that the reader it was read for does not see.
    #[serde(skip)]
    pub hidden: Hidden,
    /// The indicators that a change takes away or gives another unit, and what that breaks if they have been measured.
    #[serde(skip)]
    pub at_stake: Vec<(PartKey, Fault)>,
}

json!(ActionPlan);

fn new_plan() -> PlanKind {
    PlanKind::New
}

fn draft() -> PlanStatus {
    PlanStatus::Draft
}

fn english() -> String {
    "en".into()
}

/// The filter of a list of action plans; repeated values mean "any of".
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ActionPlanFilter {
    /// Only plans that this city proposes.
    #[serde(default)]
    #[param(max_items = 50)]
    pub city: Vec<CityId>,
    /// Only plans of this pairing.
    #[serde(default)]
    #[param(max_items = 50)]
    pub pairing: Vec<PairingId>,
    /// Only plans that stand there.
    #[serde(default)]
    #[param(max_items = 5)]
    pub status: Vec<PlanStatus>,
    /// Only new plans, or only revisions.
    #[serde(default)]
    #[param(max_items = 2)]
    pub kind: Vec<PlanKind>,
    /// Only plans along this template.
    #[serde(default)]
    #[param(max_items = 50)]
    pub template: Vec<TemplateId>,
    /// Only submitted plans with a joint action that this city has been asked about and has not answered.
    #[serde(default)]
    #[param(max_items = 50)]
    pub awaits: Vec<CityId>,
    /// Only plans that name this goal (`11`) or target (`11.2`).
    #[serde(default)]
    #[param(max_items = 200)]
    pub sdg: Vec<SdgCode>,
}
