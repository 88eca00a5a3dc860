//! What a city looks like on a map.

use serde_json::json;

use super::types::City;
use crate::resource::Mapped;

/// A point, where its location is known.
pub const MAPPED: Mapped<City> = Mapped {
    along: &[],
    geometry: |city, _| {
        let place = city.location.as_ref()?;
        Some(json!({"type": "Point", "coordinates": [place.lon, place.lat]}))
    },
};
