//! What became of lessons: which plans adopted them, which declined them and why.
//!
//! A plan adopts a lesson by naming it as a source. A plan that does not adopt one declines it with a reason: its
//! proponents say so, and the city whose lesson it is hears it.

pub mod declines;
pub mod http;
pub mod rules;
pub mod types;
