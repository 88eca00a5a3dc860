//! The parts of an action plan: what stands in its sections.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::column::words;
use crate::edtf::Edtf;
use crate::ids::{AccountId, CityId, PlanId};
use crate::places::{Currency, Line, Url};
use crate::sdgs::types::TargetCode;
use crate::text::{Text, Title};

words! {
    /// Where an activity stands.
    ActivityStatus {
        /// Not begun.
        Planned = "planned",
        /// Going on.
        Ongoing = "ongoing",
        /// Finished.
        Done = "done",
        /// Given up.
        Dropped = "dropped",
    }
}

words! {
    /// What kind of thing a part of a plan came from.
    SourceType {
        /// An answer at a round table.
        Contribution = "contribution",
        /// A study tour.
        Tour = "tour",
        /// A meeting.
        Meeting = "meeting",
        /// A knowledge item.
        Knowledge = "knowledge",
    }
}

words! {
    /// What a city says to a joint action.
    ConsentState {
        /// It has not answered yet.
        Pending = "pending",
        /// It takes part.
        Accepted = "accepted",
        /// It does not.
        Declined = "declined",
    }
}

/// A plan that is revised: one of this service, or one from elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RevisedPlan {
    /// What it is called.
    pub title: Option<Title>,
    /// Where it can be read.
    pub url: Option<Url>,
    /// Its id, when it is one of this service.
    pub plan: Option<PlanId>,
}

/// A goal or target that the plan serves: exactly one of both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SdgRelevance {
    /// A target.
    #[schema(
        max_length = 5,
        pattern = "^[1-9][0-9]?\\.([1-9][0-9]?|[a-e])$",
        example = "11.2"
    )]
    pub target: Option<String>,
    /// A goal as a whole.
    #[schema(max_length = 2, pattern = "^([1-9]|1[0-7])$", example = "11")]
    pub goal: Option<String>,
    /// How the plan serves it.
    pub note: Option<Text>,
}

/// What the city took from the cooperation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Inputs {
    /// In words.
    pub text: Option<Text>,
    /// Where it came from.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub sources: Vec<Source>,
}

/// What a part of the plan came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Source {
    /// What kind of thing.
    pub r#type: SourceType,
    /// Its id.
    #[schema(
        max_length = 80,
        pattern = "^[a-z0-9-]+$",
        example = "exchange-meeting-3"
    )]
    pub id: String,
    /// What was taken from it.
    pub note: Option<Text>,
}

/// Name of a part within its list, by which clients edit it and differences follow it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, max_length = 64, pattern = "^[a-z0-9]+(-[a-z0-9]+)*$", example = "bus-lanes")]
pub struct PartKey(pub String);

/// A planned activity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Activity {
    /// Its key within the list; the service gives one where it is left out.
    #[serde(default)]
    pub key: PartKey,
    /// What it is called.
    pub title: Option<Title>,
    /// What is done.
    pub description: Option<Text>,
    /// When, as precisely as is known (EDTF).
    pub when: Option<Edtf>,
    /// Who answers for it.
    pub responsible: Option<Line>,
    /// What it costs.
    pub budget: Option<Money>,
    /// Where it stands.
    #[serde(default = "planned")]
    pub status: ActivityStatus,
    /// How far it is, in per cent.
    #[schema(minimum = 0, maximum = 100)]
    pub progress_percent: Option<i32>,
    /// The targets it serves.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub sdg_targets: Vec<TargetCode>,
    /// Where it came from.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub sources: Vec<Source>,
}

fn planned() -> ActivityStatus {
    ActivityStatus::Planned
}

/// An amount of money.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Money {
    /// Decimal number, as text so that nothing is rounded; with no more decimals than the currency has: none in yen, two in
    /// euros.
    #[schema(
        max_length = 20,
        pattern = "^[0-9]{1,15}(\\.[0-9]{1,4})?$",
        example = "1250000.00"
    )]
    pub amount: String,
    /// In which currency (ISO 4217).
    pub currency: Currency,
}

/// How the plan is carried out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Implementation {
    /// In words.
    pub text: Option<Text>,
    /// Who takes part.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub stakeholders: Vec<Stakeholder>,
    /// Who pays.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub financing: Vec<Financing>,
}

/// Somebody who takes part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Stakeholder {
    /// Who.
    pub name: Line,
    /// As what.
    pub role: Option<Line>,
}

/// A source of money.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Financing {
    /// Whose money.
    pub source: Line,
    /// How much: decimal number, as text so that nothing is rounded; with its currency, and no more decimals than that has.
    #[schema(
        max_length = 20,
        pattern = "^[0-9]{1,15}(\\.[0-9]{1,4})?$",
        example = "1250000.00"
    )]
    pub amount: Option<String>,
    /// In which currency (ISO 4217); with an amount.
    pub currency: Option<Currency>,
}

/// Something that can go wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Risk {
    /// Its key within the list; the service gives one where it is left out.
    #[serde(default)]
    pub key: PartKey,
    /// What can go wrong.
    pub description: Option<Text>,
    /// How likely: 1 hardly, 5 almost sure.
    #[schema(minimum = 1, maximum = 5)]
    pub likelihood: Option<i32>,
    /// How bad: 1 hardly, 5 disastrous.
    #[schema(minimum = 1, maximum = 5)]
    pub impact: Option<i32>,
    /// What is done about it.
    pub mitigation: Option<Text>,
}

/// How the plan is followed up and evaluated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FollowUp {
    /// In words.
    pub text: Option<Text>,
    /// What is measured.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub indicators: Vec<Indicator>,
}

/// Something that is measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Indicator {
    /// Its key within the list; the service gives one where it is left out.
    #[serde(default)]
    pub key: PartKey,
    /// What is measured.
    pub name: Option<Title>,
    /// In which unit.
    pub unit: Option<Line>,
    /// Where it stood at the beginning.
    pub baseline: Option<Level>,
    /// Where it should stand.
    pub target: Option<Level>,
}

/// A measured or wanted value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Level {
    /// The value, in the indicator's unit.
    #[schema(minimum = -1e15, maximum = 1e15)]
    pub value: f64,
    /// When (EDTF).
    pub on: Option<Edtf>,
}

/// An action that needs the partner city's consent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct JointAction {
    /// Its key within the list; the service gives one where it is left out.
    #[serde(default)]
    pub key: PartKey,
    /// What it is called.
    pub title: Option<Title>,
    /// What is done together.
    pub description: Option<Text>,
    /// The cities with which it is done, of the same pairing.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub with: Vec<CityId>,
    /// What each of them says to it, in the same order; a changed title or description asks them again, an added
    /// translation does not.
    #[serde(default)]
    #[schema(read_only, max_items = 20)]
    pub consents: Vec<Consent>,
}

/// What a city says to a joint action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Consent {
    /// The city.
    pub city: CityId,
    /// Whether it takes part; pending until it has answered.
    pub decision: ConsentState,
    /// Account that answered; null until then.
    pub by: Option<AccountId>,
    /// When it answered; null until then.
    pub at: Option<DateTime<Utc>>,
    /// What it said about it.
    #[schema(min_length = 1, max_length = 4000, pattern = "\\S")]
    pub comment: Option<String>,
}
