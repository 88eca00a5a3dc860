//! A plan at a glance: what a mayor, a newspaper or a partner city wants to know, on one page.
//!
//! It holds what a page has room for, and says how much there is in all. Long texts are shortened, with an ellipsis
//! where something is left out. `page` sets it as plain text in one language.

pub mod names;
mod page;
mod themes;
pub(super) mod words;

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

pub use self::themes::{NamedSubject, ServedGoal, Themes};
use super::types::{ActionPlan, ActivityStatus, Level, PartKey, PlanStatus};
use crate::edtf::Edtf;
use crate::ids::{CityId, PairingId, PlanId, SubjectId};
use crate::lines::shortened;
use crate::pairings::types::Pairing;
use crate::places::Line;
use crate::text::{Text, Title};

/// How many activities a summary names.
const MAIN_ACTIVITIES: usize = 8;
/// How many indicators a summary names.
const MAIN_INDICATORS: usize = 6;
/// How many joint actions a summary names.
const MAIN_JOINT_ACTIONS: usize = 5;
/// How wide a shortened text is, in columns: five lines of a page, half as many characters in Japanese.
const TEXT_COLUMNS: usize = 370;

/// What the things that a plan refers to are called.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// The cities of the pairing and of the plan.
    pub cities: BTreeMap<CityId, Title>,
    /// The subjects of the pairing.
    pub subjects: BTreeMap<SubjectId, Title>,
    /// The goals by their numbers.
    pub goals: BTreeMap<i32, Title>,
}

/// A plan at a glance.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct PlanSummary {
    /// Id of the plan.
    pub id: PlanId,
    /// Its title.
    pub title: Option<Title>,
    /// Where it stands.
    pub status: PlanStatus,
    /// The language it is written in first (BCP 47).
    #[schema(max_length = 35, pattern = "^[A-Za-z0-9-]+$", example = "ja")]
    pub language: String,
    /// Whose plan it is.
    #[schema(max_items = 40)]
    pub proponents: Vec<NamedCity>,
    /// The other cities of the pairing.
    #[schema(max_items = 40)]
    pub partners: Vec<NamedCity>,
    /// The pairing it comes from.
    pub pairing: NumberedPairing,
    /// What it is about.
    pub themes: Themes,
    /// The first activities that were not given up, in the plan's order.
    #[schema(max_items = 8)]
    pub activities: Vec<MainActivity>,
    /// What is to come of it.
    pub expected_results: ExpectedResults,
    /// The first joint actions, in the plan's order.
    #[schema(max_items = 5)]
    pub joint_actions: Vec<MainJointAction>,
    /// How much there is in all.
    pub totals: Totals,
}

/// A plan at a glance as a page of plain text, in one language: at most 60 lines of 78 columns.
#[derive(ToSchema)]
#[schema(
    value_type = String,
    format = "page",
    max_length = 20_000,
    example = "A Greener Waterfront\n====================\nProponents    Yokohama\nPartners      Frankfurt\nStatus        approved\n\nMain activities\n- Plant 1,000 trees: April 2019 to March 2020, planned\n"
)]
pub struct SummaryPage(pub String);

/// A city and what it is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct NamedCity {
    /// Its id.
    pub id: CityId,
    /// Its name.
    pub name: Option<Title>,
}

/// A pairing and its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct NumberedPairing {
    /// Its id.
    pub id: PairingId,
    /// Its number in the programme.
    #[schema(minimum = 1, maximum = 10_000)]
    pub number: i32,
}

/// An activity in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MainActivity {
    /// Its key.
    pub key: PartKey,
    /// What it is called.
    pub title: Option<Title>,
    /// When.
    pub when: Option<Edtf>,
    /// Where it stands.
    pub status: ActivityStatus,
    /// How far it is, in per cent.
    #[schema(minimum = 0, maximum = 100)]
    pub progress_percent: Option<i32>,
}

/// What is to come of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ExpectedResults {
    /// Its objectives, shortened.
    pub objectives: Option<Text>,
    /// The first indicators, in the plan's order.
    #[schema(max_items = 6)]
    pub indicators: Vec<MainIndicator>,
}

/// An indicator in short.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct MainIndicator {
    /// Its key.
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

/// A joint action in short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MainJointAction {
    /// Its key.
    pub key: PartKey,
    /// What it is called.
    pub title: Option<Title>,
    /// The cities with which it is done.
    #[schema(max_items = 20)]
    pub with: Vec<NamedCity>,
}

/// How much there is in a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Totals {
    /// Its activities that were not given up.
    #[schema(minimum = 0, maximum = 200)]
    pub activities: i32,
    /// Its indicators.
    #[schema(minimum = 0, maximum = 200)]
    pub indicators: i32,
    /// Its joint actions.
    #[schema(minimum = 0, maximum = 200)]
    pub joint_actions: i32,
}

/// A plan of this pairing at a glance.
pub fn summary(plan: &ActionPlan, pairing: &Pairing, names: &Names) -> PlanSummary {
    let city = |id: &CityId| NamedCity {
        id: id.clone(),
        name: names.cities.get(id).cloned(),
    };
    let members = pairing.eu_cities.iter().chain(&pairing.jp_cities);
    let partners = members.filter(|id| !plan.proponents.contains(id));
    let pursued = || {
        let activities = plan.activities.iter();
        activities.filter(|part| part.status != ActivityStatus::Dropped)
    };
    let activities = pursued().take(MAIN_ACTIVITIES).map(|part| MainActivity {
        key: part.key.clone(),
        title: part.title.clone(),
        when: part.when.clone(),
        status: part.status,
        progress_percent: part.progress_percent,
    });
    let indicators = plan
        .follow_up
        .iter()
        .flat_map(|section| &section.indicators);
    let main = indicators.clone().take(MAIN_INDICATORS);
    let main = main.map(|part| MainIndicator {
        key: part.key.clone(),
        name: part.name.clone(),
        unit: part.unit.clone(),
        baseline: part.baseline.clone(),
        target: part.target.clone(),
    });
    let objectives = plan.objectives.as_ref();
    let joint_actions = plan.joint_actions.iter().take(MAIN_JOINT_ACTIONS);
    PlanSummary {
        id: plan.id,
        title: plan.title.clone(),
        status: plan.status,
        language: plan.language.clone(),
        proponents: plan.proponents.iter().map(city).collect(),
        partners: partners.map(city).collect(),
        pairing: NumberedPairing {
            id: pairing.id.clone(),
            number: pairing.number,
        },
        themes: themes::themes(plan, pairing, names),
        activities: activities.collect(),
        expected_results: ExpectedResults {
            objectives: objectives.map(|text| text.map(|words| shortened(words, TEXT_COLUMNS))),
            indicators: main.collect(),
        },
        joint_actions: joint_actions
            .map(|part| MainJointAction {
                key: part.key.clone(),
                title: part.title.clone(),
                with: part.with.iter().map(city).collect(),
            })
            .collect(),
        totals: Totals {
            activities: number(pursued().count()),
            indicators: number(indicators.count()),
            joint_actions: number(plan.joint_actions.len()),
        },
    }
}

fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests;
