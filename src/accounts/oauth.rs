//! Signing in, renewing and signing out.
//!
//! An unknown account costs the same time as a wrong password, and both get the same answer. Failures are counted
//! per account and per address, in the database, so that all instances count together.

use actix_web::http::StatusCode;
use actix_web::http::header::{RETRY_AFTER, USER_AGENT, WWW_AUTHENTICATE};
use actix_web::web::Payload;
use actix_web::{HttpResponse, delete, get, post};
use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde_json::json;

use super::db::find_active_by_email;
use super::sessions::{self, NewSession, Rotation};
use super::types::{Me, Renewal, SessionList, SignIn, Tokens, User, UserRole};
use crate::auth::keys::AccessClaims;
use crate::auth::passwords::HashError;
use crate::auth::secrets::{Kind, Secret};
use crate::clock::now;
use crate::contract::form_pairs;
use crate::db::{Connection, begin, commit, rollback};
use crate::events::{Author, Event, Happening, record};
use crate::ids::{SessionId, UserId};
use crate::policy::{Role, Thing, scopes};
use crate::problem::{Code, Fault, Faults, Problem, Rule};
use crate::read::{Answer, bytes, conditional};
use crate::request::Ask;
use crate::resource::{Resource, new_uuid};
use crate::write::{AsyncWork, MediaType, Stored, in_transaction, read, read_json};

/// Failed sign-ins that one account may have from one address in [`WINDOW_MINUTES`].
const FAILURES_OF_PAIR: i32 = 10;
/// Failed sign-ins that one account may have from all addresses: many more, so that a stranger cannot lock others out.
const FAILURES_OF_ACCOUNT: i32 = 200;
/// Failed sign-ins that may come from one address.
const FAILURES_OF_ADDRESS: i32 = 100;
/// How long failures are remembered.
const WINDOW_MINUTES: i64 = 15;

/// Sign in
///
/// Answers an access token for ten minutes and a refresh token that gives the next pair at `/oauth/token`. The
/// answer is the same whether the e-mail address or the password is wrong.
#[utoipa::path(tag = "signing in", request_body = SignIn, security(()), responses((status = 201, body = Tokens)))]
#[post("/sessions")]
pub async fn create_session(mut ask: Ask, payload: Payload) -> Answer {
    let value = read_json(&mut ask, payload, &[MediaType::Json]).await?.1;
    ask.app.contract.check("SignIn", &value).into_result()?;
    let sign_in: SignIn =
        serde_json::from_value(value).map_err(|_| Problem::new(Code::Internal))?;
    let keys = Throttle::of(&sign_in.email, &ask.address);
    let mut conn = ask.app.db.connection().await?;
    // Counted before it is judged, so that many at once are not all judged; taken back when it was right.
    keys.count(&mut conn, now()).await?;
    let user = find_active_by_email(&mut conn, &sign_in.email).await?;
    drop(conn);
    let stored = user.as_ref().map(|user| user.password.as_str());
    let matches = ask
        .app
        .hasher
        .verify(SecretString::from(sign_in.password), stored)
        .await
        .map_err(busy)?;
    let Some(user) = user.filter(|_| matches) else {
        return Err(Problem::new(Code::InvalidCredentials).header(WWW_AUTHENTICATE, "Bearer"));
    };
    in_transaction(ask, false, BeginSession { user, keys }).await
}

struct BeginSession {
    user: User,
    keys: Throttle,
}

