//! What machine clients are given: they show who they are, get tokens, and tokens are taken back from them.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::types::Client;
use crate::auth::secrets::{Kind, Secret};
use crate::db::Connection;
use crate::ids::{ClientId, SecretId};
use crate::schema::{client_secrets, client_tokens, clients};

/// A client that has shown its secret.
#[derive(Clone)]
pub struct Known {
    /// The client.
    pub client: Client,
    /// The secret that it has shown.
    pub secret: SecretId,
}

/// The active client whose secret this is; an unknown client takes as long as a wrong secret.
pub async fn find_by_secret(
    conn: &mut Connection,
    id: &str,
    secret: &str,
    now: DateTime<Utc>,
) -> QueryResult<Option<Known>> {
    let works = client_secrets::expires_at
        .is_null()
        .or(client_secrets::expires_at.assume_not_null().gt(now));
    let found: Vec<(Client, SecretId, Vec<u8>)> = client_secrets::table
        .inner_join(clients::table)
        .filter(clients::id.eq(id.parse().unwrap_or_else(|_| ClientId::default())))
        .filter(clients::active)
        .filter(works)
        .select((
            Client::as_select(),
            client_secrets::id,
            client_secrets::digest,
        ))
        .load(conn)
        .await?;
    let Ok(shown) = Secret::parse(Kind::ClientSecret, secret) else {
        return Ok(None);
    };
    let mut known = None;
    for (client, secret, digest) in found {
        if shown.matches(&digest) {
            known = Some(Known { client, secret });
        }
    }
    Ok(known)
}

/// Notes a token that is given to a client for its secret; `false` when either has ended in between. The client is
/// locked before the secret, as by every other write.
pub async fn insert(
    conn: &mut Connection,
    token: Uuid,
    known: &Known,
    now: DateTime<Utc>,
    life: TimeDelta,
) -> QueryResult<bool> {
    let active = clients::table.find(known.client.id);
    let used = diesel::update(active.filter(clients::active))
        .set(clients::last_used_at.eq(now))
        .execute(conn)
        .await?;
    let kept: Option<SecretId> = client_secrets::table
        .find(known.secret)
        .select(client_secrets::id)
        .for_key_share()
        .first(conn)
        .await
        .optional()?;
    if used == 0 || kept.is_none() {
        return Ok(false);
    }
    let row = (
        client_tokens::id.eq(token),
        client_tokens::secret.eq(known.secret),
        client_tokens::created_at.eq(now),
        client_tokens::expires_at.eq(now + life),
    );
    diesel::insert_into(client_tokens::table)
        .values(row)
        .execute(conn)
        .await?;
    Ok(true)
}

/// Takes a token back; `false` when it had ended.
pub async fn delete(conn: &mut Connection, token: Uuid) -> QueryResult<bool> {
    let ended = diesel::delete(client_tokens::table.find(token))
        .execute(conn)
        .await?;
    Ok(ended > 0)
}

/// Forgets tokens that have expired, at the latest an hour after.
pub async fn delete_old(conn: &mut Connection, now: DateTime<Utc>) -> QueryResult<usize> {
    let expired = client_tokens::expires_at.lt(now - TimeDelta::hours(1));
    diesel::delete(client_tokens::table.filter(expired))
        .execute(conn)
        .await
}

/// Ends every token of a client.
pub async fn end_of(conn: &mut Connection, client: ClientId) -> QueryResult<()> {
    let its = client_secrets::table
        .filter(client_secrets::client.eq(client))
        .select(client_secrets::id);
    diesel::delete(client_tokens::table.filter(client_tokens::secret.eq_any(its)))
        .execute(conn)
        .await
        .map(drop)
}

/// Ends every token.
pub async fn end_all(conn: &mut Connection) -> QueryResult<()> {
    diesel::delete(client_tokens::table)
        .execute(conn)
        .await
        .map(drop)
}
