//! Who is calling: access tokens turned into a [`Caller`], before anything of the request's body is read.
//!
//! A token only says which session of a person, or which grant of a machine client, it belongs to. What its holder may
//! do is read from the database with each request, so that taking away a user, a client, a secret, a role, a scope or a
//! session works on the next request, on every instance.

mod claim;
mod standing;
pub mod keys;
pub mod passwords;
pub mod secrets;
pub mod seal;

use actix_web::http::header;
use aws_lc_rs::digest;
use uuid::Uuid;

pub use self::claim::{Claim, Grant};
pub use self::standing::standing;
use crate::ids::{AccountId, CityId, ClientId, SessionId, UserId};
use crate::messages::word;
use crate::policy::{Action, Relation, Role, Scopes, Thing, scopes_of};
use crate::problem::{Code, Problem};

/// Who sends a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// What the caller is.
    pub role: Role,
    /// The account, when it is a person.
    pub user: Option<UserId>,
    /// The machine client, when it is one.
    pub client: Option<ClientId>,
    /// The city that a city user or a machine client belongs to.
    pub city: Option<CityId>,
    /// The session that a person's token belongs to.
    pub session: Option<SessionId>,
    /// How far the token reaches, of a machine client or of a person who asked for less; none: as far as the role does.
    pub scopes: Option<Scopes>,
}

impl Caller {
    /// Somebody without a token.
    pub const ANONYMOUS: Self = Self {
        role: Role::Anonymous,
        user: None,
        client: None,
        city: None,
        session: None,
        scopes: None,
    };

    /// The programme itself, as when its data is loaded from the command line.
    pub const PROGRAMME: Self = Self {
        role: Role::Admin,
        user: None,
        client: None,
        city: None,
        session: None,
        scopes: None,
    };

    /// The person or the machine client, unless anonymous.
    pub fn account(&self) -> Option<AccountId> {
        self.user
            .map(AccountId::from)
            .or(self.client.map(AccountId::from))
    }

    /// Refuses with 403 what needs scopes that the token has not; `needed` is none of what no scope opens. Whether the
    /// role allows it is another question.
    pub fn pass(&self, needed: Option<Scopes>) -> Result<(), Problem> {
        match (self.scopes, needed) {
            (None, _) => Ok(()),
            (Some(scopes), Some(needed)) if scopes.contain(needed) => Ok(()),
            (Some(_), Some(needed)) => Err(Problem::new(Code::InsufficientScope)
                .with("scope", needed)
                .header(
                    header::WWW_AUTHENTICATE,
                    &format!("Bearer error=\"insufficient_scope\", scope=\"{needed}\""),
                )),
            (Some(_), None) => Err(Problem::new(Code::NotForClients).header(
                header::WWW_AUTHENTICATE,
                "Bearer error=\"insufficient_scope\"",
            )),
        }
    }

    /// The problem of a caller whose role does not allow this.
    pub fn forbidden(&self) -> Problem {
        let city = self.city.as_ref().map_or("none", CityId::as_str);
        Problem::new(Code::Forbidden)
            .with_word("role", word("role", self.role))
            .with("city", city)
    }

    /// Refuses with 403 what the scopes of the token do not reach.
    pub fn permit(&self, action: Action, thing: Thing) -> Result<(), Problem> {
        self.pass(scopes_of(action, thing))
    }

    /// Whether the scopes of the token reach this, whatever the role allows.
    pub fn reaches(&self, action: Action, thing: Thing) -> bool {
        self.permit(action, thing).is_ok()
    }

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
        let account = self.account().map_or(Uuid::nil(), AccountId::uuid);
        context.update(account.as_bytes());
        context.update(self.role.as_str().as_bytes());
        context.update(self.city.as_ref().map_or("", CityId::as_str).as_bytes());
        let hash = context.finish();
        hash.as_ref()
            .first_chunk()
            .map_or(Uuid::nil(), |first| Uuid::from_bytes(*first))
    }
}

/// The problem of a token that is wrong or has ended (RFC 6750, section 3.1).
pub fn invalid_token() -> Problem {
    Problem::new(Code::InvalidToken)
        .header(header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")
}
