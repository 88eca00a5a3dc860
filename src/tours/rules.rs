//! The rules of a study tour.

use super::types::{Direction, Tour, TourStatus};
use crate::cities::types::{City, Side};
use crate::edtf::Edtf;
use crate::ids::CityId;
use crate::pairings::types::Pairing;
use crate::policy::Role;
use crate::problem::{Fault, Faults, Rule};
use crate::programmes::types::{Guidelines, Programme};
use crate::resource::{Check, Known};

/// Both cities belong to the pairing, one to each side.
pub fn check_cities(tour: &Tour, known: &Known, faults: &mut Faults) {
    if let Some(pairing) = known.get::<Pairing>(&tour.pairing) {
        for (pointer, city) in [
            ("/visiting_city", &tour.visiting_city),
            ("/host_city", &tour.host_city),
        ] {
            if !pairing.eu_cities.contains(city)
                && !pairing.jp_cities.contains(city)
                && known.get::<City>(city).is_some()
            {
                let fault = Fault::at(pointer, Rule::NotInPairing)
                    .with("id", city)
                    .with("pairing", &pairing.id);
                faults.push(fault);
            }
        }
    }
    let side = |city: &CityId| known.get::<City>(city).map(|city| city.side);
    if let (Some(visiting), Some(host)) = (side(&tour.visiting_city), side(&tour.host_city)) {
        faults.check(visiting == host, "/host_city", Rule::SameSide);
    }
}

/// The direction follows from the side of the visiting city.
pub fn direction_of(tour: &Tour, known: &Known) -> Option<Direction> {
    known
        .get::<City>(&tour.visiting_city)
        .map(|city| match city.side {
            Side::Eu => Direction::EuToJp,
            Side::Jp => Direction::JpToEu,
        })
}

/// The programme's guidelines. The record of a past visit, loaded by an admin as completed, may know less; and what
/// was settled before is not judged again by a change of something else.
pub fn check_guidelines(tour: &Tour, check: &Check<'_, Tour>, faults: &mut Faults) {
    let settled = |before: &Tour| {
        (before.status, &before.when, &before.delegates)
            == (tour.status, &tour.when, &tour.delegates)
    };
    if check.before.is_some_and(settled) {
        return;
    }
    let pairing = check.known.get::<Pairing>(&tour.pairing);
    let programme = pairing.and_then(|pairing| check.known.get::<Programme>(&pairing.programme));
    let Some(Programme { guidelines, .. }) = programme else {
        return;
    };
    let limit = guidelines.programme_funded_delegates.max;
    if tour
        .delegates
        .programme_funded
        .is_some_and(|funded| funded > limit)
    {
        faults.push(
            Fault::at("/delegates/programme_funded", Rule::TooManyFunded).with("limit", limit),
        );
    }
    let past_record = tour.status == TourStatus::Completed && check.caller.role == Role::Admin;
    if matches!(tour.status, TourStatus::Confirmed | TourStatus::Completed) && !past_record {
        check_confirmable(tour, guidelines, faults);
    }
}

fn check_confirmable(tour: &Tour, guidelines: &Guidelines, faults: &mut Faults) {
    let least = guidelines.programme_funded_delegates.min;
    if tour.delegates.programme_funded.unwrap_or(0) < least {
        faults.push(
            Fault::at("/delegates/programme_funded", Rule::TooFewFunded).with("limit", least),
        );
    }
    if full_days(&tour.when) < i64::from(guidelines.tour_full_days_min) {
        faults.push(
            Fault::at("/when", Rule::TourTooShort).with("limit", guidelines.tour_full_days_min),
        );
    }
}

/// How many days a tour is known to last; 0 while its days are not fixed.
fn full_days(when: &Edtf) -> i64 {
    match (when.earliest(), when.latest()) {
        (Some(first), Some(last)) if when.is_to_the_day() && !when.is_approximate() => {
            (last - first).num_days() + 1
        }
        _ => 0,
    }
}

/// What is visited lies within the tour.
pub fn check_programme(tour: &Tour, faults: &mut Faults) {
    for (index, item) in tour.programme.0.iter().enumerate() {
        let too_early = tour.when.earliest().is_some_and(|first| item.day < first);
        let too_late = tour.when.latest().is_some_and(|last| item.day > last);
        if too_early || too_late {
            faults.push(
                Fault::at(format!("/programme/{index}/day"), Rule::DayOutside)
                    .with("when", &tour.when),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fixed_days_count_as_full() {
        let days = |text: &str| full_days(&text.parse().unwrap());
        assert_eq!(days("2018-10-01/2018-10-03"), 3);
        assert_eq!(days("2018-10-03"), 1);
        assert_eq!(days("2019-05"), 0);
        assert_eq!(days("2018-10-01~/2018-10-03"), 0);
        assert_eq!(days("2018-10-01/.."), 0);
    }
}
