//! The endpoints of OAuth, as a machine client uses them.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{App, Client, Reply};

/// A machine client: its id and its secret.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
}

impl Machine {
    /// Made by `maker`.
    pub async fn make(maker: &Client, city: &str, scopes: &[&str]) -> Self {
        let body = json!({"name": "Planning system", "city": city, "scopes": scopes});
        Self::of(&maker.post("/v1/clients", body).await.expect(201))
    }

    /// As the answer to its making tells it.
    pub fn of(reply: &Reply) -> Self {
        let secret = reply.body["secret"].as_str();
        Self {
            id: reply.id(),
            secret: secret.unwrap_or_else(|| panic!("{reply}")).to_owned(),
        }
    }

    /// The same with another secret.
    pub fn with(&self, secret: &str) -> Self {
        Self {
            secret: secret.to_owned(),
            ..self.clone()
        }
    }

    /// Its path.
    pub fn path(&self) -> String {
        format!("/v1/clients/{}", self.id)
    }

    /// Its `Authorization` field.
    pub fn basic(&self) -> String {
        let both = STANDARD.encode(format!("{}:{}", self.id, self.secret));
        format!("Basic {both}")
    }

    /// Asks for a token.
    pub async fn ask(&self, app: &App, more: &str) -> Reply {
        let form = format!("grant_type=client_credentials{more}");
        post_form(app, "/oauth/token", &self.basic(), form).await
    }

    /// With a token of all its scopes.
    pub async fn signed_in(&self, app: &App) -> Client {
        bearer(app, &self.ask(app, "").await.expect(200))
    }

    /// With a token of these scopes.
    pub async fn with_scope(&self, app: &App, scope: &str) -> Client {
        let more = format!("&scope={}", scope.replace(' ', "+"));
        bearer(app, &self.ask(app, &more).await.expect(200))
    }

    /// Takes a token back, or asks about it.
    pub async fn send(&self, app: &App, path: &str, token: &str) -> Reply {
        post_form(app, path, &self.basic(), format!("token={token}")).await
    }
}

/// A caller with the access token of this answer.
pub fn bearer(app: &App, reply: &Reply) -> Client {
    app.anonymous()
        .with_token(reply.body["access_token"].as_str().unwrap())
}

/// Sends a form; without an `Authorization` field when it is empty.
pub async fn post_form(app: &App, path: &str, authorization: &str, form: String) -> Reply {
    let mut request = app.anonymous().request("POST", path);
    if !authorization.is_empty() {
        request = request.header("Authorization", authorization);
    }
    request
        .body("application/x-www-form-urlencoded", form)
        .send()
        .await
}

/// What an access token says.
pub fn claims(client: &Client) -> Value {
    let payload = client.token.as_deref().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}
