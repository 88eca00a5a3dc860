//! Programmes: phases of the cooperation, each with guidelines of its own. The guidelines are data: the rules
//! of tours read them from here. Admins write them, everybody reads them.

pub mod db;
pub mod http;
pub mod rules;
pub mod types;
