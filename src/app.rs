//! What all requests share: the settings, the database, the keys, the contract.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::http::header::RETRY_AFTER;
use actix_web::web::Bytes;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tokio_util::task::TaskTracker;

use crate::auth::Caller;
use crate::auth::keys::KeyRing;
use crate::auth::passwords::Hasher;
use crate::auth::secrets::Signer;
use crate::config::Config;
use crate::contract::Contract;
use crate::db::Database;
use crate::problem::{Code, Problem};

/// The version of the API, as in the OpenAPI document and the `API-Version` field.
pub const API_VERSION: &str = env!("CARGO_PKG_VERSION");

/// The state of the service.
pub struct App {
    /// The settings.
    pub config: Config,
    /// The origin under which callers reach the service, without a slash at the end.
    pub public_url: String,
    /// The database.
    pub db: Database,
    /// What access tokens are signed with.
    pub keys: KeyRing,
    /// What cursors are signed with.
    pub signer: Signer,
    /// Hashes passwords.
    pub hasher: Hasher,
    /// What requests are checked against.
    pub contract: Contract,
    /// The OpenAPI document, as served.
    pub document: Bytes,
    /// The writes that are running: waited for when the service stops.
    pub writes: TaskTracker,
    stopping: AtomicBool,
    limiter: Option<DefaultKeyedRateLimiter<String>>,
}

impl App {
    /// The state of a service that begins.
    #[expect(
        clippy::too_many_arguments,
        reason = "each part is made once, by `server.rs`"
    )]
    pub fn new(
        config: Config,
        db: Database,
        keys: KeyRing,
        signer: Signer,
        hasher: Hasher,
        contract: Contract,
        document: Bytes,
        public_url: String,
    ) -> Self {
        let (writes, stopping) = (TaskTracker::new(), AtomicBool::new(false));
        let limiter = NonZeroU32::new(config.settings.rate_limit).map(|rate| {
            let burst = NonZeroU32::new(config.settings.rate_burst).unwrap_or(rate);
            RateLimiter::keyed(Quota::per_second(rate).allow_burst(burst))
        });
        Self {
            config,
            public_url,
            db,
            keys,
            signer,
            hasher,
            contract,
            document,
            writes,
            stopping,
            limiter,
        }
    }

    /// Refuses a caller (an anonymous one: an address) who sends too many requests.
    pub fn limit(&self, caller: &Caller, address: &str) -> Result<(), Problem> {
        let Some(limiter) = &self.limiter else {
            return Ok(());
        };
        let key = caller
            .user
            .map_or_else(|| address.to_owned(), |user| user.to_string());
        limiter.check_key(&key).map_err(|not_until| {
            let seconds = not_until
                .wait_time_from(DefaultClock::default().now())
                .as_secs()
                + 1;
            Problem::new(Code::TooManyRequests)
                .with("seconds", seconds)
                .header(RETRY_AFTER, &seconds.to_string())
        })
    }

    /// Forgets callers that have not been seen for a while, so that the limiter stays small.
    pub fn forget_idle_callers(&self) {
        if let Some(limiter) = &self.limiter {
            limiter.retain_recent();
        }
    }

    /// From now on the service is not ready for new work.
    pub fn begin_to_stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether the service is about to stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// The URL of a path that begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.public_url)
    }
}
