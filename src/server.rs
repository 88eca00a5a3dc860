//! The service put together: state, middleware, routes, and a graceful end.

use std::sync::Arc;
use std::time::Duration;

use actix_cors::Cors;
use actix_web::dev::Server;
use actix_web::http::header;
use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{Data, get};
use actix_web::{App as Application, HttpResponse, HttpServer};
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};
use secrecy::{ExposeSecret, SecretBox, SecretString};
use utoipa_swagger_ui::{Config as SwaggerConfig, SwaggerUi, oauth};

use crate::accounts::applications::db::SWAGGER_UI;
use crate::app::App;
use crate::auth::keys::{KeyRing, SigningKey};
use crate::auth::passwords::{Cost, Hasher};
use crate::auth::seal::Seal;
use crate::clock::now;
use crate::config::{Config, Settings};
use crate::db::{Connection, Database};
use crate::edge::{edge, guard};
use crate::files::Files;
use crate::metrics::{CONTENT_TYPE, Metrics};
use crate::schema::keys;
use crate::write::BulkOutcome;
use crate::{jobs, openapi, routes};

/// Anything that keeps the service from starting.
pub type StartError = Box<dyn std::error::Error + Send + Sync>;

/// The hasher of passwords for these settings.
pub fn hasher(settings: &Settings) -> Result<Hasher, StartError> {
    Ok(Hasher::new(Cost {
        memory_kib: settings.argon2_memory,
        passes: settings.argon2_passes,
        ..Cost::OWASP
    })?)
}

/// The state of a service on a migrated database; makes its keys when there are none.
pub async fn state(config: Config, database_url: &SecretString) -> Result<Data<App>, StartError> {
    let metrics = Arc::<Metrics>::default();
    for outcome in BulkOutcome::ALL {
        metrics.lines(outcome.as_str(), 0);
    }
    let db = Database::new(database_url, &config.settings, metrics.clone())?;
    let (ring, seal) = load_keys(&mut *db.connection().await?).await?;
    let contract = openapi::contract()?;
    let files = Files::open(&config.settings)?;
    let hasher = hasher(&config.settings)?;
    let public_url = config.public_url();
    let referrers = openapi::referrers();
    Ok(Data::new(App::new(
        config,
        metrics,
        db,
        files,
        ring,
        seal,
        hasher,
        contract,
        openapi::bytes(),
        referrers,
        public_url,
    )))
}

/// The keys that all instances share, made by the first.
async fn load_keys(conn: &mut Connection) -> Result<(KeyRing, Seal), StartError> {
    let new = SigningKey::generate()?;
    let pkcs8 = new.to_pkcs8();
    insert_key(conn, new.kid(), "access_token", pkcs8.expose_secret()).await?;
    insert_key(
        conn,
        "cursor",
        "cursor",
        Seal::generate_key()?.expose_secret(),
    )
    .await?;
    let stored: Vec<(String, String, Vec<u8>)> = keys::table
        .order((keys::created_at.desc(), keys::id))
        .select((keys::id, keys::purpose, keys::secret))
        .load(conn)
        .await?;
    let mut signing = Vec::new();
    let mut seal = None;
    for (id, purpose, secret) in stored {
        match purpose.as_str() {
            "access_token" => signing.push(SigningKey::from_pkcs8(&id, &secret)?),
            _ => {
                let key = <[u8; 32]>::try_from(secret.as_slice())?;
                seal = Some(Seal::new(&SecretBox::new(Box::new(key)))?);
            }
        }
    }
    let mut signing = signing.into_iter();
    let active = signing
        .next()
        .ok_or("there is no key to sign access tokens with")?;
    Ok((
        KeyRing::new(active, signing.collect()),
        seal.ok_or("there is no key to seal cursors with")?,
    ))
}

/// Stores a key unless there is one for its purpose already.
async fn insert_key(
    conn: &mut Connection,
    id: &str,
    purpose: &str,
    secret: &[u8],
) -> QueryResult<()> {
    conn.transaction(async |conn| {
        diesel::sql_query("LOCK TABLE keys IN SHARE ROW EXCLUSIVE MODE")
            .execute(conn)
            .await?;
        let there: i64 = keys::table
            .filter(keys::purpose.eq(purpose))
            .count()
            .get_result(conn)
            .await?;
        if there > 0 {
            return Ok(());
        }
        let row = (
            keys::id.eq(id),
            keys::purpose.eq(purpose),
            keys::secret.eq(secret),
            keys::created_at.eq(now()),
        );
        diesel::insert_into(keys::table)
            .values(row)
            .execute(conn)
            .await
            .map(drop)
    })
    .await
}

