//! The secrets of a machine client in the database: digests alone, each with the tokens that were given for it.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::types::Client;
use crate::auth::secrets::Kind;
use crate::db::Connection;
use crate::ids::ClientId;
use crate::rotation::{Secrets, Step, WithSecrets};
use crate::schema::client_secrets;

impl WithSecrets for Client {
    const KIND: Kind = Kind::ClientSecret;

    fn secrets(&mut self) -> &mut Secrets {
        &mut self.secrets
    }
}

/// Brings the digests in step with `secrets`; `before` are those that they stand for now.
pub async fn store(
    conn: &mut Connection,
    client: ClientId,
    secrets: &Secrets,
    before: &Secrets,
) -> QueryResult<()> {
    for step in secrets.steps_from(before) {
        match step {
            Step::Made(note, secret) => {
                let row = (
                    client_secrets::id.eq(note.id),
                    client_secrets::client.eq(client),
                    client_secrets::digest.eq(secret.digest().to_vec()),
                    client_secrets::created_at.eq(note.created_at),
                    client_secrets::expires_at.eq(note.expires_at),
                );
                let new = diesel::insert_into(client_secrets::table).values(row);
                new.execute(conn).await?;
            }
            Step::Ending(note) => {
                diesel::update(client_secrets::table.find(note.id))
                    .set(client_secrets::expires_at.eq(note.expires_at))
                    .execute(conn)
                    .await?;
            }
            Step::Ended(note) => {
                let gone = client_secrets::table.find(note.id);
                diesel::delete(gone).execute(conn).await?;
            }
        }
    }
    Ok(())
}
