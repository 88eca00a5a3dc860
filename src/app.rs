//! What all requests share: the settings, the database, the keys, the contract.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};

use actix_web::http::header::{HeaderName, RETRY_AFTER};
use actix_web::web::Bytes;
use chrono::{DateTime, Utc};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::Caller;
use crate::auth::keys::{AccessClaims, KeyRing, TokenError};
use crate::auth::passwords::Hasher;
use crate::auth::seal::Seal;
use crate::config::Config;
use crate::contract::Contract;
use crate::db::Database;
use crate::feed::Head;
use crate::files::Files;
use crate::kept::Kept;
use crate::metrics::Metrics;
use crate::problem::{Code, Problem};
use crate::resource::Referrer;
use crate::room::Room;
use crate::turns::Turns;

/// The version of the API, as in the OpenAPI document and the `API-Version` field.
pub const API_VERSION: &str = env!("CARGO_PKG_VERSION");

type Limiter =
    RateLimiter<String, DefaultKeyedStateStore<String>, DefaultClock, StateInformationMiddleware>;

/// How many requests a caller may still send: the `RateLimit` fields of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// How many it may send at once.
    pub limit: u32,
    /// How many of them are left.
    pub remaining: u32,
    /// Seconds until all of them are there again.
    pub reset: u64,
}

impl Allowance {
    /// The fields and their values.
    pub fn fields(self) -> [(&'static str, u64); 3] {
        [
            ("ratelimit-limit", self.limit.into()),
            ("ratelimit-remaining", self.remaining.into()),
            ("ratelimit-reset", self.reset),
        ]
    }
}

/// How many tokens are remembered as verified.
const MAX_VERIFIED: usize = 4096;

/// The state of the service.
pub struct App {
    /// The settings.
    pub config: Config,
    /// The origin under which callers reach the service, without a slash at the end.
    pub public_url: String,
    /// The database.
    pub db: Arc<Database>,
    /// The files.
    pub files: Arc<Files>,
    /// What access tokens are signed with.
    pub keys: KeyRing,
    /// What cursors are sealed with.
    pub seal: Seal,
    /// Hashes passwords.
    pub hasher: Hasher,
    /// What requests are checked against.
    pub contract: &'static Contract,
    /// The OpenAPI document, as served.
    pub document: Bytes,
    /// The kinds of thing, as what can refer to others.
    pub referrers: Vec<Referrer>,
    /// The writes that are running: waited for when the service stops.
    pub writes: TaskTracker,
    /// Room for the bodies of requests.
    pub room: Room,
    /// The pages that are kept.
    pub pages: Kept,
    /// What an operator watches.
    pub metrics: Arc<Metrics>,
    /// How far the change feed goes, as far as this instance has seen.
    pub head: Head,
    /// The exports that are running, by whom.
    pub exports: Turns<String>,
    stopping: CancellationToken,
    limiter: Option<Limiter>,
    verified: Mutex<HashMap<String, AccessClaims>>,
}

impl App {
    /// The state of a service that begins.
    #[expect(
        clippy::too_many_arguments,
        reason = "each part is made once, by `server.rs`"
    )]
    pub fn new(
        config: Config,
        metrics: Arc<Metrics>,
        db: Database,
        files: Files,
        keys: KeyRing,
        seal: Seal,
        hasher: Hasher,
        contract: &'static Contract,
        document: Bytes,
        referrers: Vec<Referrer>,
        public_url: String,
    ) -> Self {
        let (writes, stopping) = (TaskTracker::new(), CancellationToken::new());
        let limiter = NonZeroU32::new(config.settings.rate_limit).map(|rate| {
            let burst = NonZeroU32::new(config.settings.rate_burst).unwrap_or(rate);
            RateLimiter::keyed(Quota::per_second(rate).allow_burst(burst)).with_middleware()
        });
        let exports = config.settings.workers() * config.settings.pool_exports;
        Self {
            config,
            public_url,
            metrics,
            db: Arc::new(db),
            files: Arc::new(files),
            keys,
            seal,
            hasher,
            contract,
            document,
            referrers,
            writes,
            room: Room::default(),
            pages: Kept::default(),
            head: Head::default(),
            exports: Turns::new(exports, exports.div_ceil(2)),
            stopping,
            limiter,
            verified: Mutex::default(),
        }
    }

    /// What a caller counts as: its account, or the address of an anonymous one.
    pub fn key_of(&self, caller: &Caller, address: &str) -> String {
        caller
            .account()
            .map_or_else(|| address.to_owned(), |account| account.to_string())
    }

    /// Counts a request of a caller (an anonymous one: of an address) against its allowance; `None`: there is no
    /// limit. Refuses one that sends too many.
    pub fn limit(&self, caller: &Caller, address: &str) -> Result<Option<Allowance>, Problem> {
        let Some(limiter) = &self.limiter else {
            return Ok(None);
        };
        let key = self.key_of(caller, address);
        let rate = u64::from(self.config.settings.rate_limit.max(1));
        match limiter.check_key(&key) {
            Ok(state) => {
                let (limit, remaining) = (
                    state.quota().burst_size().get(),
                    state.remaining_burst_capacity(),
                );
                let reset = u64::from(limit - remaining.min(limit)).div_ceil(rate);
                Ok(Some(Allowance {
                    limit,
                    remaining,
                    reset,
                }))
            }
            Err(not_until) => {
                let wait = not_until.wait_time_from(DefaultClock::default().now());
                let seconds = wait.as_secs() + 1;
                let limit = not_until.quota().burst_size().get();
                let mut problem = Problem::new(Code::TooManyRequests)
                    .with("seconds", seconds)
                    .header(RETRY_AFTER, &seconds.to_string());
                let reset = u64::from(limit).div_ceil(rate);
                for (name, value) in (Allowance {
                    limit,
                    remaining: 0,
                    reset,
                })
                .fields()
                {
                    problem = problem.header(HeaderName::from_static(name), &value.to_string());
                }
                Err(problem)
            }
        }
    }

    /// What an access token says, when it is valid at the time `now`. The signature of a token is checked once: what
    /// it allows is read from the database each time.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<AccessClaims, TokenError> {
        let known = self
            .verified
            .lock()
            .ok()
            .and_then(|verified| verified.get(token).cloned());
        if let Some(claims) = known.filter(|claims| claims.exp > now.timestamp()) {
            return Ok(claims);
        }
        let claims = self
            .keys
            .verify(token, &self.public_url, &self.url("/v1"), now)?;
        if let Ok(mut verified) = self.verified.lock() {
            if verified.len() >= MAX_VERIFIED {
                verified.clear();
            }
            verified.insert(token.to_owned(), claims.clone());
        }
        Ok(claims)
    }

    /// Forgets callers that have not been seen for a while, so that the limiter stays small.
    pub fn forget_idle_callers(&self) {
        if let Some(limiter) = &self.limiter {
            limiter.retain_recent();
        }
    }

    /// From now on the service is not ready for new work.
    pub fn begin_to_stop(&self) {
        self.stopping.cancel();
    }

    /// Whether the service is about to stop.
    pub fn is_stopping(&self) -> bool {
        self.stopping.is_cancelled()
    }

    /// Ends when the service is about to stop.
    pub async fn stopped(&self) {
        self.stopping.cancelled().await;
    }

    /// The URL of a path that begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.public_url)
    }
}
