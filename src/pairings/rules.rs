//! The rules of a pairing.

use super::types::Pairing;
use crate::cities::types::{City, Side};
use crate::ids::CityId;
use crate::problem::{Fault, Faults, Rule};
use crate::resource::Known;

/// Each city stands on its own side, and once.
pub fn check_sides(pairing: &Pairing, known: &Known, faults: &mut Faults) {
    for (field, side, cities) in [
        ("eu_cities", Side::Eu, &pairing.eu_cities),
        ("jp_cities", Side::Jp, &pairing.jp_cities),
    ] {
        for (index, id) in cities.iter().enumerate() {
            if known.get::<City>(id).is_some_and(|city| city.side != side) {
                faults.push(Fault::at(format!("/{field}/{index}"), Rule::WrongSide).with("id", id));
            }
        }
    }
}

/// The readable id that the cities suggest: `frankfurt-yokohama`.
pub fn suggested_id(eu_cities: &[CityId], jp_cities: &[CityId]) -> String {
    let words: Vec<&str> = eu_cities
        .iter()
        .chain(jp_cities)
        .map(CityId::as_str)
        .collect();
    words.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cities_make_the_id() {
        let id = |text: &str| text.parse::<CityId>().unwrap();
        assert_eq!(
            suggested_id(&[id("frankfurt")], &[id("yokohama")]),
            "frankfurt-yokohama"
        );
    }
}
