//! The service put together: state, middleware, routes, jobs, and a graceful end.

use std::sync::Arc;
use std::time::Duration;

use actix_cors::Cors;
use actix_web::dev::Server;
use actix_web::http::header;
use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{Data, get};
use actix_web::{App as Application, HttpResponse, HttpServer};
use chrono::TimeDelta;
use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};
use secrecy::{ExposeSecret, SecretBox, SecretString};
use utoipa_swagger_ui::{Config as SwaggerConfig, SwaggerUi, oauth};

use crate::accounts::applications::db::SWAGGER_UI;
use crate::accounts::oauth::codes;
use crate::accounts::{clients, sessions, throttle};
use crate::app::App;
use crate::auth::keys::{KeyRing, SigningKey};
use crate::auth::passwords::{Cost, Hasher};
use crate::auth::seal::Seal;
use crate::clock::now;
use crate::config::{Config, Settings};
use crate::db::{Connection, Database, begin, commit};
use crate::edge::{edge, guard};
use crate::feed;
use crate::files::{Files, Swept, sweep};
use crate::metrics::{CONTENT_TYPE, Job, Metrics};
use crate::problem::Problem;
use crate::schema::{keys, search_words};
use crate::tours::delegates::retention::erase_old_delegates;
use crate::webhooks::courier;
use crate::write::{BulkOutcome, forget_old_keys};
use crate::{openapi, routes};

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
    tokio::spawn(number_changes(state.clone()));
    tokio::spawn(courier::run(state.clone()));
    tokio::spawn(jobs(state.clone()));
    tokio::spawn(remove_files(state));
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

/// Has what is committed numbered for the change feed, and wakes who waits for it, until the service stops. It is looked for,
/// and nobody is told of it: a notification in the database would make all commits queue.
async fn number_changes(app: Data<App>) {
    let mut is_well = true;
    let look = async {
        loop {
            tokio::time::sleep(feed::LOOK_EVERY).await;
            let numbered = async {
                let conn = app.db.job_connection().await?;
                Ok::<_, Problem>(feed::number(&conn).await?)
            };
            match numbered.await {
                Ok(seq) => {
                    app.head.note(seq);
                    app.metrics.done(Job::NumberChanges);
                    is_well = true;
                }
                Err(problem) => {
                    if is_well {
                        tracing::warn!(%problem, "changes cannot be numbered; it is tried on");
                    }
                    is_well = false;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    };
    tokio::select! {
        () = look => {}
        () = app.stopped() => {}
    }
}

/// What has to be done now and then: forgetting what is kept for a time only.
async fn jobs(app: Data<App>) {
    if has_no_words(&app).await.unwrap_or_default() {
        find_all_words(&app).await;
    }
    // None of it is due at once: a service that begins has others to answer first.
    let soon = tokio::time::Instant::now() + Duration::from_secs(60);
    let mut hourly = tokio::time::interval_at(soon, Duration::from_secs(3600));
    loop {
        hourly.tick().await;
        app.forget_idle_callers();
        let work = async {
            let mut conn = app.db.job_connection().await?;
            let keys = forget_old_keys(&mut conn, now()).await?;
            throttle::delete_old_failures(&mut conn, now()).await?;
            let sessions = sessions::delete_old(&mut conn, now(), TimeDelta::days(30)).await?;
            clients::grants::delete_old(&mut conn, now()).await?;
            codes::delete_old(&mut conn, now()).await?;
            let months = app.config.settings.delegate_months;
            let delegates = erase_old_delegates(&mut conn, now(), months).await?;
            let changes = feed::forget_old(&mut conn, now(), app.config.settings.feed_days).await?;
            let deliveries = courier::forget_old(&mut conn, now()).await?;
            Ok::<_, Problem>((keys, sessions, delegates, changes, deliveries))
        };
        find_all_words(&app).await;
        match work.await {
            Ok((keys, sessions, delegates, changes, deliveries)) => {
                app.metrics.done(Job::ForgetOld);
                tracing::info!(
                    keys,
                    sessions,
                    delegates,
                    changes,
                    deliveries,
                    "forgot what was kept for a time only"
                )
            }
            Err(problem) => {
                tracing::warn!(%problem, "the hourly job failed; it runs again in an hour")
            }
        }
    }
}

/// Gives words to what has none; what is wrong with one kind of thing keeps no other from it.
async fn find_all_words(app: &App) {
    for (thing, find) in openapi::word_finders() {
        let work = async {
            let (mut after, mut all) = (String::new(), 0);
            loop {
                let mut conn = app.db.job_connection().await?;
                begin(&mut conn).await?;
                let found = find(&mut conn, after).await?;
                commit(&mut conn).await?;
                let Some((last, count)) = found else {
                    return Ok::<usize, Problem>(all);
                };
                (after, all) = (last, all + count);
            }
        };
        match work.await {
            Ok(0) => {}
            Ok(count) => {
                tracing::info!(%thing, count, "made searchable what was written without words")
            }
            Err(problem) => {
                tracing::warn!(%thing, %problem, "some things cannot be searched yet; it is tried again in an hour")
            }
        }
    }
}

/// Whether nothing has words, as when this is the first instance that makes them.
async fn has_no_words(app: &App) -> Result<bool, Problem> {
    let mut conn = app.db.job_connection().await?;
    let words = search_words::table.select(search_words::id);
    let first: Option<String> = words.first(&mut conn).await.optional()?;
    Ok(first.is_none())
}

/// Removes the objects of files that were deleted, or whose upload broke off.
async fn remove_files(app: Data<App>) {
    let minute = Duration::from_secs(60);
    // Nothing is due at once: an upload has its time first.
    let mut often = tokio::time::interval_at(tokio::time::Instant::now() + minute, minute);
    loop {
        often.tick().await;
        let work = async {
            let mut conn = app.db.job_connection().await?;
            sweep(&mut conn, &app.files, now()).await
        };
        match work.await {
            Ok(Swept { removed, left }) => {
                if removed > 0 {
                    tracing::info!(removed, "removed files to which nothing refers");
                }
                app.metrics.done(Job::RemoveFiles);
                app.metrics.files_left(left);
                if left > 0 {
                    tracing::warn!(
                        left,
                        "some files could not be removed; they are tried again"
                    );
                }
            }
            Err(problem) => {
                tracing::warn!(%problem, "files could not be removed; the job runs again in a minute")
            }
        }
    }
}