impl AsyncWork for BeginSession {
    async fn run(
        &self,
        conn: &mut Connection,
        ask: &Ask,
        author: &Author,
    ) -> Result<Stored, Problem> {
        let (user, refresh_token) = (&self.user, new_refresh_token()?);
        let session = NewSession {
            id: new_uuid().into(),
            user: user.id,
            scope: scopes(user.role.into()).to_owned(),
            generation: 1,
            user_agent: ask.header(USER_AGENT).chars().take(200).collect(),
            address: ask.address.chars().take(64).collect(),
            created_at: author.at,
            used_at: author.at,
            expires_at: author.at + session_life(ask),
        };
        sessions::insert(conn, &session, &refresh_token.digest()).await?;
        self.keys.forgive(conn).await?;
        let author = Author {
            by: Some(user.id),
            ..author.clone()
        };
        record(
            conn,
            &session_event(&author, session.id, Happening::Created),
        )
        .await?;
        let tokens = tokens(
            ask,
            user,
            session.id,
            session.scope,
            &refresh_token,
            author.at,
        )?;
        let headers = vec![
            ("content-type".into(), "application/json".into()),
            (
                "location".into(),
                ask.app.url(&format!("/v1/sessions/{}", session.id)),
            ),
        ];
        Ok(Stored::answer(
            StatusCode::CREATED,
            headers,
            bytes(&tokens)?,
        ))
    }
}

fn session_event(author: &Author, session: SessionId, happening: Happening) -> Event {
    let version = if happening == Happening::Created {
        1
    } else {
        2
    };
    Event::new(
        author,
        Thing::Session,
        session.to_string(),
        happening,
        version,
        Vec::new(),
        json!([]),
    )
}

/// Renew the tokens
///
/// RFC 6749, section 6, form-encoded. The refresh token works once; the answer holds the next one. Using one twice
/// ends the session. An error also carries `error`, as that RFC names it.
#[utoipa::path(
    tag = "signing in",
    request_body(content = Renewal, content_type = "application/x-www-form-urlencoded"),
    security(()),
    responses((status = 200, body = Tokens))
)]
#[post("/oauth/token")]
pub async fn create_token(mut ask: Ask, payload: Payload) -> Answer {
    let body = read(&mut ask, payload, &[MediaType::Form]).await?.1;
    let renewal = renewal(&ask, &body)?;
    let invalid = || Problem::new(Code::InvalidGrant).member("error", json!("invalid_grant"));
    let used = Secret::parse(Kind::RefreshToken, &renewal.refresh_token).map_err(|_| invalid())?;
    let (next, now) = (new_refresh_token()?, now());
    let mut conn = ask.app.db.connection().await?;
    begin(&mut conn).await?;
    let work = async |conn: &mut Connection| {
        let rotation = sessions::rotate(
            conn,
            &used.digest(),
            &next.digest(),
            now,
            session_life(&ask),
        )
        .await?;
        let Rotation::Renewed {
            session,
            user,
            scope,
        } = rotation
        else {
            return Ok(None);
        };
        let user = User::find(conn, &crate::auth::Caller::PROGRAMME, &user).await?;
        Ok::<_, Problem>(user.map(|user| (user, session, scope)))
    };
    let renewed = match work(&mut conn).await {
        Ok(renewed) => renewed,
        Err(problem) => {
            rollback(&mut conn).await?;
            return Err(problem);
        }
    };
    commit(&mut conn).await?;
    drop(conn);
    let (user, session, scope) = renewed.ok_or_else(invalid)?;
    let tokens = tokens(&ask, &user, session, scope, &next, now)?;
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header(("Cache-Control", "no-store"))
        .body(bytes(&tokens)?))
}

