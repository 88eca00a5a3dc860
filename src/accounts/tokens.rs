//! The tokens that are answered to people and to machine clients.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::types::{Tokens, User};
use crate::auth::keys::AccessClaims;
use crate::auth::secrets::{Kind, Secret};
use crate::clock::seconds;
use crate::ids::{CityId, SessionId};
use crate::policy::Role;
use crate::problem::{Code, Problem};
use crate::request::Ask;

/// Who holds a token.
pub struct Holder {
    /// The person or the machine client.
    pub id: Uuid,
    /// What it is.
    pub role: Role,
    /// The city it belongs to.
    pub city: Option<CityId>,
    /// The session, or what is kept of a client's token.
    pub grant: Uuid,
    /// The id of the access token.
    pub token: Uuid,
    /// Whether it is a machine client.
    pub machine: bool,
    /// Whether it is a person who asked for less than the session allows.
    pub narrowed: bool,
}

impl Holder {
    /// A person in a session, with an access token of this id.
    pub fn person(user: &User, session: SessionId, token: Uuid) -> Self {
        Self {
            id: user.id.uuid(),
            role: user.role.into(),
            city: user.city.clone(),
            grant: session.uuid(),
            token,
            machine: false,
            narrowed: false,
        }
    }
}

/// An access token of this scope, and the refresh token where there is one.
pub fn tokens(
    ask: &Ask,
    holder: &Holder,
    scope: String,
    refresh_token: Option<&Secret>,
    now: DateTime<Utc>,
) -> Result<Tokens, Problem> {
    let life = access_token_life(ask);
    let claims = AccessClaims {
        iss: ask.app.public_url.clone(),
        aud: ask.app.url("/v1"),
        sub: holder.id,
        jti: holder.token,
        sid: holder.grant,
        role: holder.role.as_str().to_owned(),
        city: holder.city.as_ref().map(ToString::to_string),
        scope: scope.clone(),
        iat: now.timestamp(),
        exp: (now + life).timestamp(),
        client_id: holder.id.to_string(),
        machine: holder.machine,
        narrowed: holder.narrowed,
    };
    let access_token = ask.app.keys.sign(&claims).map_err(|error| {
        tracing::error!(%error, "an access token could not be signed");
        Problem::new(Code::Internal)
    })?;
    Ok(Tokens {
        access_token,
        token_type: "Bearer",
        expires_in: life.num_seconds(),
        refresh_token: refresh_token.map(|token| token.expose().to_owned()),
        scope,
    })
}

/// How long an access token lives.
pub fn access_token_life(ask: &Ask) -> TimeDelta {
    seconds(ask.app.config.settings.access_token_life)
}

/// How long a session lives that is not renewed.
pub fn session_life(ask: &Ask) -> TimeDelta {
    seconds(ask.app.config.settings.session_life)
}

/// A new refresh token.
pub fn new_refresh_token() -> Result<Secret, Problem> {
    Secret::generate(Kind::RefreshToken).map_err(|error| {
        tracing::error!(%error, "no refresh token could be made");
        Problem::new(Code::Internal)
    })
}
