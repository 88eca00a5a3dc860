//! A machine client as row and as JSON.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::accounts::types::UserRole;
use crate::ids::{CityId, ClientId};
use crate::places::Line;
use crate::policy::Scope;
use crate::rotation::{KeptSecret, Secrets};
use crate::schema::clients;

/// A machine client: an IT system that uses the API without a person.
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
#[diesel(table_name = clients, treat_none_as_null = true)]
pub struct Client {
    /// Id of the client: its `client_id` at /oauth/token.
    #[serde(default)]
    #[schema(read_only)]
    pub id: ClientId,
    /// What it is called, for people.
    pub name: Line,
    /// The city it belongs to, never changed; null for a client of the programme. Left out by a city user, it is the
    /// own one.
    pub city: Option<CityId>,
    /// What it acts as: the role of its city's side, or `admin` for a client of the programme.
    #[serde(default = "programme")]
    #[schema(read_only)]
    pub role: UserRole,
    /// What it may do, as far as its role allows that. `admin` is for clients of the programme.
    #[schema(min_items = 1, max_items = 8)]
    pub scopes: Vec<Scope>,
    /// Whether it can be used. Switched off, its tokens end at once, and do not come back with it.
    #[serde(default = "active")]
    pub active: bool,
    /// Its secrets, the newest last. The secrets themselves are told once, when they are made.
    #[serde(default)]
    #[schema(read_only, value_type = Vec<KeptSecret>, max_items = 10)]
    pub secrets: Secrets,
    /// When it was last given a token; null when it never was. It changes without a new version or ETag.
    #[serde(default)]
    #[schema(read_only)]
    pub last_used_at: Option<DateTime<Utc>>,
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

fn programme() -> UserRole {
    UserRole::Admin
}

/// The filter of a list of machine clients; repeated values mean "any of".
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ClientFilter {
    /// Only clients of this city.
    #[serde(default)]
    #[param(max_items = 50)]
    pub city: Vec<CityId>,
    /// Only clients that can be used, or only those that cannot.
    pub active: Option<bool>,
}
