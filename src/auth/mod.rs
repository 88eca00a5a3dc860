//! Who is calling: access tokens turned into a [`Caller`], before anything of the request's body is read.
//!
//! A token only says which session it belongs to. What its holder may do is read from the database with each
//! request, so that taking away a user, a role or a session works on the next request, on every instance.

pub mod keys;
pub mod passwords;
pub mod secrets;

use actix_web::http::header;
use aws_lc_rs::digest;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use self::keys::AccessClaims;

use crate::db::Connection;
use crate::ids::{CityId, SessionId, UserId};
use crate::policy::{Relation, Role};
use crate::problem::{Code, Problem};
use crate::schema::{sessions, users};

/// Who sends a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// What the caller is.
    pub role: Role,
    /// The account, unless anonymous.
    pub user: Option<UserId>,
    /// The city that a city user belongs to.
    pub city: Option<CityId>,
    /// The session that the token belongs to.
    pub session: Option<SessionId>,
}

impl Caller {
    /// Somebody without a token.
    pub const ANONYMOUS: Self = Self {
        role: Role::Anonymous,
        user: None,
        city: None,
        session: None,
    };

    /// The programme itself, as when its data is loaded from the command line.
    pub const PROGRAMME: Self = Self {
        role: Role::Admin,
        user: None,
        city: None,
        session: None,
    };

    /// How the caller stands to something that belongs to these cities.
    pub fn relation_to_cities<'a>(&self, mut cities: impl Iterator<Item = &'a CityId>) -> Relation {
        match &self.city {
            Some(own) if cities.any(|city| city == own) => Relation::Own,
            _ => Relation::Other,
        }
    }

    /// Stands for the caller, as what it is now, where the answers to keyed requests are kept: who has another role or
    /// city since is not answered what the former one was.
    pub fn key(&self) -> Uuid {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(self.user.map_or(Uuid::nil(), UserId::uuid).as_bytes());
        context.update(self.role.as_str().as_bytes());
        context.update(self.city.as_ref().map_or("", CityId::as_str).as_bytes());
        let hash = context.finish();
        hash.as_ref()
            .first_chunk()
            .map_or(Uuid::nil(), |first| Uuid::from_bytes(*first))
    }
}

/// What a well-signed token says; whether it still holds, only the database knows.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Who the token was given to, as it was then.
    pub caller: Caller,
    /// Its session.
    pub session: SessionId,
    /// Its account.
    pub user: UserId,
}

impl Claim {
    /// What these claims say; `None` when they name no role or city.
    pub fn of(claims: &AccessClaims) -> Option<Self> {
        let (session, user) = (claims.sid.into(), claims.sub.into());
        let caller = Caller {
            role: claims.role.parse().ok()?,
            user: Some(user),
            city: claims
                .city
                .as_ref()
                .map(|city| city.parse())
                .transpose()
                .ok()?,
            session: Some(session),
        };
        Some(Self {
            caller,
            session,
            user,
        })
    }

    /// Who the caller is by now; a problem when the session or the account has ended.
    pub async fn confirm(&self, conn: &Connection) -> Result<Caller, Problem> {
        let found = find_caller(conn, self.session, self.user).await?;
        found.ok_or_else(invalid_token)
    }
}

/// The problem of a token that is wrong or has ended (RFC 6750, section 3.1).
pub fn invalid_token() -> Problem {
    Problem::new(Code::InvalidToken)
        .header(header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")
}

/// The caller behind a living session of an active user; `None` when either has ended.
async fn find_caller(
    mut conn: &Connection,
    session: SessionId,
    user: UserId,
) -> QueryResult<Option<Caller>> {
    let found: Option<(Role, Option<CityId>)> = sessions::table
        .inner_join(users::table)
        .filter(sessions::id.eq(session))
        .filter(sessions::user.eq(user))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(diesel::dsl::now))
        .filter(users::active)
        .select((users::role, users::city))
        .first(&mut conn)
        .await
        .optional()?;
    Ok(found.map(|(role, city)| Caller {
        role,
        user: Some(user),
        city,
        session: Some(session),
    }))
}
