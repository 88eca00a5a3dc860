//! Statistics: which goals the published plans serve, city by city and pairing by pairing.
//!
//! A matrix of goals and columns is one value (`matrix`), answered as JSON, as CSV or as a picture (`svg`).

pub mod matrix;
mod svg;
