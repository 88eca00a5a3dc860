//! The edge: what every request passes on its way in, and every answer on its way out.
//!
//! [`edge`] gives the request its id and its log line, bounds its time, catches panics, and puts problems into
//! words. [`guard`], inside it, holds the request against the contract: path, method, token, parameters. Only then
//! is anything of the body read.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage, HttpResponse};
use futures_util::FutureExt;
use serde_json::Value;
use tracing::Instrument;

use crate::accounts::oauth::authorize;
use crate::app::{API_VERSION, Allowance, App};
use crate::auth::{Caller, Claim, invalid_token};
use crate::contract::Operation;
use crate::db::{DATABASE_PATIENCE, patiently};
use crate::feed;
use crate::messages::Language;
use crate::problem::{Code, Context, Problem};
use crate::request::{Address, Granted, Parameters, RequestId};
use crate::telemetry;
use crate::write::ACCEPT_PATCH;

/// Answers of the API are shown by nothing.
const API_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// Swagger UI runs its own scripts and asks this service.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                           img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'";

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The route of a request, found once: what it is checked against, and what handles it.
#[derive(Clone)]
pub struct Route(pub String);

/// What a problem document tells of its request, kept beside the request.
struct Origin {
    app: Data<App>,
    language: Language,
    path: String,
    request_id: String,
}

impl Origin {
    fn render(&self, problem: &Problem) -> HttpResponse {
        let mut response = problem.render(&Context {
            language: self.language,
            public_url: &self.app.public_url,
            path: &self.path,
            request_id: &self.request_id,
        });
        self.finish(response.headers_mut());
        response
    }

    /// The fields that every answer has.
    fn finish(&self, headers: &mut header::HeaderMap) {
        let mut set = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value)
                && !headers.contains_key(name)
            {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        set("x-request-id", &self.request_id);
        // Answers are compressed by the layer outside of this one, problems are worded by language.
        set("vary", "Accept-Encoding, Accept-Language");
        set("api-version", API_VERSION);
        set("x-content-type-options", "nosniff");
        set("referrer-policy", "no-referrer");
        let policy = if self.path.starts_with("/docs") {
            DOCS_POLICY
        } else {
            API_POLICY
        };
        set("content-security-policy", policy);
        if self.app.is_stopping() {
            set("connection", "close");
        }
        if self.app.config.behind_tls() {
            set(
                "strict-transport-security",
                "max-age=31536000; includeSubDomains",
            );
        }
    }
}

/// The outer middleware: id, log line, time limit, panics, words.
pub async fn edge(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(app) = request.app_data::<Data<App>>().cloned() else {
        return Err(Problem::new(Code::Internal).into());
    };
    let begun = Instant::now();
    let underway = app.metrics.request();
    let origin = Origin {
        language: Language::negotiate(
            request
                .headers()
                .get(header::ACCEPT_LANGUAGE)
                .and_then(|value| value.to_str().ok()),
        ),
        path: request.path().to_owned(),
        request_id: request_id(&request),
        app,
    };
    request
        .extensions_mut()
        .insert(RequestId(origin.request_id.clone()));
    let address = address(&request, &origin.app.config.settings.trusted_proxies);
    request.extensions_mut().insert(Address(address));
    let method = request.method().clone();
    if method == Method::HEAD {
        // The protocol layer remembers that it was HEAD and sends no body.
        request.head_mut().method = Method::GET;
    }
    // As the handlers are found: without the encoding of what need not be encoded.
    let known = origin.app.contract.route(request.match_info().as_str());
    let route = known.map(str::to_owned).or_else(|| request.match_pattern());
    if let Some(route) = &route {
        request.extensions_mut().insert(Route(route.clone()));
    }
    let route = route.unwrap_or_default();
    let settings = &origin.app.config.settings;
    let span = telemetry::of_request(
        settings,
        request.request(),
        &origin.request_id,
        &method,
        &route,
    );
    // Reads wait for the database, and documents for their turn to be made: what hangs is told within five seconds.
    let limit = match *request.method() {
        // It waits for others, and says in time itself when it is the database that it waits for.
        Method::GET if route == feed::PATH => feed::LONGEST_WAIT + 2 * DATABASE_PATIENCE,
        Method::GET => DATABASE_PATIENCE,
        _ if origin.app.contract.takes_file(&route, request.method()) => origin.app.files.longest,
        _ => Duration::from_secs(origin.app.config.settings.request_timeout),
    };
    let work = AssertUnwindSafe(tokio::time::timeout(limit, next.call(request))).catch_unwind();
    let outcome = work.instrument(span.clone()).await;
    let response = match outcome {
        Ok(Ok(Ok(response))) => Ok(in_words(response, &origin)),
        Ok(Ok(Err(error))) => Err(error
            .as_error::<Problem>()
            .cloned()
            .unwrap_or_else(|| of_framework(error.as_response_error().status_code()))),
        Ok(Err(_)) => Err(Problem::new(Code::Timeout).header(header::RETRY_AFTER, "5")),
        Err(_) => {
            span.in_scope(|| tracing::error!("a handler panicked"));
            Err(Problem::new(Code::Internal))
        }
    };
    let status = match &response {
        Ok(response) => response.status(),
        Err(problem) => problem.status(),
    };
    let took = begun.elapsed();
    telemetry::answered(&span, status);
    span.in_scope(|| {
        tracing::info!(
            status = status.as_u16(),
            micros = took.as_micros() as u64,
            "answered"
        );
    });
    underway.answered(&method, route, status, took);
    response.map_err(|problem| {
        let answer = origin.render(&problem);
        actix_web::error::InternalError::from_response(problem, answer).into()
    })
}

