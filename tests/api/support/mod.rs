//! What the tests stand on: a PostgreSQL of their own, a service for each, a client, and snapshots.

use std::time::Duration;

pub mod app;
pub mod client;
pub mod cluster;
pub mod contract;
pub mod copies;
pub mod files;
mod ground;
pub mod kinds;
pub mod oauth;
pub mod mirror;
pub mod plans;
pub mod process;
pub mod receiver;
pub mod snapshot;
pub mod way;

pub use app::App;
pub use client::{Client, Reply};
pub use kinds::{KINDS, Kind};

/// What must come comes within this, on however busy a machine. It ends tests of what never comes, and measures nothing.
pub const IN_TIME: Duration = Duration::from_secs(60);

/// The seeds of what is drawn by chance: the first at the desk, `all` of them where CI runs or `THOROUGH` is set.
pub fn seeds(all: u64) -> std::ops::RangeInclusive<u64> {
    1..=times(1, all)
}

/// How often something is tried that finds the more the longer: `few` times at the desk, `all` where CI runs or `THOROUGH`
/// is set.
pub fn times<T>(few: T, all: T) -> T {
    let thorough = ["CI", "THOROUGH"]
        .iter()
        .any(|name| std::env::var_os(name).is_some());
    if thorough { all } else { few }
}
