//! The secrets of a machine client in the database: digests alone, each with the tokens that were given for it.

use super::types::Client;
use crate::auth::secrets::Kind;
use crate::ids::ClientId;
use crate::rotation::{Secrets, WithSecrets, kept_secrets};
use crate::schema::client_secrets;

impl WithSecrets for Client {
    const KIND: Kind = Kind::ClientSecret;

    fn secrets(&mut self) -> &mut Secrets {
        &mut self.secrets
    }
}

kept_secrets!(client_secrets, of = client: ClientId, digest = |secret| secret.digest().to_vec());
