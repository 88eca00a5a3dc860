//! Sessions in the database: one family of refresh tokens each, rotated by generation under a row lock.
//!
//! A refresh token works once. Using one a second time ends the session, because somebody else may hold it. Only the
//! token just before the newest is forgiven, once, as long as nothing that it was answered was seen used, neither the
//! newest refresh token nor the access token beside it (`unseen_token`): the answer may have been lost on the way. What
//! was in it counts as used from then on.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::types::Session;
use crate::db::Connection;
use crate::events::{Author, Event, Happening, Patch};
use crate::ids::{ApplicationId, SessionId, UserId};
use crate::policy::Thing;
use crate::schema::{refresh_tokens, sessions, users};

/// A session that begins.
#[derive(Insertable)]
#[diesel(table_name = sessions)]
pub struct NewSession {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// The application that the person signed in to; none: the service itself.
    pub application: Option<ApplicationId>,
    /// What its tokens allow.
    pub scope: String,
    /// Whether they allow no more than that, whatever the person may.
    pub narrowed: bool,
    /// Of the newest refresh token.
    pub generation: i32,
    /// The program that signed in.
    pub user_agent: String,
    /// The network address it came from.
    pub address: String,
    /// When it begins.
    pub created_at: DateTime<Utc>,
    /// When it was last renewed.
    pub used_at: DateTime<Utc>,
    /// When it ends unless it is renewed.
    pub expires_at: DateTime<Utc>,
}

/// Begins a session with its first refresh token.
pub async fn insert(conn: &mut Connection, session: &NewSession, digest: &[u8]) -> QueryResult<()> {
    diesel::insert_into(sessions::table)
        .values(session)
        .execute(conn)
        .await?;
    insert_token(
        conn,
        session.id,
        digest,
        session.generation,
        session.created_at,
    )
    .await
}

async fn insert_token(
    conn: &mut Connection,
    session: SessionId,
    digest: &[u8],
    generation: i32,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    diesel::insert_into(refresh_tokens::table)
        .values((
            refresh_tokens::digest.eq(digest),
            refresh_tokens::session.eq(session),
            refresh_tokens::generation.eq(generation),
            refresh_tokens::created_at.eq(now),
        ))
        .execute(conn)
        .await
        .map(drop)
}

/// A session that was renewed.
#[derive(Queryable, Selectable)]
#[diesel(table_name = sessions)]
pub struct Renewed {
    /// The session.
    #[diesel(column_name = id)]
    pub session: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// The application that the person signed in to; none: the service itself.
    pub application: Option<ApplicationId>,
    /// What its tokens allow.
    pub scope: String,
    /// Whether they allow no more than that, whatever the person may.
    pub narrowed: bool,
}

/// What came of using a refresh token.
pub enum Rotation {
    /// The next token takes its place.
    Renewed(Renewed),
    /// The token is unknown, or its session or account has ended.
    Unknown,
    /// The token was used before: the session is ended.
    Reused,
}

/// A session, or a token of a machine client, has begun or ended.
pub fn session_event(author: &Author, session: SessionId, happening: Happening) -> Event {
    let version = if happening == Happening::Created {
        1
    } else {
        2
    };
    Event::new(
        author,
        Thing::Session,
        session.to_string(),
        happening,
        version,
        Vec::new(),
        Patch::default(),
    )
}

