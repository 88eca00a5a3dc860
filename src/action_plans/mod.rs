//! Action plans: the Local Action Plans that cities write, each one document along the programme's template.
//!
//! A plan belongs to its proponents: one city, or several of one pairing. It begins as a draft that only they and
//! admins see, and may be incomplete. Every write stores a new immutable version with author and time. A plan stays
//! on the template it was begun with. Its status is never written: it changes by transitions (`life`, `deeds`).
//!
//! Proponents and admins see the working copy; the partner cities of the pairing see it while it is submitted, and those
//! that a joint action names consent to it; everybody sees the version that was approved last, until it is withdrawn.
//! What any version of a plan names as a source cannot be deleted as long as there is the plan (`action_plan_kept_sources`).
//! Who does not write the plan gets it without the sources that are hidden from them (`lists::private`).
//!
//! Which version a reader gets stands in `action_plan_readers`: every read of somebody else than an admin begins there.

pub mod adoption;
pub mod comments;
pub mod consents;
pub mod db;
pub mod deeds;
pub mod diff;
mod document;
pub mod http;
pub mod life;
pub mod lists;
pub mod measurements;
pub mod merging;
pub mod money;
pub mod places;
pub mod reports;
pub mod rules;
pub mod statement;
pub mod summary;
pub mod texts;
pub mod translations;
pub mod types;
pub mod validation;
pub mod versions;

#[cfg(test)]
mod samples;
