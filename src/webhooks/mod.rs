//! Webhooks: where a city's systems are told what changes, along Standard Webhooks.
//!
//! A webhook is a reader of the change feed whose place the service keeps. What it is told is what `/changes` tells a user
//! of its city (of one without a city: an admin), so that nothing else can ever leak. `walk` goes on from the place and
//! makes the deliveries in the transaction that moves it: whatever dies, no change is left out or made twice. `courier`
//! brings them, one at a time for each webhook and so in their order, outside any transaction; what it had taken up when
//! it died is taken up by another once its lease has run out, under the same `webhook-id`. What a target that is away has
//! not got waits, in the feed beyond the first thousand. `rules` says which addresses a delivery may go to, `keepers`
//! for how long it is somebody's who may still be told.

pub mod types;
pub mod rules;
pub mod db;
mod secrets;
mod walk;
mod deliveries;
mod target;
mod sending;
mod outcome;
mod keepers;
mod claims;
pub mod courier;
pub mod switching;
pub mod http;
