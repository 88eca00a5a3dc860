//! Authorization codes in the database: each is exchanged for tokens once, within a minute.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::db::Connection;
use crate::ids::{ApplicationId, SessionId, UserId};
use crate::schema::authorization_codes;

/// Seconds for which a code can be exchanged.
const LIFE: i64 = 60;

/// What a code stands for.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = authorization_codes)]
pub struct AuthorizationCode {
    /// SHA-256 of the code.
    pub digest: Vec<u8>,
    /// The application that it was given to; none: Swagger UI.
    pub application: Option<ApplicationId>,
    /// Who signed in.
    pub user: UserId,
    /// Where it was led to.
    pub redirect_uri: String,
    /// SHA-256 of the verifier, in base64url (RFC 7636, section 4.2, S256).
    pub challenge: String,
    /// What the tokens are to allow.
    pub scope: String,
    /// Whether they allow no more than that, whatever the person may.
    pub narrowed: bool,
    /// When it was given.
    pub created_at: DateTime<Utc>,
    /// Until when it can be exchanged.
    pub expires_at: DateTime<Utc>,
    /// The session that it was exchanged for.
    pub session: Option<SessionId>,
}

impl AuthorizationCode {
    /// Until when a code works that is given now.
    pub fn expiry(now: DateTime<Utc>) -> DateTime<Utc> {
        now + TimeDelta::seconds(LIFE)
    }
}

/// Keeps a code.
pub async fn insert(conn: &mut Connection, code: &AuthorizationCode) -> QueryResult<()> {
    diesel::insert_into(authorization_codes::table)
        .values(code)
        .execute(conn)
        .await
        .map(drop)
}

/// The code with this digest, locked until the transaction ends.
pub async fn lock(conn: &mut Connection, digest: &[u8]) -> QueryResult<Option<AuthorizationCode>> {
    authorization_codes::table
        .find(digest)
        .select(AuthorizationCode::as_select())
        .for_update()
        .first(conn)
        .await
        .optional()
}

/// Notes what a code was exchanged for.
pub async fn note_exchanged(
    conn: &mut Connection,
    digest: &[u8],
    session: SessionId,
) -> QueryResult<()> {
    diesel::update(authorization_codes::table.find(digest))
        .set(authorization_codes::session.eq(session))
        .execute(conn)
        .await
        .map(drop)
}

/// Forgets codes that have expired, at the latest an hour after: so long one that is shown again ends its session.
pub async fn delete_old(conn: &mut Connection, now: DateTime<Utc>) -> QueryResult<usize> {
    let expired = authorization_codes::expires_at.lt(now - TimeDelta::hours(1));
    diesel::delete(authorization_codes::table.filter(expired))
        .execute(conn)
        .await
}
