//! An application as row and as JSON.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::ids::ApplicationId;
use crate::places::{RedirectUri, Url};
use crate::policy::{Scope, Scopes};
use crate::schema::applications;
use crate::text::Title;

/// An application: a frontend to which people sign in on a page of this service.
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
#[diesel(table_name = applications, treat_none_as_null = true)]
pub struct Application {
    /// Readable id: its `client_id` at /oauth/authorize and /oauth/token; derived from the English name when left out at
    /// creation.
    #[serde(default)]
    pub id: ApplicationId,
    /// What it is called: people are told it where they sign in.
    pub name: Title,
    /// Its website.
    pub website: Option<Url>,
    /// Where people may be led back to when they have signed in: each as the application sends it.
    #[schema(min_items = 1, max_items = 10)]
    pub redirect_uris: Vec<RedirectUri>,
    /// What a person's tokens in it allow at the most; people are told it where they sign in.
    #[schema(min_items = 1, max_items = 8)]
    pub scopes: Vec<Scope>,
    /// Whether people can sign in to it. Switched off, their sessions in it end at once, and do not come back with it.
    #[serde(default = "active")]
    pub active: bool,
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

impl Application {
    /// Its scopes as a set.
    pub fn reach(&self) -> Scopes {
        self.scopes.iter().copied().collect()
    }
}

/// The filter of a list of applications.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ApplicationFilter {
    /// Only applications that people can sign in to, or only those that they cannot.
    pub active: Option<bool>,
}
