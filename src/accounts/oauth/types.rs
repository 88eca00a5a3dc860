//! What the endpoints of OAuth are asked and answer.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::ids::CityId;
use crate::policy::Role;

/// What asking for tokens takes.
#[derive(Deserialize, ToSchema)]
pub struct TokenRequest {
    /// `client_credentials` (RFC 6749, section 4.4) for a machine client, `authorization_code` (section 4.1) for a person who
    /// signed in to an application, `refresh_token` (section 6) to renew a person's tokens.
    #[schema(
        max_length = 100,
        pattern = "^[a-z_:-]+$",
        example = "client_credentials"
    )]
    pub grant_type: String,
    /// The code with which the application was led back to.
    #[schema(
        max_length = 100,
        pattern = "^[A-Za-z0-9_-]+$",
        nullable = false,
        example = "iuc_ac_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    )]
    pub code: Option<String>,
    /// With a code: where the application was led back to, as at /oauth/authorize.
    #[schema(
        max_length = 500,
        pattern = "^[!-~]+$",
        nullable = false,
        example = "https://plans.example/signed-in"
    )]
    pub redirect_uri: Option<String>,
    /// With a code: what `code_challenge` is the SHA-256 of (RFC 7636).
    #[schema(
        min_length = 43,
        max_length = 128,
        pattern = "^[A-Za-z0-9._~-]+$",
        nullable = false,
        example = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    )]
    pub code_verifier: Option<String>,
    /// Of a person: the refresh token that was answered last.
    #[schema(
        max_length = 100,
        pattern = "^[A-Za-z0-9_-]+$",
        nullable = false,
        example = "iuc_rt_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    )]
    pub refresh_token: Option<String>,
    /// What the access token is to allow, separated by spaces: some of what the client or the person may, or else all of
    /// it.
    #[schema(
        max_length = 300,
        pattern = "^[!-~]+( [!-~]+)*$",
        nullable = false,
        example = "read plans:write"
    )]
    pub scope: Option<String>,
    /// Of an application, its id; of a machine client that does not authenticate by `Authorization: Basic`, too.
    #[schema(
        max_length = 100,
        pattern = "^[ -~]+$",
        nullable = false,
        example = "0198d3b4-7e8d-7c1a-9d53-3a4b5c6d7e8f"
    )]
    pub client_id: Option<String>,
    /// Of a machine client that does not authenticate by `Authorization: Basic`: its secret.
    #[schema(
        max_length = 100,
        pattern = "^[ -~]+$",
        nullable = false,
        format = "password",
        example = "iuc_cs_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    )]
    pub client_secret: Option<String>,
}

/// What a question about a token, or taking it back, takes.
#[derive(Deserialize, ToSchema)]
pub struct TokenQuestion {
    /// The access token or the refresh token.
    #[schema(
        max_length = 4096,
        pattern = "^[!-~]+$",
        example = "iuc_rt_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    )]
    pub token: String,
    /// Which of the two it is. It is found without.
    #[schema(
        max_length = 100,
        pattern = "^[!-~]+$",
        nullable = false,
        example = "refresh_token"
    )]
    pub token_type_hint: Option<String>,
    /// Of a machine client that does not authenticate by `Authorization: Basic`: its id.
    #[schema(
        max_length = 100,
        pattern = "^[ -~]+$",
        nullable = false,
        example = "0198d3b4-7e8d-7c1a-9d53-3a4b5c6d7e8f"
    )]
    pub client_id: Option<String>,
    /// Of a machine client that does not authenticate by `Authorization: Basic`: its secret.
    #[schema(
        max_length = 100,
        pattern = "^[ -~]+$",
        nullable = false,
        format = "password",
        example = "iuc_cs_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    )]
    pub client_secret: Option<String>,
}

/// What is told of a token (RFC 7662, section 2.2).
#[derive(Default, Serialize, ToSchema)]
pub struct TokenState {
    /// Whether it works. Of one that does not, or is not for the caller to know of, nothing else is told.
    pub active: bool,
    /// What it allows by now, separated by spaces.
    #[schema(
        max_length = 300,
        pattern = "^[a-z:]+( [a-z:]+)*$",
        nullable = false,
        example = "read plans:write"
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The machine client that it was given to, or the application that a person signed in to.
    #[schema(
        max_length = 80,
        pattern = "^[a-z0-9-]+$",
        nullable = false,
        example = "0198d3b4-7e8d-7c1a-9d53-3a4b5c6d7e8f"
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// `Bearer`, of an access token.
    #[schema(max_length = 10, pattern = "^Bearer$", nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<&'static str>,
    /// When it expires, in Unix seconds.
    #[schema(nullable = false, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
    /// When it was given, in Unix seconds.
    #[schema(nullable = false, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,
    /// Whom it was given to: a person or a machine client.
    #[schema(nullable = false, max_length = 36)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<Uuid>,
    /// What it is for.
    #[schema(nullable = false, max_length = 300, pattern = "^.*$")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aud: Option<String>,
    /// Who gave it.
    #[schema(nullable = false, max_length = 300, pattern = "^.*$")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    /// Its id.
    #[schema(nullable = false, max_length = 36)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<Uuid>,
    /// What its holder is by now.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The city of its holder.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<CityId>,
}
