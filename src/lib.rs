//! The IUC city-to-city API. Modules in reading order: each uses only what stands above it, and its own folder.

// Level 0: the words of the programme; no I/O.
pub mod clock;
pub mod column;
pub mod config;
pub mod edtf;
pub mod ids;
pub mod messages;
pub mod places;
pub mod policy;
pub mod problem;
pub mod schema;
pub mod text;

// Level 1: tools; they know no kind of thing.
pub mod app;
pub mod auth;
pub mod body;
pub mod contract;
pub mod db;
pub mod events;
pub mod query;
pub mod read;
pub mod request;
pub mod resource;
pub mod status;
pub mod write;

// Level 2: the kinds of thing, one folder each.
pub mod accounts;
pub mod action_plans;
pub mod cities;
pub mod key_questions;
pub mod meetings;
pub mod pairings;
pub mod programmes;
pub mod sdgs;
pub mod subjects;
pub mod templates;
pub mod tours;

// Level 3: putting together.
pub mod commands;
pub mod edge;
pub mod load;
pub mod openapi;
pub mod routes;
pub mod server;
