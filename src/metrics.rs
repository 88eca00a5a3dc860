//! What an operator watches: figures of this instance since its start, at `/metrics` on a port of their own, in the text
//! format of Prometheus. Names follow OpenTelemetry's conventions where they have one; those of the programme's own work
//! begin with `iuc_`.
//!
//! No figure is read from the database: it is told when the database is what ails.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use actix_web::http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
pub use prometheus_client::encoding::prometheus_text::CONTENT_TYPE;
use prometheus_client::encoding::prometheus_text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::clock::now;
use crate::column::words;

/// Upper bounds of the buckets that times are counted in, in seconds.
const TIMES: [f64; 14] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];

/// What stands for methods that nobody needs told apart.
pub const OTHER: &str = "_OTHER";

/// Where instances are asked whether they are ready: no is a good answer there.
const READY: &str = "/health/ready";

type Times<Labels> = Family<Labels, Histogram, fn() -> Histogram>;

/// The figures.
pub struct Metrics {
    registry: Registry,
    answers: Times<Answer>,
    active: Gauge,
    abandoned: Counter,
    errors: Family<Status, Counter>,
    used: Family<InState, Gauge>,
    most: Family<Pooled, Gauge>,
    waits: Times<Pooled>,
    failures: Family<Pooled, Counter>,
    lines: Family<Line, Counter>,
    attempts: Family<Attempt, Counter>,
    jobs: Family<Done, Gauge<f64, AtomicU64>>,
    left: Counter,
    feed: Gauge,
}

