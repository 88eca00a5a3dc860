//! Signing in with a password and signing out.
//!
//! An unknown account costs the same time as a wrong password, and both get the same answer. Failures are counted
//! ([`Throttle`]).

use actix_web::http::StatusCode;
use actix_web::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::web::Payload;
use actix_web::{delete, get, post};
use secrecy::SecretString;

use super::db::{find_active_by_email, is_still};
use super::sessions::{self, session_event};
use super::throttle::Throttle;
use super::tokens::{Reach, begin_session};
use super::types::{Me, SessionList, SignIn, Tokens, User};
use crate::auth::passwords::HashError;
use crate::body::Sent;
use crate::clock::now;
use crate::db::Connection;
use crate::events::{Author, Happening, record};
use crate::ids::{SessionId, UserId};
use crate::policy::{Role, scopes};
use crate::problem::{Code, Problem};
use crate::read::{Answer, bytes, conditional};
use crate::request::Ask;
use crate::resource::Resource;
use crate::write::{AsyncWork, MediaType, Stored, in_transaction, read_json};

/// Sign in
///
/// Answers an access token for ten minutes and a refresh token that gives the next pair at `/oauth/token`. The
/// answer is the same whether the e-mail address or the password is wrong.
#[utoipa::path(tag = "signing in", request_body = SignIn, security(()), responses((status = 201, body = Tokens)))]
#[post("/sessions")]
pub async fn create_session(mut ask: Ask, payload: Payload) -> Answer {
    let Sent { value, mut faults } = read_json(&mut ask, payload, &[MediaType::Json]).await?.1;
    faults.extend_elsewhere(ask.app.contract.check("SignIn", &value));
    faults.into_result()?;
    let sign_in: SignIn =
        serde_json::from_value(value).map_err(|_| Problem::new(Code::Internal))?;
    let proven = Proven::judge(&ask, &sign_in.email, sign_in.password).await?;
    in_transaction(ask, false, BeginSession(proven)).await
}

/// Somebody who has shown the password of an account.
pub struct Proven {
    /// The account.
    pub user: User,
    keys: Throttle,
}

impl Proven {
    /// The active account with this e-mail address, when the password is right.
    pub async fn judge(ask: &Ask, email: &str, password: String) -> Result<Self, Problem> {
        let keys = Throttle::of_person(email, &ask.address);
        let mut conn = ask.app.db.connection().await?;
        // Counted before it is judged, so that many at once are not all judged; taken back when it was right.
        keys.count(&mut conn, now()).await?;
        let user = find_active_by_email(&mut conn, email).await?;
        drop(conn);
        let stored = user.as_ref().map(|user| user.password.as_str());
        let matches = ask
            .app
            .hasher
            .verify(SecretString::from(password), stored)
            .await
            .map_err(busy)?;
        match user.filter(|_| matches) {
            Some(user) => Ok(Self { user, keys }),
            None => Err(invalid_credentials()),
        }
    }

    /// Takes back what was counted, when the account is still as it was: who is switched off meanwhile, or given another
    /// password, has shown nothing.
    pub async fn hold(&self, conn: &mut Connection) -> Result<(), Problem> {
        if !is_still(conn, &self.user).await? {
            return Err(invalid_credentials());
        }
        self.keys.forgive(conn).await
    }
}

fn invalid_credentials() -> Problem {
    Problem::new(Code::InvalidCredentials).header(WWW_AUTHENTICATE, "Bearer")
}

struct BeginSession(Proven);

impl AsyncWork for BeginSession {
    async fn run(
        &self,
        conn: &mut Connection,
        ask: &Ask,
        author: &Author,
    ) -> Result<Stored, Problem> {
        let user = &self.0.user;
        self.0.hold(conn).await?;
        let (session, tokens) =
            begin_session(conn, ask, author, user, Reach::of_role(user)).await?;
        let headers = vec![
            ("content-type".into(), "application/json".into()),
            (
                "location".into(),
                ask.app.url(&format!("/v1/sessions/{session}")),
            ),
        ];
        Ok(Stored::answer(
            StatusCode::CREATED,
            headers,
            bytes(&tokens)?,
        ))
    }
}

/// List my sessions
///
/// Every sign-in of the caller that has not ended, newest first.
#[utoipa::path(tag = "signing in", security(("bearer" = [])), responses((status = 200, body = SessionList)))]
#[get("/sessions")]
pub async fn list_sessions(ask: Ask) -> Answer {
    let user = signed_in(&ask)?;
    let mut conn = ask.app.db.connection().await?;
    let items = sessions::list(&mut conn, user, now()).await?;
    drop(conn);
    Ok(conditional(&ask, bytes(&SessionList { items })?))
}

/// Sign out
///
/// Ends one of the caller's sessions: its tokens stop working at once. Needs no `If-Match`.
#[utoipa::path(tag = "signing in", params(("id" = SessionId, Path, description = "Id of the session.")), responses((status = 204)))]
#[delete("/sessions/{id}")]
pub async fn delete_session(ask: Ask) -> Answer {
    let user = signed_in(&ask)?;
    let session = ask
        .path_id()
        .parse()
        .map_err(|_| Problem::new(Code::NotFound))?;
    in_transaction(ask, false, EndSession { session, user }).await
}

struct EndSession {
    session: SessionId,
    user: UserId,
}

impl AsyncWork for EndSession {
    async fn run(
        &self,
        conn: &mut Connection,
        _: &Ask,
        author: &Author,
    ) -> Result<Stored, Problem> {
        if !sessions::end(conn, self.session, self.user, "signed_out", author.at).await? {
            return Err(Problem::new(Code::NotFound));
        }
        record(
            conn,
            &session_event(author, self.session, Happening::Deleted),
        )
        .await?;
        Ok(Stored::answer(
            StatusCode::NO_CONTENT,
            Vec::new(),
            Vec::new(),
        ))
    }
}

/// Get my account
///
/// Who the token belongs to, and what it allows. An application is told it of who has signed in to it.
#[utoipa::path(tag = "signing in", security(("bearer" = [])), responses((status = 200, body = Me)))]
#[get("/me")]
pub async fn get_me(ask: Ask) -> Answer {
    let (user, session) = (signed_in(&ask)?, ask.caller.session);
    let conn = ask.app.db.connection().await?;
    let user = User::find(&conn, &ask.caller, &user).await?;
    drop(conn);
    let (Some(user), Some(session)) = (user, session) else {
        return Err(Problem::new(Code::Unauthenticated));
    };
    let reach = ask.caller.scopes.unwrap_or(scopes(ask.caller.role));
    let scope = reach.to_string();
    Ok(conditional(
        &ask,
        bytes(&Me {
            user,
            session,
            scope,
        })?,
    ))
}

fn signed_in(ask: &Ask) -> Result<UserId, Problem> {
    match (ask.caller.role, ask.caller.user) {
        (Role::Anonymous, _) | (_, None) => Err(Problem::new(Code::Unauthenticated)),
        (_, Some(user)) => Ok(user),
    }
}

/// What a hasher's failure means to the caller.
pub fn busy(error: HashError) -> Problem {
    match error {
        HashError::Busy => Problem::new(Code::Unavailable).header(RETRY_AFTER, "2"),
        HashError::Stored | HashError::Failed => {
            tracing::error!(%error, "a password could not be hashed or checked");
            Problem::new(Code::Internal)
        }
    }
}
