//! Statistics: which goals the published plans serve, city by city and pairing by pairing, and what the programme
//! counts.
//!
//! Everything is counted from what everybody sees, so that the numbers tell nobody of drafts. A table is one value
//! (`matrix`, `counts`), answered as JSON, as CSV or as a picture (`svg`).

pub mod counts;
pub mod db;
pub mod http;
pub mod matrix;
mod svg;
pub mod types;
