//! Meetings: exchange meetings, webinars and workshops of the cities.
//!
//! A meeting without a known date exists, and one in "April/May 2019" keeps exactly that precision. When its
//! date or status changes, what was planned before stays known, with since when and why (`/dates`). Admins write
//! meetings, everybody reads them.

pub mod db;
mod forms;
pub mod http;
pub mod rules;
pub mod types;
