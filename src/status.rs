//! How the service is: for people, for load balancers and for programs that look for its keys and its document.

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT_LANGUAGE, CACHE_CONTROL, HeaderValue};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::app::{API_VERSION, App};
use crate::messages::Language;
use crate::page::{escaped, escaped_with_code, page};
use crate::policy::Scope;
use crate::problem::{Code, Problem};
use crate::read::{Answer, bytes};
use crate::request::Ask;

/// How the service is.
#[derive(Serialize, ToSchema)]
pub struct Status {
    /// `ok`; when it is not, the answer is a problem.
    #[schema(max_length = 10, pattern = "^ok$", example = "ok")]
    status: &'static str,
    /// The version of the API.
    #[schema(
        max_length = 20,
        pattern = "^[0-9]+\\.[0-9]+\\.[0-9]+$",
        example = "1.0.0"
    )]
    version: &'static str,
}

/// Tell how the service is
///
/// 200 when it and its database answer, else a 503 problem.
#[utoipa::path(tag = "service", security(()), responses((status = 200, body = Status)))]
#[get("/status")]
pub async fn get_status(ask: Ask) -> Answer {
    reach_database(&ask.app).await?;
    let json = bytes(&Status {
        status: "ok",
        version: API_VERSION,
    })?;
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header(("Cache-Control", "no-store"))
        .body(json))
}

async fn reach_database(app: &App) -> Result<(), Problem> {
    let mut conn = app.db.connection().await?;
    diesel::select(diesel::dsl::sql::<diesel::sql_types::Integer>("1"))
        .get_result::<i32>(&mut conn)
        .await?;
    Ok(())
}

/// 200 as long as the process answers at all.
#[get("/health/live")]
pub async fn health_live() -> HttpResponse {
    plain(json!({"status": "live"}))
}

/// 200 when requests may be sent here: the database answers and the service is not about to stop.
#[get("/health/ready")]
pub async fn health_ready(app: Data<App>) -> Answer {
    if app.is_stopping() {
        return Err(Problem::new(Code::Unavailable));
    }
    reach_database(&app).await?;
    Ok(plain(json!({"status": "ready"})))
}

fn plain(value: serde_json::Value) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("Cache-Control", "no-store"))
        .json(value)
}

/// The public keys of access tokens (RFC 7517).
#[get("/.well-known/jwks.json")]
pub async fn jwks(app: Data<App>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("Cache-Control", "public, max-age=300"))
        .json(app.keys.jwks())
}

/// What an OAuth client needs to know (RFC 8414).
#[get("/.well-known/oauth-authorization-server")]
pub async fn metadata(app: Data<App>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("Cache-Control", "public, max-age=300"))
        .json(json!({
            "issuer": app.public_url,
            "authorization_endpoint": app.url("/oauth/authorize"),
            "token_endpoint": app.url("/oauth/token"),
            "revocation_endpoint": app.url("/oauth/revoke"),
            "introspection_endpoint": app.url("/oauth/introspect"),
            "jwks_uri": app.url("/.well-known/jwks.json"),
            "scopes_supported": Scope::ALL,
            "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token"],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
            "ui_locales_supported": Language::ALL.iter().map(|language| language.tag()).collect::<Vec<_>>(),
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "Bearer"],
            "service_documentation": app.url("/docs/"),
        }))
}

/// The OpenAPI document.
#[get("/openapi.json")]
pub async fn openapi_document(app: Data<App>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header(("Cache-Control", "public, no-cache"))
        .insert_header(("Access-Control-Allow-Origin", "*"))
        .body(app.document.clone())
}

/// The page behind a problem's `type`: what it means and what to do.
#[get("/problems/{code}")]
pub async fn problem_page(request: HttpRequest, code: Path<String>) -> Answer {
    let code = Code::named(&code).ok_or(Problem::new(Code::NotFound))?;
    let field = |name| {
        request
            .headers()
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let language = Language::negotiate(field(ACCEPT_LANGUAGE));
    let title = code.title(language);
    let body = format!(
        "<h1>{}</h1>\n<p><code>{}</code> – HTTP {}</p>\n<p>{}</p>\n",
        escaped(&title),
        code.as_str(),
        code.status().as_u16(),
        escaped_with_code(&code.help(language)),
    );
    let mut answer = page(StatusCode::OK, language, &title, &body, false);
    let kept = HeaderValue::from_static("public, max-age=3600");
    answer.headers_mut().insert(CACHE_CONTROL, kept);
    Ok(answer)
}
