//! Key questions: the fixed questions that guide every round table. Admins write them, everybody reads them.

pub mod db;
pub mod http;
pub mod types;
