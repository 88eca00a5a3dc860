//! The tokens that are answered to people and to machine clients.

use actix_web::http::header::USER_AGENT;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::sessions::{self, NewSession, session_event};
use super::types::{Tokens, User};
use crate::auth::keys::AccessClaims;
use crate::auth::secrets::{Kind, Secret};
use crate::clock::seconds;
use crate::db::Connection;
use crate::events::{Author, Happening, record};
use crate::ids::{ApplicationId, CityId, SessionId};
use crate::policy::{Role, Scopes, scopes};
use crate::problem::{Code, Problem};
use crate::request::Ask;
use crate::resource::new_uuid;

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
    /// Whether it is a person who asked for less than the role allows, or an application did.
    pub narrowed: bool,
    /// The application that the person signed in to; none: the service itself.
    pub application: Option<ApplicationId>,
}

/// How far the tokens of a person's session reach.
#[derive(Clone, Debug)]
pub struct Reach {
    /// The application that the person signed in to; none: the service itself.
    pub application: Option<ApplicationId>,
    /// What they allow.
    pub scope: Scopes,
    /// Whether they allow no more than that, whatever the person may.
    pub narrowed: bool,
}

impl Reach {
    /// As far as the person's role does, whatever that is by then.
    pub fn of_role(user: &User) -> Self {
        Self {
            application: None,
            scope: scopes(user.role.into()),
            narrowed: false,
        }
    }
}

/// Begins a session of `user`, records it, and makes its first tokens.
pub async fn begin_session(
    conn: &mut Connection,
    ask: &Ask,
    author: &Author,
    user: &User,
    reach: Reach,
) -> Result<(SessionId, Tokens), Problem> {
    let refresh_token = new_refresh_token()?;
    let session = NewSession {
        id: new_uuid().into(),
        user: user.id,
        application: reach.application,
        scope: reach.scope.to_string(),
        narrowed: reach.narrowed,
        generation: 1,
        user_agent: ask.header(USER_AGENT).chars().take(200).collect(),
        address: ask.address.chars().take(64).collect(),
        created_at: author.at,
        used_at: author.at,
        expires_at: author.at + session_life(ask),
    };
    sessions::insert(conn, &session, &refresh_token.digest()).await?;
    let author = Author {
        by: Some(user.id.into()),
        ..author.clone()
    };
    let event = session_event(&author, session.id, Happening::Created);
    record(conn, &event).await?;
    let holder = Holder {
        narrowed: session.narrowed,
        application: session.application,
        ..Holder::person(user, session.id, new_uuid())
    };
    let tokens = tokens(ask, &holder, session.scope, Some(&refresh_token), author.at)?;
    Ok((session.id, tokens))
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
            application: None,
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
        client_id: match &holder.application {
            Some(application) => application.to_string(),
            None => holder.id.to_string(),
        },
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
