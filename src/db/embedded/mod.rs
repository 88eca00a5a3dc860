//! The private PostgreSQL that `iuc serve` keeps when it is given no `DATABASE_URL`, and the tests'.
//!
//! In its folder (`var/`) lie
//!
//! | name | is |
//! |---|---|
//! | `postgres` | the cluster; where the server's user cannot reach the folder, a link into `/var/lib/iuc` |
//! | `postgres.password` | the password of the role `iuc`, mode 0600; the server has only its hash |
//! | `postgres.log` | what the server says; put aside as `postgres.log.1` when it has grown |
//! | `lock` | locked for as long as a program uses the folder, with its process id |
//!
//! What must stay true:
//!
//! - Under its name a cluster is always whole: it is made beside it, with its role and database, and
//!   then renamed. No start has to repair half of one.
//! - Only the holder of the lock touches the cluster. So a server that already runs in it is an orphan
//!   of a program that was killed: it is stopped, never adopted, for its settings may be another's.
//! - The server listens on 127.0.0.1 only. Its superuser has no password and cannot sign in.
//! - The server is no child of the terminal: Ctrl-C reaches us, and we stop it when we are done.
//! - Nothing of our environment, where secrets are, reaches the server.

mod account;
mod cluster;
mod error;
mod find;
mod launch;
mod lock;
mod log;
mod password;
mod pidfile;
mod place;
mod postmaster;

use std::fmt;
use std::path::PathBuf;
use std::time::Instant;

pub use error::EmbeddedError;

use find::Binaries;
use password::Password;
use place::Place;
use postmaster::Postmaster;

/// How the private PostgreSQL is to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it is kept; made when missing. One program at a time uses a folder.
    pub folder: PathBuf,
    /// Off for tests only: an acknowledged write may be lost with the machine's power, and a cluster
    /// that no longer starts, or is of another PostgreSQL, is thrown away and made anew.
    pub durable: bool,
    /// How many connections the server accepts, of all its users together.
    pub max_connections: u16,
}

/// A PostgreSQL cluster in a folder of its own, which runs for as long as this value lives.
///
/// Dropping it stops the server too, but tells nobody when that fails. Where `setpriv` is (Linux), the
/// server also stops by itself when this process ends without either.
pub struct Embedded {
    // Stops before the lock is given back: fields are dropped in this order.
    postmaster: Postmaster,
    password: Password,
    place: Place,
}

impl Embedded {
    /// Starts the cluster, made first when there is none, and waits until it accepts connections.
    ///
    /// Blocks: some 0.2 seconds, 2 at the very first start, longer after a crash.
    ///
    /// # Errors
    ///
    /// Each says what to do about it: see [`EmbeddedError`].
    pub fn start(options: &Options) -> Result<Self, EmbeddedError> {
        let begun = Instant::now();
        let place = Place::take(&options.folder)?;
        postmaster::end_orphan(&place)?;
        cluster::sweep(&place);

        let binaries = suitable(&place, options)?;
        let password = cluster::ensure(&place, &binaries, options.durable)?;
        let (postmaster, password) = match Postmaster::start(&place, &binaries, options) {
            Err(fault @ EmbeddedError::Start { .. }) if !options.durable => {
                tracing::warn!(%fault, "The tests' PostgreSQL does not start and is made anew");
                cluster::discard(&place)?;
                let password = cluster::ensure(&place, &binaries, options.durable)?;
                (Postmaster::start(&place, &binaries, options)?, password)
            }
            started => (started?, password),
        };
        tracing::info!(
            version = binaries.major,
            port = postmaster.port(),
            folder = %place.data.display(),
            took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            "Private PostgreSQL is running"
        );
        Ok(Self {
            postmaster,
            password,
            place,
        })
    }

    /// Where the role `iuc` reaches `database`, with its password: not for a log. The role is no
    /// superuser; it owns the database `iuc` and may make others, and roles.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgres://{role}:{password}@127.0.0.1:{port}/{database}",
            role = cluster::ROLE,
            password = self.password.reveal(),
            port = self.postmaster.port(),
        )
    }

    /// Stops the server, which ends its sessions and writes everything to disk, and waits for its end.
    ///
    /// Blocks, mostly for less than 0.2 seconds.
    ///
    /// # Errors
    ///
    /// When it is still there after 70 seconds.
    pub fn stop(mut self) -> Result<(), EmbeddedError> {
        self.postmaster.stop()
    }
}

impl fmt::Debug for Embedded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embedded")
            .field("folder", &self.place.folder)
            .field("port", &self.postmaster.port())
            .finish_non_exhaustive()
    }
}

/// The PostgreSQL to run: of the version that made the cluster, where there is one.
fn suitable(place: &Place, options: &Options) -> Result<Binaries, EmbeddedError> {
    let made_by = cluster::major(place)?;
    match find::binaries(place, made_by) {
        Err(fault @ EmbeddedError::OtherVersion { .. }) if !options.durable => {
            tracing::warn!(%fault, "The tests' PostgreSQL is made anew");
            cluster::discard(place)?;
            find::binaries(place, None)
        }
        found => found,
    }
}
