//! What the tests stand on: a PostgreSQL of their own, a service for each, a client, and snapshots.

pub mod app;
pub mod client;
pub mod cluster;
pub mod contract;
pub mod copies;
pub mod files;
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