/// Uses the refresh token `used`, and puts `next` in its place, which is answered with the access token `access`.
pub async fn rotate(
    conn: &mut Connection,
    used: &[u8],
    next: &[u8],
    access: Uuid,
    now: DateTime<Utc>,
    life: TimeDelta,
) -> QueryResult<Rotation> {
    let found: Option<(SessionId, i32)> = refresh_tokens::table
        .find(used)
        .select((refresh_tokens::session, refresh_tokens::generation))
        .first(conn)
        .await
        .optional()?;
    let Some((session, generation)) = found else {
        return Ok(Rotation::Unknown);
    };
    let locked = sessions::table
        .find(session)
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(now));
    let living: Option<(Renewed, i32, Option<Uuid>)> = locked
        .select((
            Renewed::as_select(),
            sessions::generation,
            sessions::unseen_token,
        ))
        .for_update()
        .first(conn)
        .await
        .optional()?;
    let Some((renewed, newest, unseen)) = living else {
        return Ok(Rotation::Unknown);
    };
    let active: bool = users::table
        .find(renewed.user)
        .select(users::active)
        .first(conn)
        .await?;
    if !active {
        return Ok(Rotation::Unknown);
    }
    let is_newest = generation == newest;
    if !is_newest && (generation + 1 != newest || unseen.is_none()) {
        end(conn, session, renewed.user, "reused_token", now).await?;
        return Ok(Rotation::Reused);
    }
    diesel::update(sessions::table.find(session))
        .set((
            sessions::generation.eq(newest + 1),
            sessions::unseen_token.eq(is_newest.then_some(access)),
            sessions::used_at.eq(now),
            sessions::expires_at.eq(now + life),
        ))
        .execute(conn)
        .await?;
    insert_token(conn, session, next, newest + 1, now).await?;
    Ok(Rotation::Renewed(renewed))
}

/// Ends a session of this user; `false` when there is none.
pub async fn end(
    conn: &mut Connection,
    session: SessionId,
    user: UserId,
    reason: &str,
    now: DateTime<Utc>,
) -> QueryResult<bool> {
    let living = sessions::table
        .filter(sessions::id.eq(session))
        .filter(sessions::user.eq(user))
        .filter(sessions::ended_at.is_null());
    let ended = diesel::update(living)
        .set((
            sessions::ended_at.eq(now),
            sessions::ended_reason.eq(reason),
        ))
        .execute(conn)
        .await?;
    Ok(ended > 0)
}

/// Ends the sessions in an application.
pub async fn end_in(conn: &mut Connection, application: &ApplicationId) -> QueryResult<()> {
    diesel::delete(sessions::table.filter(sessions::application.eq(application)))
        .execute(conn)
        .await
        .map(drop)
}

/// Ends every session; answers how many lived.
pub async fn end_all(conn: &mut Connection, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(sessions::table.filter(sessions::ended_at.is_null()))
        .set((
            sessions::ended_at.eq(now),
            sessions::ended_reason.eq("signed_out"),
        ))
        .execute(conn)
        .await
}

/// The living sessions of a user, newest first.
pub async fn list(
    conn: &mut Connection,
    user: UserId,
    now: DateTime<Utc>,
) -> QueryResult<Vec<Session>> {
    sessions::table
        .filter(sessions::user.eq(user))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .order(sessions::id.desc())
        .limit(1000)
        .select(Session::as_select())
        .load(conn)
        .await
}

/// The living session that a refresh token of any generation belongs to, and whose it is.
pub async fn find_by_token(
    conn: &mut Connection,
    digest: &[u8],
    now: DateTime<Utc>,
) -> QueryResult<Option<Holding>> {
    refresh_tokens::table
        .inner_join(sessions::table.inner_join(users::table))
        .filter(refresh_tokens::digest.eq(digest))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .filter(users::active)
        .select((
            sessions::id,
            sessions::user,
            sessions::scope,
            sessions::expires_at,
            refresh_tokens::generation.eq(sessions::generation),
            sessions::application,
        ))
        .first(conn)
        .await
        .optional()
}

/// A refresh token of a living session.
#[derive(Queryable)]
pub struct Holding {
    /// The session.
    pub session: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// What its tokens allow.
    pub scope: String,
    /// When it ends unless it is renewed.
    pub expires_at: DateTime<Utc>,
    /// Whether it is the one to renew with.
    pub is_newest: bool,
    /// The application that the person signed in to; none: the service itself.
    pub application: Option<ApplicationId>,
}

/// Removes sessions that ended or expired more than `kept` ago.
pub async fn delete_old(
    conn: &mut Connection,
    now: DateTime<Utc>,
    kept: TimeDelta,
) -> QueryResult<usize> {
    let limit = now - kept;
    diesel::delete(
        sessions::table.filter(
            sessions::expires_at
                .lt(limit)
                .or(sessions::ended_at.lt(limit)),
        ),
    )
    .execute(conn)
    .await
}
