//! `/oauth/token`: tokens for a machine client's secret, and for a person's refresh token.

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpResponse, post};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use super::codes::{self, AuthorizationCode};
use super::form::{Credentials, invalid_client, public_client, read_form, told};
use super::types::TokenRequest;
use crate::accounts::applications::db::{SWAGGER_UI, lock_active};
use crate::accounts::clients::grants::{self, Known};
use crate::accounts::sessions::{self, Rotation, session_event};
use crate::accounts::tokens::{
    Holder, Reach, access_token_life, begin_session, new_refresh_token, session_life, tokens,
};
use crate::accounts::types::{Tokens, User};
use crate::auth::Caller;
use crate::auth::secrets::{Kind, Secret};
use crate::clock::now;
use crate::db::{Connection, begin, commit, rollback};
use crate::events::{Author, Happening, record};
use crate::ids::ApplicationId;
use crate::policy::{Scopes, scopes};
use crate::problem::{Code, Fault, Faults, Problem, Rule};
use crate::read::{Answer, bytes};
use crate::request::Ask;
use crate::resource::{Resource, new_uuid};
use crate::write::{AsyncWork, Stored, in_transaction};

/// Get or renew tokens
///
/// Form-encoded, as RFC 6749 says. `grant_type=client_credentials` (section 4.4) answers a machine client an access
/// token: it authenticates by `Authorization: Basic`, or by `client_id` and `client_secret` in the form, and may ask for
/// less than it may by `scope`. `grant_type=authorization_code` (section 4.1.3, with PKCE, RFC 7636) exchanges the code with
/// which a person's sign-in at /oauth/authorize led back to an application, within a minute and once: shown again, it ends
/// what it gave. `grant_type=refresh_token` (section 6) renews a person's tokens: the refresh token works
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
    let mut request: TokenRequest = read_form(&mut ask, payload).await?;
    if request.client_id.is_none() {
        request.client_id = public_client(&ask);
    }
    match request.grant_type.as_str() {
        "authorization_code" => exchange(ask, request).await,
        "client_credentials" => grant_client(ask, request).await,
        "refresh_token" => renew(ask, request).await,
        _ => {
            let problem = told(
                Problem::new(Code::UnsupportedGrantType),
                "unsupported_grant_type",
            );
            let fault = Fault::at("/grant_type", Rule::NotAllowedValue);
            Err(problem.about(fault.with(
                "allowed",
                "authorization_code, client_credentials, refresh_token",
            )))
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
            application: None,
        };
        let tokens = tokens(ask, &holder, self.scope.to_string(), None, author.at)?;
        let headers = vec![("content-type".into(), "application/json".into())];
        Ok(Stored::answer(StatusCode::OK, headers, bytes(&tokens)?))
    }
}

fn invalid_grant() -> Problem {
    told(Problem::new(Code::InvalidGrant), "invalid_grant")
}

fn invalid_code() -> Problem {
    told(Problem::new(Code::InvalidCode), "invalid_grant")
}

async fn exchange(ask: Ask, request: TokenRequest) -> Answer {
    let mut faults = Faults::new();
    faults.check(request.code.is_none(), "/code", Rule::Required);
    faults.check(
        request.redirect_uri.is_none(),
        "/redirect_uri",
        Rule::Required,
    );
    faults.check(
        request.code_verifier.is_none(),
        "/code_verifier",
        Rule::Required,
    );
    faults.check(request.client_id.is_none(), "/client_id", Rule::Required);
    faults
        .into_result()
        .map_err(|problem| told(problem, "invalid_request"))?;
    let code = request.code.as_deref().unwrap_or_default();
    let code = Secret::parse(Kind::AuthorizationCode, code).map_err(|_| invalid_code())?;
    let work = Exchange {
        digest: code.digest(),
        request,
    };
    let answer = in_transaction(ask, false, work).await?;
    match answer.status() {
        StatusCode::OK => Ok(answer),
        // What a code shown again gave has ended, and that stays.
        _ => Err(invalid_code()),
    }
}

