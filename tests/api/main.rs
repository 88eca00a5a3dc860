//! The API's promises, each tested over HTTP against a service and a database of its own.
//!
//! `support` starts them and speaks to them; every other module is a resource or a topic. A test's name is the
//! promise that it keeps.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod support;

mod access;
mod audit;
mod authorize;
mod bad_input;
mod bucket;
mod client_secrets;
mod client_tokens;
mod clients;
mod bulk;
mod by_ref;
mod changes;
mod changes_order;
mod changes_sight;
mod crash;
mod cut_lines;
mod data;
mod database;
mod declines;
mod delegates;
mod files;
mod forms;
mod hang_up;
mod examples;
mod health;
mod idempotency;
mod kept_pages;
mod knowledge;
mod large_answers;
mod lists;
mod lost_update;
mod metrics;
mod model;
mod openapi;
mod others_names;
mod overload;
mod plan_life;
mod plan_filters;
mod plan_money;
mod plan_races;
mod plan_readers;
mod plan_comments;
mod plan_conflicts;
mod plan_measurements;
mod plan_reports;
mod plan_versions;
mod rolling;
mod round_tables;
mod search;
mod sign_in;
mod statistics;
mod sync;
mod sync_first;
mod sync_killed;
mod sync_safe;
mod telemetry;
mod templates;
mod tours;
mod traceability;
mod webhooks;
mod webhook_failures;
mod webhook_keepers;
mod webhook_targets;
mod words;
mod writes;
