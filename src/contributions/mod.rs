//! Contributions: what the cities answer to the key questions at the round tables of the meetings.
//!
//! A city that takes part in a meeting gives one answer to each question there, and says who reads it: the cities that
//! it shares a pairing with (also one that has ended: partners stay partners), all cities of the meeting, or
//! everybody. It alone and admins write it; meeting, question and city stay what they are. `/meetings/{id}/round-table`
//! shows all answers of a meeting together.

pub mod db;
pub mod declines;
pub mod http;
pub mod round_table;
pub mod rules;
pub mod types;
