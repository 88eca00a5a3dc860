//! Accounts: the people and the machine clients that use the service, their sessions and tokens, and signing in.
//!
//! A city user belongs to exactly one city, whose side is the role's side; the database refuses anything else.
//! Admins keep the accounts; everybody sees the own one (`/me`) and the own sessions. Switching off an account, or
//! giving it another password, ends what it could do with the next request. Machine clients: [`clients`]; the
//! frontends of others to which people sign in: [`applications`].

pub mod applications;
pub mod clients;
pub mod db;
pub mod http;
pub mod oauth;
pub mod rules;
pub mod sessions;
pub mod sign_in;
pub mod throttle;
pub mod tokens;
pub mod types;
