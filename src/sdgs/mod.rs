//! SDGs: the 17 Sustainable Development Goals with their 169 targets, which plans name. Admins write them,
//! everybody reads them.

pub mod db;
pub mod http;
pub mod rules;
pub mod types;
