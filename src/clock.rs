//! The one place that asks what time it is. Everything else is told.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

/// Now, in UTC, cut to microseconds, as PostgreSQL keeps it: what was written is what is read back.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the wall clock is read"
)]
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

/// A setting in seconds as a span of time.
pub fn seconds(setting: u64) -> TimeDelta {
    TimeDelta::seconds(i64::try_from(setting).unwrap_or(i64::MAX / 1000))
}
