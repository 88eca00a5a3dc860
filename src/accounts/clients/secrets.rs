//! The secrets of a machine client: told once, kept as digests, replaced with an overlap so that no system stands
//! still, ended at once when one has leaked.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::types::Client;
use crate::accounts::tokens::seconds;
use crate::auth::secrets::{Kind, Secret};
use crate::column::jsonb;
use crate::db::Connection;
use crate::ids::{ClientId, ClientSecretId};
use crate::policy::Action;
use crate::problem::{Code, Problem};
use crate::resource::new_uuid;
use crate::schema::client_secrets;
use crate::write::{Deed, Doing, Done};

/// The most secrets that a client has at a time.
pub const MOST_SECRETS: usize = 10;

/// What is told of a secret of a machine client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ClientSecret {
    /// Id of the secret.
    pub id: ClientSecretId,
    /// Its last four characters.
    #[schema(
        min_length = 4,
        max_length = 4,
        pattern = "^[A-Za-z0-9_-]{4}$",
        example = "7xQ2"
    )]
    pub last_four: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends, with every token that was given for it; null when it has not been replaced.
    pub expires_at: Option<DateTime<Utc>>,
    #[serde(skip)]
    fresh: Fresh,
}

/// The secret itself, between its making and the answer that tells it.
#[derive(Clone, Default)]
struct Fresh(Option<Arc<Secret>>);

impl PartialEq for Fresh {
    /// It is no part of what is stored or answered.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Debug for Fresh {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fresh(…)")
    }
}

/// The secrets of one client, the newest last.
#[derive(
    Clone,
    Debug,
    Default,
    PartialEq,
    Serialize,
    Deserialize,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::Jsonb)]
#[serde(transparent)]
pub struct Secrets(Vec<ClientSecret>);

jsonb!(Secrets);

impl Secrets {
    /// Adds a new one. Those that have no end yet end after `overlap`; those that have ended are forgotten.
    pub fn add(&mut self, now: DateTime<Utc>, overlap: TimeDelta) -> Result<(), Problem> {
        self.0
            .retain(|secret| secret.expires_at.is_none_or(|end| end > now));
        if self.0.len() >= MOST_SECRETS {
            return Err(Problem::new(Code::TooManySecrets).with("limit", MOST_SECRETS));
        }
        for secret in &mut self.0 {
            secret.expires_at.get_or_insert(now + overlap);
        }
        let secret = Secret::generate(Kind::ClientSecret).map_err(|error| {
            tracing::error!(%error, "no client secret could be made");
            Problem::new(Code::Internal)
        })?;
        let text = secret.expose();
        self.0.push(ClientSecret {
            id: new_uuid().into(),
            last_four: text.get(text.len() - 4..).unwrap_or_default().to_owned(),
            created_at: now,
            expires_at: None,
            fresh: Fresh(Some(Arc::new(secret))),
        });
        Ok(())
    }

    /// Takes one out; `false` when there is none.
    fn remove(&mut self, id: ClientSecretId) -> bool {
        let before = self.0.len();
        self.0.retain(|secret| secret.id != id);
        self.0.len() < before
    }

    /// The one that has just been made, to be told.
    pub fn fresh(&self) -> Option<SecretString> {
        let fresh = self.0.iter().find_map(|secret| secret.fresh.0.as_ref());
        fresh.map(|secret| SecretString::from(secret.expose()))
    }

    /// Brings the digests in the database in step: `before` are the secrets that they stand for now.
    pub async fn store(
        &self,
        conn: &mut Connection,
        client: ClientId,
        before: &Self,
    ) -> QueryResult<()> {
        let ids: Vec<ClientSecretId> = self.0.iter().map(|secret| secret.id).collect();
        if before.0.iter().any(|secret| !ids.contains(&secret.id)) {
            let ended = client_secrets::table
                .filter(client_secrets::client.eq(client))
                .filter(client_secrets::id.ne_all(ids));
            diesel::delete(ended).execute(conn).await?;
        }
        for secret in &self.0 {
            if let Some(fresh) = &secret.fresh.0 {
                let row = (
                    client_secrets::id.eq(secret.id),
                    client_secrets::client.eq(client),
                    client_secrets::digest.eq(fresh.digest().to_vec()),
                    client_secrets::created_at.eq(secret.created_at),
                    client_secrets::expires_at.eq(secret.expires_at),
                );
                diesel::insert_into(client_secrets::table)
                    .values(row)
                    .execute(conn)
                    .await?;
            } else if !before.0.contains(secret) {
                diesel::update(client_secrets::table.find(secret.id))
                    .set(client_secrets::expires_at.eq(secret.expires_at))
                    .execute(conn)
                    .await?;
            }
        }
        Ok(())
    }
}

/// Making another secret, which takes the place of the others.
pub struct AddSecret;

impl Deed for AddSecret {
    type To = Client;
    type Body = ();

    const ACTION: Action = Action::Change;

    async fn run(
        conn: &mut Connection,
        doing: &Doing<'_>,
        to: Client,
        (): (),
    ) -> Result<Done, Problem> {
        let overlap = seconds(doing.ask.app.config.settings.secret_overlap);
        let mut after = to.clone();
        after.secrets.add(doing.author.at, overlap)?;
        let secret = after.secrets.fresh();
        let url = doing.ask.app.url(&format!("/v1/clients/{}", to.id));
        let done = doing.change(conn, to, after).await?;
        Ok(done.made_with(secret).at(url))
    }
}

/// Ending one secret at once.
pub struct EndSecret;

impl Deed for EndSecret {
    type To = Client;
    type Body = ();

    const ACTION: Action = Action::Change;
    const CONDITIONAL: bool = true;

    async fn run(
        conn: &mut Connection,
        doing: &Doing<'_>,
        to: Client,
        (): (),
    ) -> Result<Done, Problem> {
        let mut after = to.clone();
        let id = doing.ask.part_of::<Client>().parse();
        if !id.is_ok_and(|id| after.secrets.remove(id)) {
            return Err(Problem::new(Code::NotFound));
        }
        Ok(doing.change(conn, to, after).await?.silent())
    }
}