/// Puts the problem of an answer into words, and gives it the fields that every answer has.
fn in_words(
    mut response: ServiceResponse<impl MessageBody + 'static>,
    origin: &Origin,
) -> ServiceResponse<BoxBody> {
    let error = response.response().error();
    let problem = error.map(|error| {
        error
            .as_error::<Problem>()
            .cloned()
            .unwrap_or_else(|| of_framework(error.as_response_error().status_code()))
    });
    match problem {
        Some(problem) => {
            let answer = origin.render(&problem);
            response.into_response(answer)
        }
        None => {
            let bare = response.status().is_client_error()
                && !response.headers().contains_key(header::CONTENT_TYPE);
            if bare {
                let answer = origin.render(&of_framework(response.status()));
                return response.into_response(answer);
            }
            origin.finish(response.headers_mut());
            response.map_into_boxed_body()
        }
    }
}

/// The problem behind an answer that the framework made on its own.
fn of_framework(status: StatusCode) -> Problem {
    match status {
        StatusCode::NOT_FOUND => Problem::new(Code::NoSuchPath),
        StatusCode::REQUEST_TIMEOUT => Problem::new(Code::RequestTimeout).with("seconds", "a few"),
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(Code::PayloadTooLarge).with("limit", "the allowed number of")
        }
        _ => Problem::new(Code::Internal),
    }
}

