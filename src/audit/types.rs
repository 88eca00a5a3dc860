//! What the audit trail tells, and how it is asked for.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::events::{Event, Happening, Patch};
use crate::ids::{AccountId, CityId, ClientId};
use crate::policy::Thing;
use crate::write::PatchOperation;

/// One change, or one sign-in: who did what, when, from where.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AuditEntry {
    /// Its id; it begins with the time (RFC 9562, version 7).
    pub id: Uuid,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Who did it: a person, or a machine client; null when it was the service itself, or the programme's data was loaded.
    pub by: Option<AccountId>,
    /// Their name as it is now; null when the account is gone.
    #[schema(max_length = 200)]
    pub by_name: Option<String>,
    /// The machine client that did it; null when it was a person.
    pub client: Option<ClientId>,
    /// The network address it came from; empty when it came from none.
    #[schema(max_length = 200, example = "192.0.2.17")]
    pub address: String,
    /// The id of the request, as the answer told it in `X-Request-Id`. Callers may choose it, so it can come twice.
    #[schema(max_length = 64)]
    pub request_id: String,
    /// The kind of thing; of a sign-in `session`.
    pub r#type: Thing,
    /// The id of the thing.
    #[schema(max_length = 200, example = "frankfurt-yokohama")]
    pub resource: String,
    /// What happened to it.
    pub action: Happening,
    /// The version that this made; of what was deleted, one more than its last.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub version: i64,
    /// The cities that the thing belongs to, and did before.
    #[schema(max_items = 100)]
    pub cities: Vec<CityId>,
    /// JSON Patch (RFC 6902) from the state before to the state after. Of the delegates of a tour it tells which fields
    /// changed, and has no values.
    #[schema(max_items = 10_000, value_type = Vec<PatchOperation>)]
    pub change: Patch,
}

impl AuditEntry {
    /// What is told of an event.
    pub fn of(event: Event, by_name: Option<String>) -> Self {
        Self {
            id: event.id,
            at: event.at,
            by: event.by,
            by_name,
            client: event.client,
            address: event.address,
            request_id: event.request_id,
            r#type: event.r#type,
            resource: event.resource,
            action: event.action,
            version: event.version,
            cities: event.cities,
            change: event.change,
        }
    }
}

/// What of the audit trail is asked for; repeated values mean "any of".
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditFilter {
    /// Only of these kinds of thing; `session` for sign-ins.
    #[serde(default)]
    #[param(max_items = 30)]
    pub r#type: Vec<Thing>,
    /// Only of the thing with this id.
    #[param(max_length = 200, pattern = "^[A-Za-z0-9/_-]+$")]
    pub resource: Option<String>,
    /// Only what this person or this machine client did.
    pub by: Option<AccountId>,
    /// Only what was done in requests with this id.
    #[param(max_length = 64, pattern = "^[A-Za-z0-9._-]+$")]
    pub request_id: Option<String>,
    /// Only what happened at or after this time (RFC 3339).
    pub since: Option<DateTime<Utc>>,
    /// Only what happened before this time (RFC 3339).
    pub until: Option<DateTime<Utc>>,
}
