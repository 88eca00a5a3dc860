//! A user as row and as JSON; what signing in asks and answers.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::column::words;
use crate::ids::{ApplicationId, CityId, SessionId, UserId};
use crate::places::Line;
use crate::policy::Role;
use crate::schema::users;

words! {
    /// What an account may be.
    UserRole {
        /// A programme admin.
        Admin = "admin",
        /// A user of an EU city.
        EuCity = "eu_city",
        /// A user of a Japanese city.
        JpCity = "jp_city",
    }
}

impl From<UserRole> for Role {
    fn from(role: UserRole) -> Self {
        match role {
            UserRole::Admin => Self::Admin,
            UserRole::EuCity => Self::EuCity,
            UserRole::JpCity => Self::JpCity,
        }
    }
}

/// A person who signs in.
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
#[diesel(table_name = users, treat_none_as_null = true)]
pub struct User {
    /// Id of the account.
    #[serde(default)]
    #[schema(read_only)]
    pub id: UserId,
    /// The e-mail address to sign in with; no two accounts share one, however it is capitalised.
    #[schema(
        min_length = 3,
        max_length = 254,
        format = "email",
        example = "planning@city.example"
    )]
    pub email: String,
    /// The person's name.
    pub name: Line,
    /// What the account may do.
    pub role: UserRole,
    /// The city of a city user, of the role's side; null for admins.
    pub city: Option<CityId>,
    /// Whether the account can be used. Switched off, its sessions end at once, and do not come back with it.
    #[serde(default = "active")]
    pub active: bool,
    /// The password, written only: 12 to 256 characters, none of the common ones. Required at creation; left out
    /// of a change, it stays.
    #[serde(
        default,
        skip_serializing_if = "PasswordHash::is_secret",
        serialize_with = "PasswordHash::refuse"
    )]
    #[schema(write_only, value_type = String, min_length = 12, max_length = 256, format = "password", example = "violet-harbour-1642")]
    #[diesel(column_name = password_hash)]
    pub password: PasswordHash,
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

/// The Argon2id hash of a password (PHC string). It has no `Serialize`: it never leaves the service.
#[derive(Clone, Default, PartialEq, Deserialize, diesel_derive_newtype::DieselNewType)]
#[serde(try_from = "String")]
pub struct PasswordHash(String);

/// The text is no password hash: whatever is stored has gone through the hasher.
#[derive(Debug)]
pub struct NotHashed;

impl std::fmt::Display for NotHashed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a password is only stored hashed")
    }
}

impl TryFrom<String> for PasswordHash {
    type Error = NotHashed;

    fn try_from(text: String) -> Result<Self, NotHashed> {
        if text.starts_with("$argon2id$") {
            Ok(Self(text))
        } else {
            Err(NotHashed)
        }
    }
}

impl PasswordHash {
    /// Whether none is given.
    pub fn is_unset(&self) -> bool {
        self.0.is_empty()
    }

    /// Always: no hash is shown to anybody.
    fn is_secret(&self) -> bool {
        true
    }

    /// The second wall: were the first one taken down, an answer with a hash would fail.
    fn refuse<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom(
            "a password hash is not serialised",
        ))
    }

    /// The PHC string.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// The filter of a list of users; repeated values mean "any of".
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UserFilter {
    /// Only accounts of this role.
    #[serde(default)]
    #[param(max_items = 3)]
    pub role: Vec<UserRole>,
    /// Only users of this city.
    #[serde(default)]
    #[param(max_items = 50)]
    pub city: Vec<CityId>,
    /// Only accounts that can be used, or only those that cannot.
    pub active: Option<bool>,
}

/// Who the caller is.
#[derive(Serialize, ToSchema)]
pub struct Me {
    /// The account.
    pub user: User,
    /// The session of the token.
    pub session: SessionId,
    /// What the token allows (RFC 6749, section 3.3), separated by spaces.
    #[schema(
        max_length = 300,
        pattern = "^[a-z:]+( [a-z:]+)*$",
        example = "read plans:write"
    )]
    pub scope: String,
}

/// What signing in asks.
#[derive(Deserialize, ToSchema)]
pub struct SignIn {
    /// The e-mail address of the account.
    #[schema(
        min_length = 3,
        max_length = 254,
        format = "email",
        example = "planning@city.example"
    )]
    pub email: String,
    /// Its password.
    #[schema(
        min_length = 1,
        max_length = 256,
        format = "password",
        example = "violet-harbour-1642"
    )]
    pub password: String,
}

/// Tokens (RFC 6749, section 5.1).
#[derive(Serialize, ToSchema)]
pub struct Tokens {
    /// Send it as `Authorization: Bearer …` (RFC 6750).
    #[schema(
        max_length = 4096,
        pattern = "^[A-Za-z0-9_.-]+$",
        example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSJ9.e30.c2ln"
    )]
    pub access_token: String,
    /// `Bearer`.
    #[schema(max_length = 10, pattern = "^Bearer$", example = "Bearer")]
    pub token_type: &'static str,
    /// Seconds for which the access token lives.
    #[schema(minimum = 1, maximum = 86400, example = 600)]
    pub expires_in: i64,
    /// Gives the next tokens at /oauth/token, once. A machine client has none: it asks again with its secret.
    #[schema(
        max_length = 100,
        pattern = "^[A-Za-z0-9_-]+$",
        nullable = false,
        example = "iuc_rt_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// What the token allows, separated by spaces.
    #[schema(
        max_length = 300,
        pattern = "^[a-z:]+( [a-z:]+)*$",
        example = "read plans:write"
    )]
    pub scope: String,
}

/// One sign-in of one person.
#[derive(Serialize, Queryable, Selectable, ToSchema)]
#[diesel(table_name = crate::schema::sessions)]
pub struct Session {
    /// Id of the session; DELETE on it signs out.
    pub id: SessionId,
    /// The application that it is in; null: the service itself, by password or in Swagger UI.
    pub application: Option<ApplicationId>,
    /// What its tokens allow, separated by spaces.
    #[schema(
        max_length = 300,
        pattern = "^[a-z:]+( [a-z:]+)*$",
        example = "read plans:write"
    )]
    pub scope: String,
    /// The program that signed in, as it called itself.
    #[schema(max_length = 200, pattern = "^.*$")]
    pub user_agent: String,
    /// The network address it came from.
    #[schema(max_length = 64, pattern = "^.*$")]
    pub address: String,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was last renewed.
    pub used_at: DateTime<Utc>,
    /// When it ends unless it is renewed.
    pub expires_at: DateTime<Utc>,
}

/// The caller's sessions.
#[derive(Serialize, ToSchema)]
pub struct SessionList {
    /// The newest first.
    #[schema(max_items = 1000)]
    pub items: Vec<Session>,
}
