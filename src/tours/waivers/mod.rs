//! Waivers: guidelines that an admin does not ask of a study tour, with the reason. Everybody reads them, because they
//! explain how the tour came to be confirmed.

pub mod db;
pub mod http;
pub mod types;
