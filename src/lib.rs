//! The IUC city-to-city API. Modules in reading order: each uses only what stands above it, and its own folder;
//! `tests/architecture.rs` holds them to it.

// Level 0: the words of the programme; no I/O.
pub mod column;
pub mod clock;
pub mod config;
pub mod ids;
pub mod text;
pub mod lines;
pub mod table;
pub mod places;
pub mod messages;
pub mod search;
pub mod edtf;
pub mod calendar;
pub mod merge;
pub mod policy;
pub mod problem;
pub mod markdown;
pub mod schema;

// Level 1: tools; they know no kind of thing.
pub mod metrics;
pub mod telemetry;
pub mod db;
pub mod auth;
pub mod body;
pub mod room;
pub mod contract;
pub mod events;
pub mod turns;
pub mod files;
pub mod feed;
pub mod kept;
pub mod query;
pub mod resource;
pub mod page;
pub mod app;
pub mod request;
pub mod read;
pub mod write;
pub mod rotation;
pub mod status;

// Level 2: the kinds of thing, one folder each.
pub mod programmes;
pub mod cities;
pub mod subjects;
pub mod pairings;
pub mod meetings;
pub mod tours;
pub mod key_questions;
pub mod templates;
pub mod sdgs;
pub mod knowledge;
pub mod contributions;
pub mod action_plans;
pub mod uptake;
pub mod statistics;
pub mod changes;
pub mod webhooks;
pub mod accounts;
pub mod audit;

// Level 3: putting together.
pub mod edge;
pub mod routes;
pub mod openapi;
pub mod jobs;
pub mod server;
pub mod load;
pub mod sync;
pub mod commands;
