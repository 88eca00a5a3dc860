//! Action plans: the Local Action Plans that cities write, each one document along the programme's template.
//!
//! A plan belongs to its proponents: one city, or several of one pairing. It begins as a draft that only they and
//! admins see, and may be incomplete. Every write stores a new immutable version with author and time. A plan stays
//! on the template it was begun with. Its status is never written: it changes by transitions.

pub mod db;
pub mod diff;
pub mod http;
pub mod lists;
pub mod rules;
pub mod statement;
pub mod summary;
pub mod texts;
pub mod translations;
pub mod types;
pub mod validation;

#[cfg(test)]
mod samples;
