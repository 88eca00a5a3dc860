//! Pairings: cooperations of one or more EU cities with one or more Japanese cities, on agreed subjects.
//!
//! Each city stands on its own side; the database refuses any other. Admins write pairings, everybody reads them.

pub mod db;
mod forms;
pub mod http;
pub mod rules;
pub mod types;