// The labels: what they are called stands in the text.

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    http_request_method: &'static str,
    http_route: String,
    http_response_status_code: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Status {
    http_response_status_code: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Pooled {
    db_client_connection_pool_name: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InState {
    db_client_connection_pool_name: &'static str,
    db_client_connection_state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Line {
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Attempt {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Done {
    task: &'static str,
}

impl From<StatusCode> for Status {
    fn from(status: StatusCode) -> Self {
        Self {
            http_response_status_code: status.as_u16(),
        }
    }
}

impl From<Pool> for Pooled {
    fn from(pool: Pool) -> Self {
        Self {
            db_client_connection_pool_name: pool.as_str(),
        }
    }
}

impl InState {
    fn used(pool: Pool) -> Self {
        Self {
            db_client_connection_pool_name: pool.as_str(),
            db_client_connection_state: "used",
        }
    }
}

impl Attempt {
    fn of(is_taken: bool) -> Self {
        let outcome = if is_taken { "delivered" } else { "failed" };
        Self { outcome }
    }
}

words! {
    /// What an instance does by itself, again and again.
    Job {
        /// What is committed gets its number in the change feed, several times a second.
        NumberChanges = "number_changes",
        /// What webhooks are due is looked for, every second at the latest.
        ServeWebhooks = "serve_webhooks",
        /// Files to which nothing refers are removed, every minute.
        RemoveFiles = "remove_files",
        /// What is kept for a time only is forgotten, every hour.
        ForgetOld = "forget_old",
    }
}

words! {
    /// The pools of connections to the database.
    Pool {
        /// For requests.
        Requests = "requests",
        /// For exports, which may hold them long.
        Exports = "exports",
        /// For requests of many lines, all or none.
        Bulks = "bulks",
        /// For what the instance does by itself.
        Jobs = "jobs",
    }
}

/// A connection that is lent, until this is dropped.
pub struct Busy(Gauge);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// A request that is being answered; where it is dropped before, its connection broke.
pub struct Underway {
    metrics: Arc<Metrics>,
    is_answered: bool,
}

impl Underway {
    /// It was a request on `route`, and is answered after `took`.
    pub fn answered(mut self, method: &Method, route: String, status: StatusCode, took: Duration) {
        self.is_answered = true;
        self.metrics.answered(method, route, status, took);
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.metrics.active.dec();
        if !self.is_answered {
            self.metrics.abandoned.inc();
        }
    }
}

fn times() -> Histogram {
    Histogram::new(TIMES)
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::default(),
            answers: Family::new_with_constructor(times),
            active: Gauge::default(),
            abandoned: Counter::default(),
            errors: Family::default(),
            used: Family::default(),
            most: Family::default(),
            waits: Family::new_with_constructor(times),
            failures: Family::default(),
            lines: Family::default(),
            attempts: Family::default(),
            jobs: Family::default(),
            left: Counter::default(),
            feed: Gauge::default(),
        };
        metrics.register();
        // What has not happened yet stands at 0: the first time is seen as one.
        for pool in Pool::ALL {
            drop(metrics.used.get_or_create(&InState::used(*pool)));
            drop(metrics.failures.get_or_create(&Pooled::from(*pool)));
        }
        for status in [
            StatusCode::INTERNAL_SERVER_ERROR,
            StatusCode::SERVICE_UNAVAILABLE,
        ] {
            drop(metrics.errors.get_or_create(&status.into()));
        }
        for is_taken in [true, false] {
            drop(metrics.attempts.get_or_create(&Attempt::of(is_taken)));
        }
        // Also before the first success there is a time that an alarm can be held against: that of the start.
        for job in Job::ALL {
            metrics.done(*job);
        }
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let registry = &mut self.registry;
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("iuc_build", "The version that runs", version);
        let start = ConstGauge::new(now().timestamp_millis() as f64 / 1000.0);
        registry.register(
            "process_start_time_seconds",
            "When the instance started",
            start,
        );
        registry.register_with_unit(
            "http_server_request_duration",
            "Times from a request's header fields to the head of its answer; an empty route: no such path",
            Unit::Seconds,
            self.answers.clone(),
        );
        registry.register(
            "http_server_active_requests",
            "Requests that have no answer yet",
            self.active.clone(),
        );
        registry.register(
            "iuc_requests_abandoned",
            "Requests whose connection broke before their answer",
            self.abandoned.clone(),
        );
        registry.register(
            "iuc_server_errors",
            "Answers of 500 and more, but for those to whether the instance is ready",
            self.errors.clone(),
        );
        registry.register(
            "db_client_connection_count",
            "Connections to the database that are lent",
            self.used.clone(),
        );
        registry.register(
            "db_client_connection_max",
            "Connections to the database that can be lent at once, by all threads",
            self.most.clone(),
        );
        registry.register_with_unit(
            "db_client_connection_wait_time",
            "Times that it took to get a connection to the database",
            Unit::Seconds,
            self.waits.clone(),
        );
        registry.register(
            "iuc_db_connection_failures",
            "How often there was no connection to the database, or none in time",
            self.failures.clone(),
        );
        registry.register(
            "iuc_bulk_lines",
            "Lines of requests with many lines, by what came of them",
            self.lines.clone(),
        );
        registry.register(
            "iuc_webhook_attempts",
            "Deliveries that were sent, each time, by how that went",
            self.attempts.clone(),
        );
        registry.register(
            "iuc_job_last_success_timestamp_seconds",
            "When what the instance does by itself last went well; at first, when it started",
            self.jobs.clone(),
        );
        registry.register(
            "iuc_file_removal_failures",
            "Files that could not be removed, each time",
            self.left.clone(),
        );
        registry.register(
            "iuc_feed_newest",
            "The number of the newest change that this instance has seen",
            self.feed.clone(),
        );
    }

    /// A request comes in.
    pub fn request(self: &Arc<Self>) -> Underway {
        self.active.inc();
        Underway {
            metrics: self.clone(),
            is_answered: false,
        }
    }

    fn answered(&self, method: &Method, route: String, status: StatusCode, took: Duration) {
        if status.is_server_error() && route != READY {
            self.errors.get_or_create(&status.into()).inc();
        }
        let labels = Answer {
            // Methods that a route does not have would make many labels that say nothing.
            http_request_method: match status {
                StatusCode::METHOD_NOT_ALLOWED => OTHER,
                _ => known(method),
            },
            http_route: route,
            http_response_status_code: status.as_u16(),
        };
        let times = self.answers.get_or_create(&labels);
        times.observe(took.as_secs_f64());
    }

    /// So many connections of `pool` can be lent at once.
    pub fn lends(&self, pool: Pool, most: usize) {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.most.get_or_create(&Pooled::from(pool)).set(most);
    }

    /// A connection of `pool` was asked for at `since`, and is lent.
    pub fn lent(&self, pool: Pool, since: Instant) -> Busy {
        let waits = self.waits.get_or_create(&Pooled::from(pool));
        waits.observe(since.elapsed().as_secs_f64());
        let used = self.used.get_or_create_owned(&InState::used(pool));
        used.inc();
        Busy(used)
    }

    /// There was no connection of `pool`.
    pub fn not_lent(&self, pool: Pool) {
        self.failures.get_or_create(&Pooled::from(pool)).inc();
    }

    /// So many lines of requests with many came to that.
    pub fn lines(&self, result: &'static str, count: u64) {
        self.lines.get_or_create(&Line { result }).inc_by(count);
    }

    /// A delivery was sent.
    pub fn attempt(&self, is_taken: bool) {
        self.attempts.get_or_create(&Attempt::of(is_taken)).inc();
    }

    /// Something that the instance does by itself went well.
    pub fn done(&self, job: Job) {
        let at = now().timestamp_millis() as f64 / 1000.0;
        let labels = Done { task: job.as_str() };
        self.jobs.get_or_create(&labels).set(at);
    }

    /// So many files could not be removed.
    pub fn files_left(&self, count: usize) {
        self.left.inc_by(u64::try_from(count).unwrap_or(u64::MAX));
    }

    /// How far the change feed goes.
    pub fn newest(&self, seq: i64) {
        self.feed.set(seq);
    }

    /// The figures as text.
    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// The method, when it is one: what callers make up becomes neither label nor span.
pub fn known(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        "CONNECT" => "CONNECT",
        "TRACE" => "TRACE",
        _ => OTHER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_counted_and_that_an_instance_is_not_ready_is_none() {
        let metrics = Arc::<Metrics>::default();
        let answer = |route: &str, status| {
            let route = route.to_owned();
            let underway = metrics.request();
            underway.answered(&Method::GET, route, status, Duration::from_millis(3));
        };
        let counted = || {
            let text = metrics.text().unwrap();
            let lines = text.lines().filter_map(|line| {
                let line =
                    line.strip_prefix("iuc_server_errors_total{http_response_status_code=")?;
                Some(line.to_owned())
            });
            let mut lines: Vec<String> = lines.collect();
            lines.sort();
            lines
        };
        answer("/health/ready", StatusCode::SERVICE_UNAVAILABLE);
        answer("/v1/cities", StatusCode::NOT_FOUND);
        assert_eq!(counted(), ["\"500\"} 0", "\"503\"} 0"]);
        answer("/v1/cities", StatusCode::SERVICE_UNAVAILABLE);
        answer("/v1/cities", StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(counted(), ["\"500\"} 1", "\"503\"} 1"]);
    }
}
