//! What the feed answers, and how it is asked for.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::column::words;
use crate::events::Happening;
use crate::ids::{AccountId, CityId};

words! {
    /// The kinds of thing that the feed tells of.
    ChangedType {
        /// A phase of the cooperation.
        Programme = "programme",
        /// A participating city.
        City = "city",
        /// A topic of cooperation.
        Subject = "subject",
        /// A cooperation of cities.
        Pairing = "pairing",
        /// An exchange meeting.
        Meeting = "meeting",
        /// A study tour.
        Tour = "tour",
        /// A person on a study tour.
        Delegate = "delegate",
        /// A guideline that is not asked of a study tour.
        Waiver = "waiver",
        /// A question of the round tables.
        KeyQuestion = "key_question",
        /// A city's answer to a question at a meeting.
        Contribution = "contribution",
        /// Why a plan does not adopt a contribution.
        Decline = "decline",
        /// What a city learned and shares.
        KnowledgeItem = "knowledge_item",
        /// The sections of a plan.
        Template = "template",
        /// A Sustainable Development Goal.
        Sdg = "sdg",
        /// A Local Action Plan.
        ActionPlan = "action_plan",
        /// A comment on an action plan.
        Comment = "comment",
        /// A measurement of an indicator of an action plan.
        Measurement = "measurement",
    }
}

words! {
    /// A representation of the feed.
    FeedFormat {
        /// `application/json`: one page.
        Json = "json",
        /// `text/event-stream`: changes as they come.
        Sse = "sse",
    }
}

/// One change, as the caller sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Change {
    /// The place after it: go on from here when you have taken it in.
    #[schema(max_length = 200, pattern = "^[A-Za-z0-9_.-]+$")]
    pub cursor: String,
    /// The kind of thing.
    pub r#type: ChangedType,
    /// The id of the thing.
    #[schema(
        max_length = 200,
        pattern = "^[A-Za-z0-9/_-]+$",
        example = "frankfurt-yokohama"
    )]
    pub id: String,
    /// Whether the thing is new to you, has changed, or is gone from your sight.
    pub action: Happening,
    /// The version that you see since; of what is gone, one more than the last that you saw. What was gone from your sight
    /// and comes back (`created`) has its own version again, which can be lower: the order is that of the feed.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub version: i64,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// The first of `cities`, of a decline the city that declined; null when the thing belongs to none.
    pub city: Option<CityId>,
    /// The cities that the thing belongs to, and did before.
    #[schema(max_items = 100)]
    pub cities: Vec<CityId>,
    /// The person or the machine client that did it: told to admins, and to the cities that the thing belongs to.
    pub by: Option<AccountId>,
    /// Where the thing is read, or was.
    #[schema(
        format = "uri",
        max_length = 1000,
        example = "https://iuc.example/v1/pairings/frankfurt-yokohama"
    )]
    pub url: String,
}

/// A part of the feed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChangePage {
    /// The changes, in their order.
    #[schema(max_items = 1000)]
    pub items: Vec<Change>,
    /// URL of what comes next; null when you have seen all there is by now.
    #[schema(format = "uri", max_length = 4000)]
    pub next: Option<String>,
    /// Where to go on: always there, also when nothing has changed.
    #[schema(max_length = 200, pattern = "^[A-Za-z0-9_.-]+$")]
    pub cursor: String,
    /// Until when the cursor leads on for certain.
    pub expires_at: DateTime<Utc>,
}

/// What of the feed is asked for; repeated values mean "any of".
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ChangeParams {
    /// Where to go on: the `cursor` of the page, the change or the export before. From the beginning when left out. It is a
    /// place in the whole feed, whatever was asked for: you may go on with other types and cities, and hear of those from
    /// there on.
    #[param(max_length = 200, pattern = "^[A-Za-z0-9_.-]+$")]
    pub after: Option<String>,
    /// Only of these kinds.
    #[serde(default)]
    #[param(max_items = 20)]
    pub r#type: Vec<ChangedType>,
    /// Only what belongs to this city, or did before the change. One that there never was is a 400.
    #[serde(default)]
    #[param(max_items = 50)]
    pub city: Vec<CityId>,
    /// Most changes in one page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    pub limit: Option<i32>,
    /// Seconds to wait for a change when there is none yet.
    #[param(minimum = 0, maximum = 30, default = 0)]
    pub wait: Option<i32>,
    /// Representation, for links: overrides `Accept`.
    #[param(inline)]
    pub format: Option<FeedFormat>,
}
