//! The secrets of a thing: told once, replaced with an overlap so that no system stands still, ended at once when one
//! has leaked. What is kept to know or use them again is the business of the thing's own table.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::secrets::{Kind, Secret};
use crate::clock::seconds;
use crate::column::jsonb;
use crate::db::Connection;
use crate::ids::SecretId;
use crate::policy::Action;
use crate::problem::{Code, Problem};
use crate::resource::{Resource, new_uuid};
use crate::write::{Deed, Doing, Done};

/// The most secrets that a thing has at a time.
pub const MOST_SECRETS: usize = 10;

/// A kind of thing that has secrets.
pub trait WithSecrets: Resource {
    /// The kind of its secrets.
    const KIND: Kind;
    /// Whether it always has one without an end, because something would go out unsigned.
    const NEEDS_ONE: bool = false;

    /// Its secrets.
    fn secrets(&mut self) -> &mut Secrets;
}

/// What is told of a secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct KeptSecret {
    /// Id of the secret.
    pub id: SecretId,
    /// Its last four characters.
    #[schema(
        min_length = 4,
        max_length = 4,
        pattern = "^[A-Za-z0-9+/_-]{4}$",
        example = "7xQ2"
    )]
    pub last_four: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it ends, with all that was given for it; null when it has not been replaced.
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

/// The secrets of one thing, the newest last.
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
pub struct Secrets(Vec<KeptSecret>);

jsonb!(Secrets);

/// What has to be done in the table of the secrets themselves.
pub enum Step<'a> {
    /// One was made.
    Made(&'a KeptSecret, &'a Secret),
    /// One has got an end.
    Ending(&'a KeptSecret),
    /// One has ended.
    Ended(&'a KeptSecret),
}

impl Secrets {
    /// Those of a new thing: one.
    pub fn first<R: WithSecrets>(now: DateTime<Utc>) -> Self {
        let mut secrets = Self::default();
        if secrets.add(R::KIND, now, TimeDelta::zero()).is_err() {
            tracing::error!(kind = %R::THING, "a thing is made without a secret");
        }
        secrets
    }

    /// Adds a new one. Those that have no end yet end after `overlap`; those that have ended are forgotten.
    fn add(&mut self, kind: Kind, now: DateTime<Utc>, overlap: TimeDelta) -> Result<(), Problem> {
        self.0
            .retain(|secret| secret.expires_at.is_none_or(|end| end > now));
        if self.0.len() >= MOST_SECRETS {
            return Err(Problem::new(Code::TooManySecrets).with("limit", MOST_SECRETS));
        }
        for secret in &mut self.0 {
            secret.expires_at.get_or_insert(now + overlap);
        }
        let secret = Secret::generate(kind).map_err(|error| {
            tracing::error!(%error, "no secret could be made");
            Problem::new(Code::Internal)
        })?;
        let text = secret.expose();
        self.0.push(KeptSecret {
            id: new_uuid().into(),
            last_four: text.get(text.len() - 4..).unwrap_or_default().to_owned(),
            created_at: now,
            expires_at: None,
            fresh: Fresh(Some(Arc::new(secret))),
        });
        Ok(())
    }

    /// Takes one out; `false` when there is none.
    fn remove(&mut self, id: SecretId) -> bool {
        let before = self.0.len();
        self.0.retain(|secret| secret.id != id);
        self.0.len() < before
    }

    /// Whether one of them has no end.
    fn last(&self) -> bool {
        self.0.iter().any(|secret| secret.expires_at.is_none())
    }

    /// The one that has just been made, to be told.
    pub fn fresh(&self) -> Option<SecretString> {
        let fresh = self.0.iter().find_map(|secret| secret.fresh.0.as_ref());
        fresh.map(|secret| SecretString::from(secret.expose()))
    }

    /// What makes these of the secrets `before`.
    pub fn steps_from<'a>(&'a self, before: &'a Self) -> Vec<Step<'a>> {
        let is_kept = |old: &&KeptSecret| self.0.iter().any(|secret| secret.id == old.id);
        let ended = before.0.iter().filter(|old| !is_kept(old)).map(Step::Ended);
        let kept = self.0.iter().filter_map(|secret| match &secret.fresh.0 {
            Some(fresh) => Some(Step::Made(secret, fresh)),
            None if before.0.contains(secret) => None,
            None => Some(Step::Ending(secret)),
        });
        ended.chain(kept).collect()
    }
}

/// Makes `store`, which keeps the table of the secrets themselves in step with what a thing tells of them. `$kept` is the
/// column of what is kept of a secret.
macro_rules! kept_secrets {
    ($table:ident, of = $of:ident: $id:ty, $kept:ident = |$secret:ident| $value:expr) => {
        /// Brings the table in step with `secrets`; `before` are those that it stands for now.
        pub async fn store(
            conn: &mut $crate::db::Connection,
            of: $id,
            secrets: &$crate::rotation::Secrets,
            before: &$crate::rotation::Secrets,
        ) -> diesel::QueryResult<()> {
            use diesel::prelude::*;
            use diesel_async::RunQueryDsl;
            use $crate::rotation::Step;
            for step in secrets.steps_from(before) {
                match step {
                    Step::Made(note, $secret) => {
                        let row = (
                            $table::id.eq(note.id),
                            $table::$of.eq(of),
                            $table::$kept.eq($value),
                            $table::created_at.eq(note.created_at),
                            $table::expires_at.eq(note.expires_at),
                        );
                        let new = diesel::insert_into($table::table).values(row);
                        new.execute(conn).await?;
                    }
                    Step::Ending(note) => {
                        diesel::update($table::table.find(note.id))
                            .set($table::expires_at.eq(note.expires_at))
                            .execute(conn)
                            .await?;
                    }
                    Step::Ended(note) => {
                        let gone = $table::table.find(note.id);
                        diesel::delete(gone).execute(conn).await?;
                    }
                }
            }
            Ok(())
        }
    };
}
pub(crate) use kept_secrets;

/// Making another secret, which takes the place of the others.
pub struct AddSecret<R>(PhantomData<fn() -> R>);

impl<R: WithSecrets> Deed for AddSecret<R> {
    type To = R;
    type Body = ();

    const ACTION: Action = Action::Change;

    async fn run(conn: &mut Connection, doing: &Doing<'_>, to: R, (): ()) -> Result<Done, Problem> {
        let overlap = seconds(doing.ask.app.config.settings.secret_overlap);
        let mut after = to.clone();
        after.secrets().add(R::KIND, doing.author.at, overlap)?;
        let secret = after.secrets().fresh();
        let path = format!("/v1{}/{}", doing.ask.list_path::<R>(), to.id());
        let done = doing.change(conn, to, after).await?;
        Ok(done.made_with(secret).at(doing.ask.app.url(&path)))
    }
}

/// Ending one secret at once.
pub struct EndSecret<R>(PhantomData<fn() -> R>);

impl<R: WithSecrets> Deed for EndSecret<R> {
    type To = R;
    type Body = ();

    const ACTION: Action = Action::Change;
    const CONDITIONAL: bool = true;

    async fn run(conn: &mut Connection, doing: &Doing<'_>, to: R, (): ()) -> Result<Done, Problem> {
        let mut after = to.clone();
        let id = doing.ask.part_of::<R>().parse();
        if !id.is_ok_and(|id| after.secrets().remove(id)) {
            return Err(Problem::new(Code::NotFound));
        }
        if R::NEEDS_ONE && !after.secrets().last() {
            return Err(Problem::new(Code::LastSecret));
        }
        Ok(doing.change(conn, to, after).await?.silent())
    }
}
