//! `/oauth/token`: tokens for a machine client's secret, and for a person's refresh token.

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpResponse, post};

use super::form::{Credentials, invalid_client, read_form, told};
use super::types::TokenRequest;
use crate::accounts::clients::grants::{self, Known};
use crate::accounts::sessions::{self, Rotation, session_event};
use crate::accounts::tokens::{Holder, access_token_life, new_refresh_token, session_life, tokens};
use crate::accounts::types::{Tokens, User};
use crate::auth::Caller;
use crate::auth::secrets::{Kind, Secret};
use crate::clock::now;
use crate::db::{Connection, begin, commit, rollback};
use crate::events::{Author, Happening, record};
use crate::policy::{Scopes, scopes};
use crate::problem::{Code, Fault, Problem, Rule};
use crate::read::{Answer, bytes};
use crate::request::Ask;
use crate::resource::{Resource, new_uuid};
use crate::write::{AsyncWork, Stored, in_transaction};

/// Get or renew tokens
///
/// Form-encoded, as RFC 6749 says. `grant_type=client_credentials` (section 4.4) answers a machine client an access
/// token: it authenticates by `Authorization: Basic`, or by `client_id` and `client_secret` in the form, and may ask for
/// less than it may by `scope`. `grant_type=refresh_token` (section 6) renews a person's tokens: the refresh token works
/// once, and the answer holds the next one; using one twice ends the session. Only when the answer was lost may the same one
/// be sent once more, as long as nothing of that answer was used. With a narrower `scope` the access token allows only that,
/// and nothing about accounts, sessions and machine clients; the next refresh token allows as much as before. An error also
/// carries `error`, as that RFC names it.
#[utoipa::path(
    tag = "signing in",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    security(()),
    responses((status = 200, body = Tokens))
)]
#[post("/oauth/token")]
pub async fn create_token(mut ask: Ask, payload: Payload) -> Answer {
    let request: TokenRequest = read_form(&mut ask, payload).await?;
    match request.grant_type.as_str() {
        "client_credentials" => grant_client(ask, request).await,
        "refresh_token" => renew(ask, request).await,
        _ => {
            let problem = told(
                Problem::new(Code::UnsupportedGrantType),
                "unsupported_grant_type",
            );
            let fault = Fault::at("/grant_type", Rule::NotAllowedValue);
            Err(problem.about(fault.with("allowed", "client_credentials, refresh_token")))
        }
    }
}

async fn grant_client(ask: Ask, request: TokenRequest) -> Answer {
    let (id, secret) = (request.client_id.as_ref(), request.client_secret.as_ref());
    let shown = Credentials::of(&ask, id, secret)?.ok_or_else(invalid_client)?;
    let known = shown.authenticate(&ask).await?;
    let granted: Scopes = known.client.scopes.iter().copied().collect();
    let scope = asked_of(granted, request.scope.as_deref())?;
    in_transaction(ask, false, GiveToken { known, scope }).await
}

/// The scopes that are asked for, which may be fewer than those granted; without asking, all of these.
fn asked_of(granted: Scopes, asked: Option<&str>) -> Result<Scopes, Problem> {
    let Some(asked) = asked else {
        return Ok(granted);
    };
    Scopes::named(asked)
        .filter(|asked| granted.contain(*asked))
        .ok_or_else(|| {
            told(Problem::new(Code::InvalidScope), "invalid_scope").with("granted", granted)
        })
}

struct GiveToken {
    known: Known,
    scope: Scopes,
}

impl AsyncWork for GiveToken {
    async fn run(
        &self,
        conn: &mut Connection,
        ask: &Ask,
        author: &Author,
    ) -> Result<Stored, Problem> {
        let (client, token) = (&self.known.client, new_uuid());
        let life = access_token_life(ask);
        if !grants::insert(conn, token, &self.known, author.at, life).await? {
            return Err(invalid_client());
        }
        let author = Author {
            by: Some(client.id.into()),
            client: Some(client.id),
            ..author.clone()
        };
        let event = session_event(&author, token.into(), Happening::Created);
        record(conn, &event).await?;
        let holder = Holder {
            id: client.id.uuid(),
            role: client.role.into(),
            city: client.city.clone(),
            grant: token,
            token: new_uuid(),
            machine: true,
            narrowed: false,
        };
        let tokens = tokens(ask, &holder, self.scope.to_string(), None, author.at)?;
        let headers = vec![("content-type".into(), "application/json".into())];
        Ok(Stored::answer(StatusCode::OK, headers, bytes(&tokens)?))
    }
}

async fn renew(ask: Ask, request: TokenRequest) -> Answer {
    let Some(sent) = &request.refresh_token else {
        let fault = Fault::at("/refresh_token", Rule::Required);
        return Err(told(Problem::fault(fault), "invalid_request"));
    };
    let invalid = || told(Problem::new(Code::InvalidGrant), "invalid_grant");
    let used = Secret::parse(Kind::RefreshToken, sent).map_err(|_| invalid())?;
    let (next, now) = (new_refresh_token()?, now());
    let mut conn = ask.app.db.connection().await?;
    begin(&mut conn).await?;
    let renewed = match rotate(&mut conn, &ask, &request, &used, &next, now).await {
        Ok(renewed) => renewed,
        Err(problem) => {
            rollback(&mut conn).await?;
            return Err(problem);
        }
    };
    commit(&mut conn).await?;
    drop(conn);
    let tokens = renewed.ok_or_else(invalid)?;
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header(("Cache-Control", "no-store"))
        .body(bytes(&tokens)?))
}

/// Uses the refresh token; `None` when it is no good, which may have ended its session.
async fn rotate(
    conn: &mut Connection,
    ask: &Ask,
    request: &TokenRequest,
    used: &Secret,
    next: &Secret,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Option<Tokens>, Problem> {
    let (life, access) = (session_life(ask), new_uuid());
    let digests = (used.digest(), next.digest());
    let rotation = sessions::rotate(conn, &digests.0, &digests.1, access, now, life).await?;
    let Rotation::Renewed { session, user } = rotation else {
        return Ok(None);
    };
    let Some(user) = User::find(conn, &Caller::PROGRAMME, &user).await? else {
        return Ok(None);
    };
    let granted = scopes(user.role.into());
    let scope = asked_of(granted, request.scope.as_deref())?;
    let holder = Holder {
        narrowed: scope != granted,
        ..Holder::person(&user, session, access)
    };
    tokens(ask, &holder, scope.to_string(), Some(next), now).map(Some)
}
