//! The audit trail, for admins: who changed what, when and from where, and every sign-in. The rows are those of
//! `events.rs`, which are written with each change and never touched again.

mod db;
pub mod http;
pub mod types;
