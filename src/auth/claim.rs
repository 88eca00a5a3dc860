//! What a well-signed token says, and whether that still holds: one statement, sent in the round trip of the reading
//! itself where there is one (`request.rs`).

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::keys::AccessClaims;
use super::{Caller, invalid_token};
use crate::db::Connection;
use crate::ids::{CityId, ClientId, SessionId, UserId};
use crate::policy::{Role, Scope, Scopes, scopes};
use crate::problem::Problem;
use crate::schema::{client_secrets, client_tokens, clients, sessions, users};

/// What a token was given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// A person's session.
    Session {
        /// The session.
        session: SessionId,
        /// Whose it is.
        user: UserId,
        /// Whether its token reaches less far than the role.
        narrowed: bool,
    },
    /// One token of a machine client.
    Client {
        /// What is kept of the token.
        token: Uuid,
        /// Whose it is.
        client: ClientId,
    },
}

/// What a well-signed token says; whether it still holds, only the database knows.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Who the token was given to, as it was then.
    pub caller: Caller,
    /// What it was given for.
    pub grant: Grant,
    /// Its id.
    token: Uuid,
    /// The scopes that the operation needs; none: no scope opens it.
    needed: Option<Scopes>,
}

impl Claim {
    /// What these claims say, of an operation that needs these scopes; `None` when they name no role or city.
    pub fn of(claims: &AccessClaims, needed: Option<Scopes>) -> Option<Self> {
        let grant = if claims.machine {
            Grant::Client {
                token: claims.sid,
                client: claims.sub.into(),
            }
        } else {
            Grant::Session {
                session: claims.sid.into(),
                user: claims.sub.into(),
                narrowed: claims.narrowed,
            }
        };
        let city = claims.city.as_ref().map(|city| city.parse());
        let caller = grant.caller(
            claims.role.parse().ok()?,
            city.transpose().ok()?,
            Scopes::known_in(&claims.scope),
        );
        Some(Self {
            caller,
            grant,
            token: claims.jti,
            needed,
        })
    }

    /// Who the caller is by now; a problem when what the token was given for has ended, or does not reach far enough.
    pub async fn confirm(&self, conn: &Connection) -> Result<Caller, Problem> {
        let caller = self.find(conn).await?.ok_or_else(invalid_token)?;
        caller.pass(self.needed)?;
        Ok(caller)
    }

    /// Who the caller is by now; `None` when what the token was given for has ended.
    pub async fn find(&self, conn: &Connection) -> QueryResult<Option<Caller>> {
        let given = self.caller.scopes.unwrap_or_default();
        match self.grant {
            Grant::Session { session, user, .. } => {
                let Some((role, city, is_unseen)) =
                    find_person(conn, session, user, self.token).await?
                else {
                    return Ok(None);
                };
                if is_unseen {
                    note_seen(conn, session, self.token).await?;
                }
                Ok(Some(self.grant.caller(role, city, given.and(scopes(role)))))
            }
            Grant::Client { token, client } => {
                let found = find_client(conn, token, client).await?;
                Ok(found.map(|(role, city, granted)| {
                    let reach = given.and(granted.into_iter().collect());
                    self.grant.caller(role, city, reach.and(scopes(role)))
                }))
            }
        }
    }
}

impl Grant {
    /// Who is called so; a person's token reaches as far as the role, unless it was narrowed.
    fn caller(self, role: Role, city: Option<CityId>, scopes: Scopes) -> Caller {
        match self {
            Self::Session {
                session,
                user,
                narrowed,
            } => Caller {
                role,
                user: Some(user),
                city,
                session: Some(session),
                scopes: narrowed.then_some(scopes),
                ..Caller::ANONYMOUS
            },
            Self::Client { client, .. } => Caller {
                role,
                client: Some(client),
                city,
                scopes: Some(scopes),
                ..Caller::ANONYMOUS
            },
        }
    }
}

/// Role and city behind a living session of an active user, and whether this token of it was never seen used since its
/// refresh token was renewed; `None` when session or user has ended.
async fn find_person(
    mut conn: &Connection,
    session: SessionId,
    user: UserId,
    token: Uuid,
) -> QueryResult<Option<(Role, Option<CityId>, bool)>> {
    sessions::table
        .inner_join(users::table)
        .filter(sessions::id.eq(session))
        .filter(sessions::user.eq(user))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(diesel::dsl::now))
        .filter(users::active)
        .select((
            users::role,
            users::city,
            sessions::unseen_token.is_not_distinct_from(token),
        ))
        .first(&mut conn)
        .await
        .optional()
}

/// Notes that the answer of the last renewal has arrived: the refresh token before it is forgiven no more. Only the first
/// use of an access token writes.
async fn note_seen(mut conn: &Connection, session: SessionId, token: Uuid) -> QueryResult<()> {
    diesel::update(sessions::table.find(session))
        .filter(sessions::unseen_token.eq(token))
        .set(sessions::unseen_token.eq(None::<Uuid>))
        .execute(&mut conn)
        .await
        .map(drop)
}

/// Role, city and granted scopes behind a token of an active client that was given for a secret that still works;
/// `None` when any of these has ended.
async fn find_client(
    mut conn: &Connection,
    token: Uuid,
    client: ClientId,
) -> QueryResult<Option<(Role, Option<CityId>, Vec<Scope>)>> {
    let works = client_secrets::expires_at
        .is_null()
        .or(client_secrets::expires_at
            .assume_not_null()
            .gt(diesel::dsl::now));
    client_tokens::table
        .inner_join(client_secrets::table.inner_join(clients::table))
        .filter(client_tokens::id.eq(token))
        .filter(clients::id.eq(client))
        .filter(clients::active)
        .filter(works)
        .select((clients::role, clients::city, clients::scopes))
        .first(&mut conn)
        .await
        .optional()
}
