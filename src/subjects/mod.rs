//! Subjects: the controlled list of topics that pairings work on. Admins write it, everybody reads it.

pub mod db;
pub mod http;
pub mod types;
