//! Tours: study tours, on which a city visits its partner of the other side.
//!
//! Both cities belong to the pairing, one to each side; the direction follows from them. The programme's
//! guidelines hold: never more delegates paid by the programme than it allows, and a confirmed tour has enough of
//! them and enough full days. The record of a past visit, of which less is known, is loaded by an admin as
//! completed. The two cities and admins write a tour, everybody reads it. The people on it are not here.

pub mod db;
pub mod http;
pub mod rules;
pub mod types;
