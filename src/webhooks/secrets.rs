//! What deliveries are signed with, in the database: the secrets themselves, because the service signs with them. No type
//! that holds one can be put into JSON.

use super::types::Webhook;
use crate::auth::secrets::Kind;
use crate::ids::WebhookId;
use crate::rotation::{Secrets, WithSecrets, kept_secrets};
use crate::schema::webhook_secrets;

impl WithSecrets for Webhook {
    const KIND: Kind = Kind::WebhookSecret;
    const NEEDS_ONE: bool = true;

    fn secrets(&mut self) -> &mut Secrets {
        &mut self.secrets
    }
}

kept_secrets!(webhook_secrets, of = webhook: WebhookId, secret = |secret| secret.expose());
