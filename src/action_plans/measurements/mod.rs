//! Measurements of the indicators of plans: a series that is added to and never changed. Whoever sees an indicator in a
//! plan sees what was measured of it; proponents and admins add to it. A measured indicator stays in its plan (`kept`).

pub mod db;
pub mod http;
pub mod kept;
pub mod types;
