//! The change feed, `/changes`: what changed, as each caller sees it, in one order that never changes.
//!
//! Of everything that the caller may read it has every version that the caller could see, once, and when the caller came
//! to see it (`created`) or lost sight of it (`deleted`), whatever the reason: it was made, published, shared, submitted; or
//! removed, withdrawn, returned. A caller's feed is two walks along an index: what everybody sees, and what the caller's
//! city (or admins) see in its place. Accounts, sessions and declines are not in it: the first two are nobody's to copy,
//! and a decline has no address of its own.

pub mod types;
pub mod db;
mod stream;
pub mod http;
