//! What deliveries are signed with, in the database: the secrets themselves, because the service signs with them. No type
//! that holds one can be put into JSON.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::types::Webhook;
use crate::auth::secrets::Kind;
use crate::db::Connection;
use crate::ids::WebhookId;
use crate::rotation::{Secrets, Step, WithSecrets};
use crate::schema::webhook_secrets;

impl WithSecrets for Webhook {
    const KIND: Kind = Kind::WebhookSecret;
    const NEEDS_ONE: bool = true;

    fn secrets(&mut self) -> &mut Secrets {
        &mut self.secrets
    }
}

/// Brings what is signed with in step with `secrets`; `before` is what stands there now.
pub async fn store(
    conn: &mut Connection,
    webhook: WebhookId,
    secrets: &Secrets,
    before: &Secrets,
) -> QueryResult<()> {
    for step in secrets.steps_from(before) {
        match step {
            Step::Made(note, secret) => {
                let row = (
                    webhook_secrets::id.eq(note.id),
                    webhook_secrets::webhook.eq(webhook),
                    webhook_secrets::secret.eq(secret.expose()),
                    webhook_secrets::created_at.eq(note.created_at),
                    webhook_secrets::expires_at.eq(note.expires_at),
                );
                let new = diesel::insert_into(webhook_secrets::table).values(row);
                new.execute(conn).await?;
            }
            Step::Ending(note) => {
                diesel::update(webhook_secrets::table.find(note.id))
                    .set(webhook_secrets::expires_at.eq(note.expires_at))
                    .execute(conn)
                    .await?;
            }
            Step::Ended(note) => {
                let gone = webhook_secrets::table.find(note.id);
                diesel::delete(gone).execute(conn).await?;
            }
        }
    }
    Ok(())
}
