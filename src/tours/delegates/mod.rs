//! Delegates: the people on a study tour, paid by the programme or at their own expense.
//!
//! Personal data: the two cities of the tour and admins see and write it, for everybody else it is not there. It is
//! erased some time after the tour ([`retention`]); how many they were stays in the tour.

pub mod db;
pub mod http;
pub mod retention;
pub mod types;
