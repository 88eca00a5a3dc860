//! Machine clients: a city's own IT systems, which act in the role of its side, and those of the programme.
//!
//! A client has the rights of its role as far as its scopes reach (`policy/scopes.rs`); what no scope opens, accounts
//! and clients among it, is closed to it. A city keeps its own clients, admins keep all of them. A secret is told once;
//! what is stored is its digest. Each token belongs to the secret it was given for: switching a client off, deleting it,
//! taking scopes from it and ending a secret work on the next request; switched on again, it has to ask for new ones. A
//! client stays when the person who made it goes.

pub mod db;
pub mod grants;
pub mod http;
pub mod secrets;
pub mod types;
