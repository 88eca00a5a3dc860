//! What a city looks like on a map.

use serde_json::{Value, json};

use super::types::{City, Location};
use crate::resource::Mapped;

/// A point, where its location is known.
pub const MAPPED: Mapped<City> = Mapped {
    along: &[],
    geometry: |city, _| {
        let place = city.location.as_ref()?;
        Some(json!({"type": "Point", "coordinates": position(place)}))
    },
};

/// A position as GeoJSON has it: longitude first (RFC 7946, 3.1.1).
pub fn position(place: &Location) -> Value {
    json!([place.lon, place.lat])
}
