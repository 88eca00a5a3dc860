//! Tours: study tours, on which a city visits its partner of the other side.
//!
//! Both cities belong to the pairing, one to each side; the direction follows from them. The programme's
//! guidelines hold: never more delegates paid by the programme than it allows, and a confirmed tour has enough of
//! them and enough full days. The record of a past visit, of which less is known, is loaded by an admin as
//! completed. The two cities and admins write a tour, everybody reads it, and how it stands to the guidelines
//! (`checks`); an admin may waive some of them (`waivers`).
//!
//! The people on it (`delegates`) are personal data: the two cities and admins alone see and write them, and they are
//! erased some time after the tour. Their numbers stay, in the tour: those that were recorded, and never fewer than are
//! listed.

pub mod checks;
pub mod db;
mod forms;
pub mod delegates;
pub mod http;
pub mod rules;
pub mod types;
pub mod waivers;
