//! Cities: the participating cities and metropolitan authorities of both sides.
//!
//! A city's id, once given, never changes. Side `jp` means country JP, side `eu` any other. Admins write cities;
//! a city user describes the own one, but not its id, side, country and codes. Everybody reads them.

pub mod db;
mod forms;
pub mod http;
pub mod rules;
pub mod types;