/// The caller's id for the request, if it is fit for a log line; else a new one.
fn request_id(request: &ServiceRequest) -> String {
    let sent = request
        .headers()
        .get(&REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let fit = !sent.is_empty()
        && sent.len() <= 64
        && sent
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    if fit {
        sent.to_owned()
    } else {
        crate::resource::new_uuid().to_string()
    }
}

/// The address of the caller: the nearest one that is not a configured proxy.
fn address(request: &ServiceRequest, proxies: &[IpAddr]) -> String {
    let Some(peer) = request.peer_addr().map(|address| address.ip()) else {
        return String::new();
    };
    let forwarded = request
        .headers()
        .get_all("x-forwarded-for")
        .filter_map(|value| value.to_str().ok());
    let mut hops: Vec<IpAddr> = forwarded
        .flat_map(|field| field.split(','))
        .filter_map(|hop| hop.trim().parse().ok())
        .collect();
    hops.push(peer);
    hops.iter()
        .rev()
        .find(|hop| !proxies.contains(hop))
        .unwrap_or(&peer)
        .to_string()
}

/// The inner middleware: holds the request against the contract, before its body is read.
pub async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(app) = request.app_data::<Data<App>>().cloned() else {
        return Err(Problem::new(Code::Internal).into());
    };
    let address = request.extensions().get::<Address>().cloned();
    let Address(address) = address.unwrap_or_default();
    // Who is refused before it is known who asks is counted too, by the address, so that floods of it are bounded.
    let counted = |problem: Problem| {
        app.limit(&Caller::ANONYMOUS, &address)
            .err()
            .unwrap_or(problem)
    };
    let pattern = request.extensions().get::<Route>().cloned();
    let Some(Route(pattern)) = pattern else {
        return Err(counted(Problem::new(Code::NoSuchPath)).into());
    };
    let Some(path) = app.contract.path(&pattern) else {
        let (takes_form, allowed) = match pattern == authorize::PATH {
            true => (true, "GET, HEAD, POST"),
            false => (false, "GET, HEAD"),
        };
        return match *request.method() {
            Method::GET => Ok(next.call(request).await?.map_into_boxed_body()),
            Method::POST if takes_form => Ok(next.call(request).await?.map_into_boxed_body()),
            _ => Err(counted(not_allowed(allowed)).into()),
        };
    };
    let Some(operation) = path.operation(request.method()) else {
        let allowed = path.methods().join(", ");
        if request.method() != Method::OPTIONS {
            return Err(counted(not_allowed(&allowed)).into());
        }
        let mut answer = HttpResponse::NoContent();
        answer.insert_header((header::ALLOW, allowed));
        if path.is_patchable() {
            answer.insert_header(("Accept-Patch", ACCEPT_PATCH));
        }
        return Ok(request.into_response(answer.finish()));
    };
    let encoding = request.headers().get(header::CONTENT_ENCODING);
    if encoding.is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        let problem = Problem::new(Code::UnsupportedContentEncoding);
        let problem = problem.header(header::ACCEPT_ENCODING, "identity");
        return Err(counted(problem).into());
    }
    let claim = authenticate(&app, operation, &request).map_err(counted)?;
    let caller = match &claim {
        None => Caller::ANONYMOUS,
        // A reading asks the database itself who the caller is by now, in its own round trip.
        Some(claim) if request.method() == Method::GET => claim.caller.clone(),
        Some(claim) => confirmed(&app, claim).await.map_err(counted)?,
    };
    let allowance = app.limit(&caller, &address)?;
    tracing::debug!(role = %caller.role, operation = operation.id, "let in");
    let parameters = match names_something(&request).and_then(|()| {
        let parameters = operation.parameters(request.query_string());
        parameters.or_else(|faults| faults.into_result().map(|()| Value::Null))
    }) {
        Ok(parameters) => parameters,
        Err(problem) => {
            if let Some(claim) = &claim {
                confirmed(&app, claim).await?;
            }
            return Err(problem.into());
        }
    };
    match claim {
        Some(claim) if request.method() == Method::GET => {
            request.extensions_mut().insert(claim);
        }
        claim => {
            let mut extensions = request.extensions_mut();
            extensions.insert(caller);
            if let Some(claim) = claim {
                extensions.insert(Granted(claim));
            }
        }
    }
    request.extensions_mut().insert(Parameters(parameters));
    let patchable = request.method() != Method::DELETE && path.is_patchable();
    let mut response = next.call(request).await?.map_into_boxed_body();
    for (name, value) in allowance.into_iter().flat_map(Allowance::fields) {
        response
            .headers_mut()
            .insert(HeaderName::from_static(name), value.into());
    }
    if let Some(deprecation) = &operation.deprecation {
        for (name, value) in [
            ("deprecation", &deprecation.since),
            ("sunset", &deprecation.sunset),
        ] {
            if let Ok(value) = HeaderValue::from_str(value) {
                response
                    .headers_mut()
                    .insert(HeaderName::from_static(name), value);
            }
        }
    }
    if patchable {
        response.headers_mut().insert(
            HeaderName::from_static("accept-patch"),
            HeaderValue::from_static(ACCEPT_PATCH),
        );
    }
    Ok(response)
}

fn not_allowed(allowed: &str) -> Problem {
    Problem::new(Code::MethodNotAllowed)
        .with("allowed", allowed)
        .header(header::ALLOW, allowed)
}

/// Nothing has an id or a key with a control character in it; the database does not even take a NUL to look for it.
fn names_something(request: &ServiceRequest) -> Result<(), Problem> {
    match request.match_info().as_str().chars().any(char::is_control) {
        true => Err(Problem::new(Code::NotFound)),
        false => Ok(()),
    }
}

/// Who sends the request: by the session of its token, as it is in the database now.
fn authenticate(
    app: &App,
    operation: &Operation,
    request: &ServiceRequest,
) -> Result<Option<Claim>, Problem> {
    let sent = request.headers().get(header::AUTHORIZATION);
    let sent = sent.map(|field| field.to_str().unwrap_or_default());
    let field = match sent {
        Some(field) if operation.takes_token && !operation.is_clients(field) => field,
        _ if operation.open => return Ok(None),
        _ => {
            return Err(
                Problem::new(Code::Unauthenticated).header(header::WWW_AUTHENTICATE, "Bearer")
            );
        }
    };
    let (scheme, token) = field.split_once(' ').ok_or_else(invalid_token)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(invalid_token());
    }
    let claims = app
        .verify(token.trim(), crate::clock::now())
        .map_err(|error| {
            tracing::info!(%error, "a token was refused");
            invalid_token()
        })?;
    let needed = match claims.machine {
        true => operation.scopes,
        false => operation.scopes_of_person,
    };
    Claim::of(&claims, needed)
        .map(Some)
        .ok_or_else(invalid_token)
}

/// Who the caller is by now.
async fn confirmed(app: &App, claim: &Claim) -> Result<Caller, Problem> {
    patiently(async {
        let conn = app.db.connection().await?;
        claim.confirm(&conn).await
    })
    .await
}
