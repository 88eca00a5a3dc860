//! The database: connections, transactions, migrations, and what its errors mean.
//!
//! A request holds at most one connection at a time. A connection that goes back with a transaction open
//! is closed instead, so that its locks end with it.

pub mod embedded;
pub mod migrations;
pub mod statement;

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use deadpool::Runtime;
use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error as DieselError};
use diesel_async::pooled_connection::deadpool::{Object, Pool};
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, PoolableConnection, RecyclingMethod,
};
use diesel_async::{
    AnsiTransactionManager, AsyncConnection, AsyncPgConnection, TransactionManager,
};
use secrecy::{ExposeSecret, SecretString};

use crate::config::Settings;
use crate::metrics::{self, Busy, Metrics};
use crate::problem::{Code, Problem};
use crate::telemetry::Statements;

/// A connection, as every SQL function takes it.
pub type Connection = AsyncPgConnection;

/// The pools of connections: one for each thread that asks, so that a connection's own task runs where it is used.
pub struct Database {
    id: usize,
    url: SecretString,
    settings: Settings,
    metrics: Arc<Metrics>,
}

/// The pools of one thread.
#[derive(Clone)]
struct Pools {
    requests: Pool<Connection>,
    exports: Pool<Connection>,
    bulks: Pool<Connection>,
}

thread_local! {
    /// By the id of their [`Database`]; they go with their thread.
    static POOLS: RefCell<HashMap<usize, Pools>> = RefCell::default();
}

/// A connection on loan from a pool.
pub struct Loan {
    object: Option<Object<Connection>>,
    /// Its statements are told of.
    is_traced: bool,
    /// It counts as lent.
    _lent: Busy,
}

impl Database {
    /// Pools on the database at `url`; connects when first asked.
    pub fn new(
        url: &SecretString,
        settings: &Settings,
        metrics: Arc<Metrics>,
    ) -> Result<Self, PoolError> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let workers = settings.workers();
        for (pool, most) in [
            (metrics::Pool::Requests, workers * settings.pool_requests),
            (metrics::Pool::Exports, workers * settings.pool_exports),
            (metrics::Pool::Bulks, workers * settings.pool_bulks),
            (metrics::Pool::Jobs, settings.pool_requests),
        ] {
            metrics.lends(pool, most);
        }
        let database = Self {
            id,
            url: url.clone(),
            settings: settings.clone(),
            metrics,
        };
        database.pools().map(|_| database)
    }

    /// A connection for a request.
    pub async fn connection(&self) -> Result<Loan, Problem> {
        self.lend(metrics::Pool::Requests, |pools| pools.requests)
            .await
    }

    /// A connection for what the instance does by itself, of the pool for requests: it counts apart from theirs.
    pub async fn job_connection(&self) -> Result<Loan, Problem> {
        self.lend(metrics::Pool::Jobs, |pools| pools.requests).await
    }

    /// A connection for an export, which may hold it long.
    pub async fn export_connection(&self) -> Result<Loan, Problem> {
        self.lend(metrics::Pool::Exports, |pools| pools.exports)
            .await
    }

    /// A connection for a request that stores all of its lines or none: exports do not keep it waiting.
    pub async fn bulk_connection(&self) -> Result<Loan, Problem> {
        self.lend(metrics::Pool::Bulks, |pools| pools.bulks).await
    }

    async fn lend(
        &self,
        pool: metrics::Pool,
        of: impl FnOnce(Pools) -> Pool<Connection>,
    ) -> Result<Loan, Problem> {
        let connections = of(self.pools().map_err(unusable)?);
        let since = Instant::now();
        match connections.get().await {
            Ok(object) => Ok(Loan {
                object: Some(object),
                is_traced: !self.settings.otlp_endpoint.is_empty(),
                _lent: self.metrics.lent(pool, since),
            }),
            Err(error) => {
                self.metrics.not_lent(pool);
                tracing::warn!(%error, "no connection to the database");
                Err(unavailable())
            }
        }
    }

    /// The pools of this thread, made when it first asks.
    fn pools(&self) -> Result<Pools, PoolError> {
        POOLS.with_borrow_mut(|all| match all.entry(self.id) {
            Entry::Occupied(found) => Ok(found.get().clone()),
            Entry::Vacant(place) => {
                let settings = &self.settings;
                let pool = |size, name, timeout| pool(&self.url, size, name, timeout, settings);
                let pools = Pools {
                    requests: pool(
                        settings.pool_requests,
                        "iuc requests",
                        settings.statement_timeout,
                    )?,
                    exports: pool(
                        settings.pool_exports,
                        "iuc exports",
                        settings.export_timeout,
                    )?,
                    bulks: pool(settings.pool_bulks, "iuc bulks", settings.export_timeout)?,
                };
                Ok(place.insert(pools).clone())
            }
        })
    }
}

fn unusable(error: PoolError) -> Problem {
    tracing::error!(%error, "no pool of connections");
    Problem::new(Code::Internal)
}

/// How long the database may keep a request waiting. Its own timeouts are shorter; but they are no help when it
/// hangs itself, or the way to it.
pub const DATABASE_PATIENCE: Duration = Duration::from_millis(4500);

/// The outcome of `work`, or a 503 when the database hangs.
pub async fn patiently<T>(work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    tokio::time::timeout(DATABASE_PATIENCE, work)
        .await
        .unwrap_or_else(|_| {
            Err(Problem::new(Code::Timeout).header(actix_web::http::header::RETRY_AFTER, "5"))
        })
}

fn unavailable() -> Problem {
    later(Code::Unavailable)
}

/// The problem of a transaction that met another: it is tried again.
pub fn busy() -> Problem {
    later(Code::Busy)
}

