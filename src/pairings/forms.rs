//! What a pairing looks like on a map.

use serde::Deserialize;
use serde_json::{Value, json};

use super::types::Pairing;
use crate::cities::types::Location;
use crate::ids::CityId;
use crate::resource::{Included, Mapped};

/// Lines from each of its EU cities to each of its Japanese cities, as far as it is known where these lie. None of them
/// crosses the antimeridian: they go over Asia.
pub const MAPPED: Mapped<Pairing> = Mapped {
    along: &["cities"],
    geometry: |pairing, along| {
        let to = positions(&pairing.jp_cities, along);
        let from = positions(&pairing.eu_cities, along);
        let mut lines: Vec<Value> = from
            .iter()
            .flat_map(|from| to.iter().map(move |to| json!([from, to])))
            .collect();
        match lines.len() {
            0 => None,
            1 => Some(json!({"type": "LineString", "coordinates": lines.remove(0)})),
            _ => Some(json!({"type": "MultiLineString", "coordinates": lines})),
        }
    },
};

/// Where those of the cities lie of which it is known; longitude first.
fn positions(cities: &[CityId], along: &Included) -> Vec<[f64; 2]> {
    #[derive(Deserialize)]
    struct Placed {
        location: Option<Location>,
    }
    let known = along.get("cities");
    let position = |city: &CityId| {
        let json = known?.get(city.as_str())?;
        let place = serde_json::from_str::<Placed>(json.get()).ok()?.location?;
        Some([place.lon, place.lat])
    };
    cities.iter().filter_map(position).collect()
}