/// A code for tokens.
struct Exchange {
    digest: [u8; 32],
    request: TokenRequest,
}

impl Exchange {
    /// Whether the request is that of the application which the code was given to.
    fn fits(&self, code: &AuthorizationCode) -> bool {
        let id = code
            .application
            .as_ref()
            .map_or(SWAGGER_UI, ApplicationId::as_str);
        let verifier = self.request.code_verifier.as_deref().unwrap_or_default();
        let hash = digest(&SHA256, verifier.as_bytes());
        let challenge = URL_SAFE_NO_PAD.encode(hash);
        self.request.client_id.as_deref() == Some(id)
            && self.request.redirect_uri.as_deref() == Some(code.redirect_uri.as_str())
            && bool::from(challenge.as_bytes().ct_eq(code.challenge.as_bytes()))
    }
}

impl AsyncWork for Exchange {
    async fn run(
        &self,
        conn: &mut Connection,
        ask: &Ask,
        author: &Author,
    ) -> Result<Stored, Problem> {
        let code = codes::lock(conn, &self.digest).await?;
        // Without the verifier it is good for nothing, and ends nothing.
        let code = code
            .filter(|code| self.fits(code))
            .ok_or_else(invalid_code)?;
        if let Some(session) = code.session {
            if sessions::end(conn, session, code.user, "reused_token", author.at).await? {
                let event = session_event(author, session, Happening::Deleted);
                record(conn, &event).await?;
            }
            return Ok(Stored::answer(
                StatusCode::BAD_REQUEST,
                Vec::new(),
                Vec::new(),
            ));
        }
        if author.at > code.expires_at {
            return Err(invalid_code());
        }
        let user = User::lock(conn, &Caller::PROGRAMME, &code.user).await?;
        let user = user.filter(|user| user.active).ok_or_else(invalid_code)?;
        let mut scope = Scopes::known_in(&code.scope).and(scopes(user.role.into()));
        if let Some(id) = &code.application {
            let application = lock_active(conn, id).await?.ok_or_else(invalid_code)?;
            scope = scope.and(application.reach());
        }
        if scope.is_empty() {
            return Err(invalid_code());
        }
        let reach = Reach {
            application: code.application,
            scope,
            narrowed: code.narrowed,
        };
        let (session, tokens) = begin_session(conn, ask, author, &user, reach).await?;
        codes::note_exchanged(conn, &self.digest, session).await?;
        let headers = vec![("content-type".into(), "application/json".into())];
        Ok(Stored::answer(StatusCode::OK, headers, bytes(&tokens)?))
    }
}

async fn renew(ask: Ask, request: TokenRequest) -> Answer {
    let Some(sent) = &request.refresh_token else {
        let fault = Fault::at("/refresh_token", Rule::Required);
        return Err(told(Problem::fault(fault), "invalid_request"));
    };
    let used = Secret::parse(Kind::RefreshToken, sent).map_err(|_| invalid_grant())?;
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
    let tokens = renewed.ok_or_else(invalid_grant)?;
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
    let Rotation::Renewed(renewed) = rotation else {
        return Ok(None);
    };
    let asking = request.client_id.as_deref();
    if let Some(application) = &renewed.application
        && asking != Some(application.as_str())
    {
        // Undone by the caller: the token is as good as before.
        return Err(invalid_grant());
    }
    let Some(user) = User::find(conn, &Caller::PROGRAMME, &renewed.user).await? else {
        return Ok(None);
    };
    let of_role = scopes(user.role.into());
    let granted = match renewed.narrowed {
        true => of_role.and(Scopes::known_in(&renewed.scope)),
        false => of_role,
    };
    let scope = asked_of(granted, request.scope.as_deref())?;
    let holder = Holder {
        narrowed: renewed.narrowed || scope != granted,
        application: renewed.application,
        ..Holder::person(&user, renewed.session, access)
    };
    tokens(ask, &holder, scope.to_string(), Some(next), now).map(Some)
}
