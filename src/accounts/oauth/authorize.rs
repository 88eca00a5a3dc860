//! `/oauth/authorize`: a person signs in to an application on a page of this service (RFC 6749, section 4.1, with PKCE, RFC
//! 7636, in the practice of RFC 9700).
//!
//! The application never sees the password. It is led back to with a code, which only who made the verifier can exchange
//! at /oauth/token. Nothing of the sign-in stays in the browser: no cookie can be ridden on, and each sign-in is a
//! person's own act. The page stands beside the contract, as it is for people.

mod request;
mod sheet;

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, HOST, LOCATION, ORIGIN, WWW_AUTHENTICATE};
use actix_web::web::Payload;
use actix_web::{HttpResponse, get, post};
use serde_json::json;

use self::request::{Authorization, Refusal, Sent, unknown_application};
use super::codes::{self, AuthorizationCode};
use crate::accounts::applications::db::lock_active;
use crate::accounts::sign_in::Proven;
use crate::accounts::tokens::Reach;
use crate::auth::secrets::{Kind, Secret};
use crate::db::Connection;
use crate::events::Author;
use crate::messages::Language;
use crate::problem::{Code, Problem};
use crate::read::Answer;
use crate::request::Ask;
use crate::write::{AsyncWork, MediaType, Stored, in_transaction, read};

/// The path of the page, to which its form is sent too.
pub const PATH: &str = "/oauth/authorize";

/// Shows the page to sign in on.
#[get("/oauth/authorize")]
pub async fn show_sign_in(ask: Ask) -> Answer {
    ask.app.limit(&ask.caller, &ask.address)?;
    let sent = Sent::of(&ask.query);
    let language = sheet::language_of(&ask, &sent);
    match asked_for(&ask, &sent).await {
        Ok(authorization) => Ok(sheet::form(language, &sent, &authorization, None)),
        Err(refusal) => refused(&ask, language, refusal),
    }
}

/// Takes what the person has filled in.
#[post("/oauth/authorize")]
pub async fn sign_in_on_page(mut ask: Ask, payload: Payload) -> Answer {
    ask.app.limit(&ask.caller, &ask.address)?;
    let body = read(&mut ask, payload, &[MediaType::Form]).await?.1;
    let sent = Sent::of(&String::from_utf8_lossy(&body));
    let language = sheet::language_of(&ask, &sent);
    // Another page cannot sign somebody in, or have passwords tried from somebody's browser.
    if is_foreign(&ask) {
        return refused(&ask, language, Problem::new(Code::ForeignPage).into());
    }
    let authorization = match asked_for(&ask, &sent).await {
        Ok(authorization) => authorization,
        Err(refusal) => return refused(&ask, language, refusal),
    };
    if sent.get("decision") == Some("cancel") {
        let answer = [
            ("error", "access_denied"),
            ("error_description", "the person did not sign in"),
        ];
        return Ok(see_other(&authorization.back.with(&answer)));
    }
    match signed_in(&ask, &sent, &authorization).await {
        Ok(answer) => Ok(answer),
        Err(problem) => Ok(sheet::form(language, &sent, &authorization, Some(&problem))),
    }
}

/// What is asked for.
async fn asked_for(ask: &Ask, sent: &Sent) -> Result<Authorization, Refusal> {
    let mut conn = ask.app.db.connection().await?;
    Authorization::of(ask, &mut conn, sent).await
}

/// Tells the application, or, where it is not known whose the address is, the person; who asks for no page gets a problem.
fn refused(ask: &Ask, language: Language, refusal: Refusal) -> Answer {
    match refusal {
        Refusal::There(address) => Ok(see_other(&address)),
        Refusal::Here(problem) if ask.header(ACCEPT).contains("text/html") => {
            Ok(sheet::refusal(language, &problem))
        }
        Refusal::Here(problem) => Err(problem),
    }
}

fn see_other(address: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, address))
        .insert_header(("Cache-Control", "no-store"))
        .finish()
}

/// Whether a page of another site has sent this, as the browser tells.
fn is_foreign(ask: &Ask) -> bool {
    let (site, origin) = (ask.header("sec-fetch-site"), ask.header(ORIGIN));
    if !site.is_empty() {
        return !matches!(site.as_str(), "same-origin" | "none");
    }
    // Browsers tell it of https and of their own machine alone; the origin they always tell.
    let host = origin.split_once("://").map(|(_, host)| host);
    !origin.is_empty() && origin != ask.app.public_url && host != Some(ask.header(HOST).as_str())
}

/// Gives a code to whose password is right.
async fn signed_in(ask: &Ask, sent: &Sent, authorization: &Authorization) -> Answer {
    let email = sent.get("email").unwrap_or_default();
    let password = sent.get("password").unwrap_or_default();
    let sign_in = json!({"email": email, "password": password});
    let is_fit = ask.app.contract.check("SignIn", &sign_in).is_empty();
    if !is_fit || email.contains(char::is_control) {
        return Err(Problem::new(Code::InvalidCredentials).header(WWW_AUTHENTICATE, "Bearer"));
    }
    let proven = Proven::judge(ask, email, password.to_owned()).await?;
    let code = Secret::generate(Kind::AuthorizationCode).map_err(|error| {
        tracing::error!(%error, "no authorization code could be made");
        Problem::new(Code::Internal)
    })?;
    let reach = authorization.reach_of(&proven.user);
    let address = match &reach {
        Some(_) => authorization.back.with(&[("code", code.expose())]),
        None => authorization.back.with(&[
            ("error", "invalid_scope"),
            (
                "error_description",
                "the person may do nothing of what scope names",
            ),
        ]),
    };
    let work = GiveCode {
        digest: code.digest().to_vec(),
        proven,
        reach,
        challenge: authorization.challenge.clone(),
        redirect_uri: authorization.back.redirect_uri().to_owned(),
    };
    in_transaction(ask.clone(), false, work).await?;
    Ok(see_other(&address))
}

struct GiveCode {
    digest: Vec<u8>,
    proven: Proven,
    /// How far its tokens are to reach; none: there is nothing to give a code for.
    reach: Option<Reach>,
    challenge: String,
    redirect_uri: String,
}

impl AsyncWork for GiveCode {
    async fn run(
        &self,
        conn: &mut Connection,
        _: &Ask,
        author: &Author,
    ) -> Result<Stored, Problem> {
        self.proven.hold(conn).await?;
        let done = Stored::answer(StatusCode::SEE_OTHER, Vec::new(), Vec::new());
        let Some(reach) = &self.reach else {
            return Ok(done);
        };
        if let Some(id) = &reach.application
            && lock_active(conn, id).await?.is_none()
        {
            return Err(unknown_application(id.as_str()));
        }
        let code = AuthorizationCode {
            digest: self.digest.clone(),
            application: reach.application.clone(),
            user: self.proven.user.id,
            redirect_uri: self.redirect_uri.clone(),
            challenge: self.challenge.clone(),
            scope: reach.scope.to_string(),
            narrowed: reach.narrowed,
            created_at: author.at,
            expires_at: AuthorizationCode::expiry(author.at),
            session: None,
        };
        codes::insert(conn, &code).await?;
        Ok(done)
    }
}
