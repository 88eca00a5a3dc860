//! Brings the schema up to date: `migrations/`, bundled into the program.
//!
//! However many instances start together, each migration runs once: they queue at an advisory lock. It is
//! plain blocking code on a connection and thread of its own; call it outside the request threads.

use std::time::Duration;

use diesel::Connection as _;
use diesel::RunQueryDsl as _;
use diesel::connection::SimpleConnection;
use diesel::sql_types::BigInt;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use secrecy::{ExposeSecret, SecretString};

use super::Connection;

/// The migrations of this program.
pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

diesel::define_sql_function! {
    /// Takes a lock until the connection ends, unless somebody has it.
    fn pg_try_advisory_lock(key: BigInt) -> Bool;
}

type Blocking = AsyncConnectionWrapper<Connection>;

/// Any number; the same for all instances of the service.
const LOCK: i64 = 0x1_0C17;

/// The schema could not be brought up to date.
#[derive(Debug)]
pub struct MigrationError(String);

impl std::fmt::Display for MigrationError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the database could not be migrated: {}", self.0)
    }
}

impl std::error::Error for MigrationError {}

/// Runs what has not run yet and returns the names of that. Blocks.
pub fn run(url: &SecretString) -> Result<Vec<String>, MigrationError> {
    with_lock(url, |conn| {
        let run = conn.run_pending_migrations(MIGRATIONS)?;
        Ok(run.iter().map(ToString::to_string).collect())
    })
}

/// Undoes every migration, newest first. For tests of the migrations themselves. Blocks.
pub fn revert_all(url: &SecretString) -> Result<Vec<String>, MigrationError> {
    with_lock(url, |conn| {
        let reverted = conn.revert_all_migrations(MIGRATIONS)?;
        Ok(reverted.iter().map(ToString::to_string).collect())
    })
}

type MigrationResult<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn with_lock<T: Send>(
    url: &SecretString,
    work: impl FnOnce(&mut Blocking) -> MigrationResult<T> + Send,
) -> Result<T, MigrationError> {
    let work = || -> MigrationResult<T> {
        let mut conn = Blocking::establish(url.expose_secret())?;
        // Asked for again and again: a statement that waits would be an older transaction, for which
        // CREATE INDEX CONCURRENTLY waits in turn.
        while !diesel::select(pg_try_advisory_lock(LOCK)).get_result::<bool>(&mut conn)? {
            std::thread::sleep(Duration::from_millis(100));
        }
        conn.batch_execute("SET lock_timeout = '3s'; SET statement_timeout = '15min'")?;
        work(&mut conn)
    };
    let joined = std::thread::scope(|scope| scope.spawn(work).join());
    match joined {
        Ok(result) => result.map_err(|error| MigrationError(error.to_string())),
        Err(_) => Err(MigrationError("the migration thread panicked".into())),
    }
}
