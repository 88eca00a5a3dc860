//! `/oauth/revoke`: tokens are taken back (RFC 7009).

use actix_web::http::StatusCode;
use actix_web::post;
use actix_web::web::Payload;
use uuid::Uuid;

use super::form::{Credentials, invalid_client, read_form, told};
use super::types::TokenQuestion;
use crate::accounts::clients::grants;
use crate::accounts::sessions::{self, session_event};
use crate::auth::secrets::{Kind, Secret};
use crate::auth::{Claim, Grant};
use crate::clock::now;
use crate::db::Connection;
use crate::events::{Author, Happening, record};
use crate::ids::{ClientId, SessionId, UserId};
use crate::problem::{Code, Problem};
use crate::read::Answer;
use crate::request::Ask;
use crate::write::{AsyncWork, Stored, in_transaction};

/// Take a token back
///
/// RFC 7009, form-encoded. A person's access token or refresh token ends its session: all its tokens stop working at
/// once. A machine client's access token stops working at once; the client authenticates as at /oauth/token. A token
/// that does not work, or never did, is answered alike.
#[utoipa::path(
    tag = "signing in",
    request_body(content = TokenQuestion, content_type = "application/x-www-form-urlencoded"),
    security(()),
    responses((status = 200))
)]
#[post("/oauth/revoke")]
pub async fn revoke_token(mut ask: Ask, payload: Payload) -> Answer {
    let question: TokenQuestion = read_form(&mut ask, payload).await?;
    let (id, secret) = (question.client_id.as_ref(), question.client_secret.as_ref());
    let client = match Credentials::of(&ask, id, secret)? {
        Some(shown) => Some(shown.authenticate(&ask).await?.client.id),
        None => None,
    };
    let token = Secret::parse(Kind::RefreshToken, &question.token);
    let work = match token {
        Ok(token) => TakeBack {
            what: What::Renewal(token.digest()),
            client,
        },
        Err(_) => match grant_of(&ask, &question.token) {
            Some(grant) => TakeBack {
                what: What::Access(grant),
                client,
            },
            None => return Ok(done().into_response(false, false)),
        },
    };
    in_transaction(ask, false, work).await
}

/// What an access token was given for; `None` when it does not work any more, or is none.
fn grant_of(ask: &Ask, token: &str) -> Option<Grant> {
    let claims = ask.app.verify(token, now()).ok()?;
    Some(Claim::of(&claims, None)?.grant)
}

fn done() -> Stored {
    Stored::answer(StatusCode::OK, Vec::new(), Vec::new())
}

enum What {
    /// The refresh token with this digest.
    Renewal([u8; 32]),
    /// An access token.
    Access(Grant),
}

struct TakeBack {
    what: What,
    /// The machine client that asks.
    client: Option<ClientId>,
}

impl AsyncWork for TakeBack {
    async fn run(
        &self,
        conn: &mut Connection,
        _: &Ask,
        author: &Author,
    ) -> Result<Stored, Problem> {
        match &self.what {
            What::Renewal(digest) => {
                if let Some(held) = sessions::find_by_token(conn, digest, author.at).await? {
                    self.end_session(conn, author, held.session, held.user)
                        .await?;
                }
            }
            What::Access(Grant::Session { session, user, .. }) => {
                self.end_session(conn, author, *session, *user).await?;
            }
            What::Access(Grant::Client { token, client }) => {
                self.end_token(conn, author, *token, *client).await?;
            }
        }
        Ok(done())
    }
}

impl TakeBack {
    /// A person's token is taken back by whoever holds it, but not in the name of a machine client.
    async fn end_session(
        &self,
        conn: &mut Connection,
        author: &Author,
        session: SessionId,
        user: UserId,
    ) -> Result<(), Problem> {
        if self.client.is_some() {
            return Err(foreign());
        }
        let author = Author {
            by: Some(user.into()),
            ..author.clone()
        };
        if sessions::end(conn, session, user, "signed_out", author.at).await? {
            let event = session_event(&author, session, Happening::Deleted);
            record(conn, &event).await?;
        }
        Ok(())
    }

    /// A machine client's token is taken back by that client alone.
    async fn end_token(
        &self,
        conn: &mut Connection,
        author: &Author,
        token: Uuid,
        client: ClientId,
    ) -> Result<(), Problem> {
        if self.client.ok_or_else(invalid_client)? != client {
            return Err(foreign());
        }
        let author = Author {
            by: Some(client.into()),
            client: Some(client),
            ..author.clone()
        };
        if grants::delete(conn, token).await? {
            let event = session_event(&author, token.into(), Happening::Deleted);
            record(conn, &event).await?;
        }
        Ok(())
    }
}

fn foreign() -> Problem {
    told(Problem::new(Code::ForeignToken), "invalid_grant")
}