/// Serves until it is stopped.
pub fn run(app: Data<App>, listener: std::net::TcpListener) -> std::io::Result<Server> {
    let settings = app.config.settings.clone();
    let state = app.clone();
    let server = HttpServer::new(move || {
        Application::new()
            .app_data(app.clone())
            .configure(routes::api)
            .configure(routes::beside)
            .service(actix_web::web::redirect("/", "/docs/"))
            .service(actix_web::web::redirect("/docs", "/docs/"))
            .service(docs())
            .wrap(from_fn(guard))
            .wrap(from_fn(edge))
            .wrap(Compress::default())
            .wrap(cors(&app.config.settings))
    })
    .workers(settings.workers())
    // A stream's next lines go out at once, and do not wait until the last ones are acknowledged.
    .tcp_nodelay(true)
    .keep_alive(Duration::from_secs(settings.keep_alive))
    .client_request_timeout(Duration::from_secs(settings.header_timeout))
    .shutdown_timeout(settings.request_timeout)
    .disable_signals()
    .listen(listener)?
    .run();
    tokio::spawn(stop_on_signal(state.clone(), server.handle()));
    jobs::start(&state);
    Ok(server)
}

/// Serves the figures of `app`, and nothing else, to whoever reaches `listener`.
pub fn run_metrics(app: Data<App>, listener: std::net::TcpListener) -> std::io::Result<Server> {
    let server = HttpServer::new(move || {
        Application::new()
            .app_data(app.clone())
            .route("/metrics", get().to(figures))
    });
    Ok(server.workers(1).disable_signals().listen(listener)?.run())
}

async fn figures(app: Data<App>) -> HttpResponse {
    app.metrics.newest(app.head.seen());
    match app.metrics.text() {
        Ok(text) => HttpResponse::Ok().content_type(CONTENT_TYPE).body(text),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

/// Swagger UI, from the program itself.
fn docs() -> SwaggerUi {
    let sign_in = oauth::Config::new()
        .client_id(SWAGGER_UI)
        .use_pkce_with_authorization_code_grant(true);
    SwaggerUi::new("/docs/{_:.*}")
        .config(
            SwaggerConfig::from("/openapi.json")
                .persist_authorization(true)
                .try_it_out_enabled(true)
                .display_request_duration(true)
                .filter(true)
                .deep_linking(true)
                .doc_expansion("none"),
        )
        .oauth(sign_in)
}

fn cors(settings: &Settings) -> Cors {
    let cors = settings
        .cors_origins
        .iter()
        .fold(Cors::default(), |cors, origin| {
            if origin == "*" {
                cors.send_wildcard().allow_any_origin()
            } else {
                cors.allowed_origin(origin)
            }
        });
    cors.allow_any_method()
        .allow_any_header()
        .expose_headers([
            header::ETAG.as_str(),
            header::LINK.as_str(),
            header::LOCATION.as_str(),
            header::RETRY_AFTER.as_str(),
            header::LAST_MODIFIED.as_str(),
            header::CONTENT_LANGUAGE.as_str(),
            header::ACCEPT_RANGES.as_str(),
            header::CONTENT_DISPOSITION.as_str(),
            header::CONTENT_RANGE.as_str(),
            header::ALLOW.as_str(),
            header::WWW_AUTHENTICATE.as_str(),
            "accept-patch",
            "preference-applied",
            "ratelimit-limit",
            "ratelimit-remaining",
            "ratelimit-reset",
            "api-version",
            "deprecation",
            "idempotent-replayed",
            "repr-digest",
            "sunset",
            "x-request-id",
        ])
        .max_age(3600)
}

/// The first signal: not ready at once, serve on for the drain time, then stop gracefully, and wait for the
/// writes whose clients are gone. A second signal ends it.
async fn stop_on_signal(app: Data<App>, handle: actix_web::dev::ServerHandle) {
    signal().await;
    app.begin_to_stop();
    let drain = Duration::from_secs(app.config.settings.drain_time);
    tracing::info!(
        seconds = drain.as_secs(),
        "stopping: no longer ready, serving on for the drain time"
    );
    tokio::select! {
        () = tokio::time::sleep(drain) => {}
        () = signal() => return handle.stop(false).await,
    }
    app.writes.close();
    let limit = Duration::from_secs(app.config.settings.request_timeout);
    if tokio::time::timeout(limit, app.writes.wait())
        .await
        .is_err()
    {
        tracing::warn!("some writes did not end in time");
    }
    tokio::select! {
        () = handle.stop(true) => app.writes.wait().await,
        () = signal() => handle.stop(false).await,
    }
}

async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut interrupt)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        tracing::error!("signals cannot be received");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
}