/// A problem that may be gone in two seconds.
fn later(code: Code) -> Problem {
    Problem::new(code).header(actix_web::http::header::RETRY_AFTER, "2")
}

fn pool(
    url: &SecretString,
    size: usize,
    name: &'static str,
    statement_timeout: u64,
    settings: &Settings,
) -> Result<Pool<Connection>, PoolError> {
    let lock_timeout = settings.lock_timeout;
    // An export waits for its reader with its transaction open.
    let idle = statement_timeout.max(10);
    let is_traced = !settings.otlp_endpoint.is_empty();
    let mut config = ManagerConfig::default();
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |url| {
        // The last: a page costs the same wherever it stands, for it is in memory or on a disk that has no head to move.
        let options = format!(
            "-c statement_timeout={statement_timeout}s -c lock_timeout={lock_timeout}s \
             -c idle_in_transaction_session_timeout={idle}s -c client_connection_check_interval=2s \
             -c TimeZone=UTC -c application_name={} -c jit=off \
             -c random_page_cost=1.1",
            name.replace(' ', "\\ ")
        );
        let url = url.to_owned();
        Box::pin(async move {
            let mut conn = connect(&url, &options).await?;
            if is_traced {
                conn.set_instrumentation(Statements::default());
            }
            Ok(conn)
        })
    });
    let manager =
        AsyncDieselConnectionManager::<Connection>::new_with_config(url.expose_secret(), config);
    Pool::builder(manager)
        .max_size(size)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(Duration::from_secs(1)))
        .create_timeout(Some(Duration::from_secs(2)))
        .recycle_timeout(Some(Duration::from_secs(1)))
        .build()
        .map_err(|error| PoolError(error.to_string()))
}

/// Opens a connection with session settings of its own.
async fn connect(url: &str, options: &str) -> diesel::ConnectionResult<Connection> {
    let bad =
        |error: tokio_postgres::Error| diesel::ConnectionError::BadConnection(error.to_string());
    let mut config: tokio_postgres::Config = url.parse().map_err(bad)?;
    config.options(options);
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.map_err(bad)?;
    Connection::try_from_client_and_connection(client, connection).await
}

/// A pool cannot be made of the settings.
#[derive(Debug)]
pub struct PoolError(String);

impl std::fmt::Display for PoolError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "the connections to the database cannot be set up: {}",
            self.0
        )
    }
}

impl std::error::Error for PoolError {}

impl Deref for Loan {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        match &self.object {
            Some(object) => object,
            None => unreachable!("a loan holds its connection until it is dropped"),
        }
    }
}

impl DerefMut for Loan {
    fn deref_mut(&mut self) -> &mut Connection {
        match &mut self.object {
            Some(object) => object,
            None => unreachable!("a loan holds its connection until it is dropped"),
        }
    }
}

impl Drop for Loan {
    /// A broken connection, or one with a transaction still open, is closed and not given back.
    fn drop(&mut self) {
        let Some(mut object) = self.object.take() else {
            return;
        };
        if object.is_broken() {
            drop(Object::take(object));
        } else if self.is_traced {
            object.set_instrumentation(Statements::default());
        }
    }
}

/// Begins a transaction.
pub async fn begin(conn: &mut Connection) -> Result<(), Problem> {
    Ok(AnsiTransactionManager::begin_transaction(conn).await?)
}

/// Commits. When the connection breaks while it does, or the database ends the session, nobody knows the outcome.
pub async fn commit(conn: &mut Connection) -> Result<(), Problem> {
    let outcome = AnsiTransactionManager::commit_transaction(conn).await;
    outcome.map_err(|error| {
        let problem = Problem::from(error);
        if problem.code() != Code::Unavailable {
            return problem;
        }
        tracing::error!("the connection broke during a commit");
        // It is closed, and not lent again.
        AnsiTransactionManager::transaction_manager_status_mut(conn).set_in_error();
        later(Code::OutcomeUnknown)
    })
}

/// Undoes everything since [`begin`].
pub async fn rollback(conn: &mut Connection) -> Result<(), Problem> {
    Ok(AnsiTransactionManager::rollback_transaction(conn).await?)
}

impl From<DieselError> for Problem {
    /// What a database error means to a caller. A broken constraint keeps its name until the write path has
    /// found its meaning; everything unforeseen is logged and answered as internal.
    fn from(error: DieselError) -> Self {
        match &error {
            DieselError::NotFound => Self::new(Code::NotFound),
            DieselError::DatabaseError(kind, info) => of_database(kind, info.as_ref(), &error),
            DieselError::BrokenTransactionManager => unavailable(),
            _ => {
                tracing::error!(%error, "unexpected database error");
                Self::new(Code::Internal)
            }
        }
    }
}

fn of_database(
    kind: &DatabaseErrorKind,
    info: &dyn DatabaseErrorInformation,
    error: &DieselError,
) -> Problem {
    if let Some(name) = info.constraint_name() {
        return Problem::of_constraint(name, info.details().unwrap_or_default());
    }
    let message = info.message();
    match kind {
        DatabaseErrorKind::SerializationFailure => later(Code::Busy),
        DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
            tracing::warn!(%error, "the connection to the database broke");
            unavailable()
        }
        _ if message.contains("deadlock detected") => later(Code::Busy),
        _ if message.contains("lock timeout") || message.contains("statement timeout") => {
            later(Code::Timeout)
        }
        _ if message.contains("terminating connection")
            || message.contains("the database system is") =>
        {
            unavailable()
        }
        _ => {
            tracing::error!(%error, "unexpected database error");
            Problem::new(Code::Internal)
        }
    }
}
