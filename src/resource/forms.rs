//! What a kind of thing looks like beside JSON: on a map, in a calendar.

use serde_json::Value;

use super::{Included, Resource};
use crate::calendar::Occasion;

/// How a kind of thing stands on a map (GeoJSON, RFC 7946).
pub struct Mapped<R: Resource> {
    /// The related things that have to be known for it, by their names in `include`.
    pub along: &'static [&'static str],
    /// Its geometry; none of what has no place.
    pub geometry: fn(&R::Seen, &Included) -> Option<Value>,
}

/// How a kind of thing stands in a calendar.
pub struct Dated<R: Resource> {
    /// The related things that have to be known for it, by their names in `include`.
    pub along: &'static [&'static str],
    /// What takes place, in this language (BCP 47); none of what has no date.
    pub occasion: fn(&R::Seen, &Included, &str) -> Option<Occasion>,
}
