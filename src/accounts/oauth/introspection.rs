//! `/oauth/introspect`: what a token is worth by now (RFC 7662).

use actix_web::web::Payload;
use actix_web::{HttpResponse, post};

use super::form::{Credentials, invalid_client, read_form};
use super::types::{TokenQuestion, TokenState};
use crate::accounts::sessions;
use crate::auth::Claim;
use crate::auth::secrets::{Kind, Secret};
use crate::clock::now;
use crate::ids::ClientId;
use crate::policy::{Role, scopes};
use crate::problem::Problem;
use crate::read::{Answer, bytes};
use crate::request::Ask;

/// Ask about a token
///
/// RFC 7662, form-encoded. An admin is told of every token; a machine client, which authenticates as at /oauth/token, of
/// its own. Of all others, and of those that do not work, the answer is `{"active": false}`.
#[utoipa::path(
    tag = "signing in",
    request_body(content = TokenQuestion, content_type = "application/x-www-form-urlencoded"),
    security((), ("bearer" = [])),
    responses((status = 200, body = TokenState))
)]
#[post("/oauth/introspect")]
pub async fn introspect_token(mut ask: Ask, payload: Payload) -> Answer {
    let question: TokenQuestion = read_form(&mut ask, payload).await?;
    let (id, secret) = (question.client_id.as_ref(), question.client_secret.as_ref());
    let asker = match Credentials::of(&ask, id, secret)? {
        Some(shown) => Asker::Client(shown.authenticate(&ask).await?.client.id),
        None => match ask.caller.role {
            Role::Admin => Asker::Admin,
            Role::Anonymous => return Err(invalid_client()),
            _ => return Err(ask.caller.forbidden()),
        },
    };
    let state = match Secret::parse(Kind::RefreshToken, &question.token) {
        Ok(token) => state_of_refresh_token(&ask, &token, &asker).await?,
        Err(_) => state_of_access_token(&ask, &question.token, &asker).await?,
    };
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header(("Cache-Control", "no-store"))
        .body(bytes(&state.unwrap_or_default())?))
}

/// Who asks.
enum Asker {
    /// Told of every token.
    Admin,
    /// Told of its own.
    Client(ClientId),
}

/// `None`: it does not work, or is not for the asker to know of.
async fn state_of_access_token(
    ask: &Ask,
    token: &str,
    asker: &Asker,
) -> Result<Option<TokenState>, Problem> {
    let Ok(claims) = ask.app.verify(token, now()) else {
        return Ok(None);
    };
    let Some(claim) = Claim::of(&claims, None) else {
        return Ok(None);
    };
    let conn = ask.app.db.connection().await?;
    let Some(caller) = claim.find(&conn).await? else {
        return Ok(None);
    };
    if matches!(asker, Asker::Client(own) if caller.client != Some(*own)) {
        return Ok(None);
    }
    let reach = caller.scopes.unwrap_or_else(|| scopes(caller.role));
    Ok(Some(TokenState {
        active: true,
        scope: Some(reach.to_string()).filter(|scope| !scope.is_empty()),
        // Of a person in no application, it is the person.
        client_id: Some(claims.client_id)
            .filter(|id| claims.machine || *id != claims.sub.to_string()),
        token_type: Some("Bearer"),
        exp: Some(claims.exp),
        iat: Some(claims.iat),
        sub: Some(claims.sub),
        aud: Some(claims.aud),
        iss: Some(claims.iss),
        jti: Some(claims.jti),
        role: Some(caller.role),
        city: caller.city,
    }))
}

/// `None`: it does not work, or is not for the asker to know of.
async fn state_of_refresh_token(
    ask: &Ask,
    token: &Secret,
    asker: &Asker,
) -> Result<Option<TokenState>, Problem> {
    let mut conn = ask.app.db.connection().await?;
    let held = sessions::find_by_token(&mut conn, &token.digest(), now()).await?;
    let told = held.filter(|held| held.is_newest && matches!(asker, Asker::Admin));
    Ok(told.map(|held| TokenState {
        active: true,
        scope: Some(held.scope),
        client_id: held.application.map(|id| id.to_string()),
        exp: Some(held.expires_at.timestamp()),
        sub: Some(held.user.uuid()),
        iss: Some(ask.app.public_url.clone()),
        ..TokenState::default()
    }))
}
