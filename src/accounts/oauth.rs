//! The endpoints of OAuth 2.0 (RFC 6749, in the practice of RFC 9700): signing people in, giving tokens,
//! taking them back, telling of them.
//!
//! They take forms, and their problems also carry `error`, as the RFCs name it. Parameters that they do not know are
//! ignored, and those without a value are as if they were not there (RFC 6749, section 3.2).

pub mod authorize;
pub mod codes;
mod form;
pub mod introspection;
pub mod revocation;
pub mod token;
pub mod types;
