//! Templates: which sections an action plan has, in which order, with the hints that form builders show.
//!
//! A plan stays on the template it was begun with: once one names a template, the database keeps its sections, but for
//! their hints, which ask nothing of a plan. Admins write templates, everybody reads them.

pub mod db;
pub mod http;
pub mod schema;
pub mod rules;
pub mod types;
