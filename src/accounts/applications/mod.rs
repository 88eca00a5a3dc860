//! Applications: frontends of others to which people sign in, on a page of this service (`accounts/oauth`).
//!
//! They are the public clients of OAuth 2: they have no secret and no rights of their own. What a person's tokens in one
//! allow is never more than the person may, nor more than the application's scopes. Admins alone register them, because
//! whoever is led back to by a sign-in holds what the person was given.

pub mod db;
pub mod http;
pub mod types;
