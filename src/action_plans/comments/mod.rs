//! Comments on plans: by the cities that work on one or are asked about it, and by admins; never public.
//!
//! A comment stays with the part it is about, wherever that is moved. Commenting does not change the plan.

pub mod db;
pub mod http;
mod stored;
pub mod types;
