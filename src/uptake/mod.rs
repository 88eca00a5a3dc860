//! What became of lessons: which plans adopted them, which declined them and why.
//!
//! A plan adopts a lesson by naming it as a source. A plan that does not adopt one declines it with a reason: its
//! proponents say so, and take it back, and the city whose lesson it is hears it, in the list of declines, in the flow and in
//! the change feed, also when it does not see the plan: its id and the reason, and no more of it. `uses` tells where a
//! source went, `flow` the whole way from the lessons of a pairing to the activities of its plans.

pub mod along;
pub mod db;
pub mod declines;
pub mod flow;
pub mod http;
pub mod rules;
pub mod types;
pub mod uses;