fn renewal(ask: &Ask, body: &[u8]) -> Result<Renewal, Problem> {
    let pairs = form_pairs(&String::from_utf8_lossy(body));
    let mut faults = Faults::new();
    let mut fields = serde_json::Map::new();
    for (name, value) in pairs {
        faults.check(
            fields.contains_key(&name),
            format!("/{}", crate::body::token(&name)),
            Rule::DuplicateName,
        );
        fields.insert(name, value.into());
    }
    let value = serde_json::Value::Object(fields);
    faults.extend(ask.app.contract.check("Renewal", &value));
    faults
        .into_result()
        .map_err(|problem| problem.member("error", json!("invalid_request")))?;
    let renewal: Renewal =
        serde_json::from_value(value).map_err(|_| Problem::new(Code::Internal))?;
    if renewal.grant_type != "refresh_token" {
        let problem = Problem::new(Code::UnsupportedGrantType)
            .member("error", json!("unsupported_grant_type"));
        return Err(problem.about(
            Fault::at("/grant_type", Rule::NotAllowedValue).with("allowed", "refresh_token"),
        ));
    }
    Ok(renewal)
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
/// Who the token belongs to, and what it allows.
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
    let scope = scopes(ask.caller.role).to_owned();
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

fn session_life(ask: &Ask) -> TimeDelta {
    TimeDelta::seconds(
        i64::try_from(ask.app.config.settings.session_life).unwrap_or(i64::MAX / 1000),
    )
}

fn new_refresh_token() -> Result<Secret, Problem> {
    Secret::generate(Kind::RefreshToken).map_err(|error| {
        tracing::error!(%error, "no refresh token could be made");
        Problem::new(Code::Internal)
    })
}

fn tokens(
    ask: &Ask,
    user: &User,
    session: SessionId,
    scope: String,
    refresh_token: &Secret,
    now: DateTime<Utc>,
) -> Result<Tokens, Problem> {
    let life = i64::try_from(ask.app.config.settings.access_token_life).unwrap_or(600);
    let claims = AccessClaims {
        iss: ask.app.public_url.clone(),
        aud: ask.app.url("/v1"),
        sub: user.id.uuid(),
        jti: new_uuid(),
        sid: session.uuid(),
        role: UserRole::as_str(user.role).to_owned(),
        city: user.city.as_ref().map(ToString::to_string),
        scope: scope.clone(),
        iat: now.timestamp(),
        exp: now.timestamp() + life,
        client_id: user.id.to_string(),
    };
    let access_token = ask.app.keys.sign(&claims).map_err(|error| {
        tracing::error!(%error, "an access token could not be signed");
        Problem::new(Code::Internal)
    })?;
    Ok(Tokens {
        access_token,
        token_type: "Bearer",
        expires_in: life,
        refresh_token: refresh_token.expose().to_owned(),
        scope,
    })
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

/// The keys under which the failures of a sign-in are counted: digests, so that no address is stored.
struct Throttle {
    pair: String,
    account: String,
    address: String,
}

impl Throttle {
    fn of(email: &str, address: &str) -> Self {
        let email = email.to_lowercase();
        let key = |kind: &str, text: &str| {
            let hash = digest(&SHA256, text.as_bytes());
            let hex: String = hash
                .as_ref()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            format!("{kind}:{hex}")
        };
        Self {
            pair: key("pair", &format!("{email} {address}")),
            account: key("account", &email),
            address: key("address", address),
        }
    }

    /// Counts this sign-in as failed; refuses it when there were too many in the window.
    async fn count(&self, conn: &mut Connection, now: DateTime<Utc>) -> Result<(), Problem> {
        let window = TimeDelta::minutes(WINDOW_MINUTES);
        let limits = [
            (&self.pair, FAILURES_OF_PAIR),
            (&self.account, FAILURES_OF_ACCOUNT),
            (&self.address, FAILURES_OF_ADDRESS),
        ];
        for (key, limit) in limits {
            let (count, since) = sessions::count_failure(conn, key, now, now - window).await?;
            if count > limit {
                let seconds = (since + window - now).num_seconds().max(1).to_string();
                return Err(Problem::new(Code::TooManySignIns)
                    .with("seconds", &seconds)
                    .header(RETRY_AFTER, &seconds));
            }
        }
        Ok(())
    }

    /// Takes back what [`Throttle::count`] counted for a sign-in that was right.
    async fn forgive(&self, conn: &mut Connection) -> Result<(), Problem> {
        sessions::forget_failures(conn, &self.pair).await?;
        for key in [&self.account, &self.address] {
            sessions::take_back_failure(conn, key).await?;
        }
        Ok(())
    }
}
