//! A webhook as row and as JSON, its deliveries, and what they bring.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::changes::types::{Change, ChangedType};
use crate::column::words;
use crate::ids::{AccountId, CityId, DeliveryId, WebhookId};
use crate::places::{Line, Url};
use crate::rotation::{KeptSecret, Secrets};
use crate::schema::{webhook_deliveries, webhooks};

/// The type of a delivery that tells of no change.
pub const TEST: &str = "webhook.test";

words! {
    /// Why a webhook is switched off.
    OffReason {
        /// Who keeps it has switched it off.
        SwitchedOff = "switched_off",
        /// Its target has answered 410: it wants no more.
        Gone = "gone",
        /// A delivery has failed for three days.
        Failing = "failing",
        /// The database was restored from a backup: changes that it was told of may never have been. Begin with the
        /// exports; switched on again, it goes on from then.
        Restored = "restored",
        /// The feed no longer goes back to its place. Begin with the exports; switched on again, it goes on from then.
        Expired = "expired",
        /// The account in `kept_by` was deleted or switched off, or may keep no webhook of this city any more. Whoever
        /// switches it on again keeps it from then on; it goes on where it stood.
        KeeperGone = "keeper_gone",
    }
}

/// A webhook: where somebody is told what changes.
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
#[diesel(table_name = webhooks, treat_none_as_null = true)]
pub struct Webhook {
    /// Id of the webhook.
    #[serde(default)]
    #[schema(read_only)]
    pub id: WebhookId,
    /// The city that it belongs to, never changed: it is told what a user of the city may read. Null for a webhook of the
    /// programme, which is told what admins may read. Left out by a city user, it is the own one.
    pub city: Option<CityId>,
    /// Where deliveries are sent: `https`, on port 443 or from 1024, at an address of the public internet.
    pub url: Url,
    /// What it is for, for people.
    pub description: Option<Line>,
    /// Only of these kinds; empty: of all.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub types: Vec<ChangedType>,
    /// Only what belongs to these cities, or did before; empty: to any.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub cities: Vec<CityId>,
    /// Whether deliveries are sent. Switched on again, it goes on where it stood, and what has failed is tried again.
    #[serde(default = "active")]
    pub active: bool,
    /// Why it is switched off; null while it is not.
    #[serde(default)]
    #[schema(read_only)]
    pub off_because: Option<OffReason>,
    /// Who answers for it: the account that made it, or last changed `url`, `types` or `cities`, or switched it on. As soon
    /// as that may keep it no longer, it is switched off.
    #[serde(default)]
    #[schema(read_only)]
    pub kept_by: Option<AccountId>,
    /// Since when no delivery has reached its target; null when the last one did. It changes without a new version or ETag.
    #[serde(default)]
    #[schema(read_only)]
    pub failing_since: Option<DateTime<Utc>>,
    /// When a delivery last reached its target. It changes without a new version or ETag.
    #[serde(default)]
    #[schema(read_only)]
    pub last_success_at: Option<DateTime<Utc>>,
    /// What deliveries are signed with, the newest last. The secrets themselves are told once, when they are made.
    #[serde(default)]
    #[schema(read_only, value_type = Vec<KeptSecret>, max_items = 10)]
    pub secrets: Secrets,
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

fn active() -> bool {
    true
}

/// The filter of a list of webhooks; repeated values mean "any of".
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WebhookFilter {
    /// Only webhooks of this city.
    #[serde(default)]
    #[param(max_items = 50)]
    pub city: Vec<CityId>,
    /// Only webhooks that are switched on, or only those that are not.
    pub active: Option<bool>,
}

words! {
    /// How a delivery stands.
    DeliveryState {
        /// It waits to be sent, for the first time or again.
        Pending = "pending",
        /// Its target has taken it: it has answered with a status of the 200s.
        Delivered = "delivered",
        /// It is not tried any more, unless it is asked for.
        Failed = "failed",
    }
}

words! {
    /// Why a delivery did not arrive.
    DeliveryError {
        /// The target has answered with another status than one of the 200s.
        Status = "status",
        /// The target has answered that it is elsewhere; that is not followed.
        Redirected = "redirected",
        /// There was no answer in time.
        TimedOut = "timed_out",
        /// The name of the target has no address.
        NotResolved = "not_resolved",
        /// The name of the target has no address that deliveries may go to.
        ForbiddenAddress = "forbidden_address",
        /// There was no connection, or no TLS on it.
        NotConnected = "not_connected",
        /// The connection broke before there was an answer.
        BrokenOff = "broken_off",
        /// The database was restored from a backup before it was sent.
        Restored = "restored",
    }
}

/// A delivery: one message to one webhook, however often it is sent.
#[derive(Clone, Debug, Serialize, Queryable, Selectable, ToSchema)]
#[diesel(table_name = webhook_deliveries)]
pub struct Delivery {
    /// Id of the delivery: its `webhook-id`, the same each time that it is sent.
    pub id: DeliveryId,
    /// What it tells: the kind of thing and what happened to it, or that it is a test.
    #[diesel(column_name = type_)]
    #[schema(
        max_length = 40,
        pattern = "^[a-z_.]+$",
        example = "action_plan.updated"
    )]
    pub r#type: String,
    /// How it stands.
    #[schema(value_type = DeliveryState)]
    pub state: DeliveryState,
    /// How often it was sent.
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub attempts: i32,
    /// When it is sent next; null when it is not.
    pub due_at: Option<DateTime<Utc>>,
    /// When it was last sent.
    pub last_at: Option<DateTime<Utc>>,
    /// The status that the target answered then.
    #[schema(minimum = 100, maximum = 999)]
    pub last_status: Option<i32>,
    /// Why it did not arrive then.
    pub last_error: Option<DeliveryError>,
    /// How long that took, in milliseconds.
    #[schema(minimum = 0, maximum = 1_000_000)]
    pub last_millis: Option<i32>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it arrived or was given up.
    pub ended_at: Option<DateTime<Utc>>,
    /// What is sent, letter by letter: a `Message`.
    #[schema(max_length = 20_000, pattern = "^\\{.*\\}$")]
    pub body: String,
}

/// The filter of a list of deliveries; repeated values mean "any of".
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeliveryFilter {
    /// Only deliveries that stand so.
    #[serde(default)]
    #[param(max_items = 3)]
    pub state: Vec<DeliveryState>,
}

/// What a delivery brings, as JSON.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Message {
    /// What happened: the kind of thing and what happened to it, or `webhook.test`.
    #[schema(
        max_length = 40,
        pattern = "^[a-z_.]+$",
        example = "action_plan.updated"
    )]
    pub r#type: String,
    /// When it happened.
    pub timestamp: DateTime<Utc>,
    /// The place in the change feed after it: who has missed a delivery asks `/changes` from the last that it has.
    #[schema(max_length = 200, pattern = "^[A-Za-z0-9_.-]+$")]
    pub cursor: String,
    /// The change, as `/changes` tells it; null in a test.
    pub data: Option<Change>,
}
