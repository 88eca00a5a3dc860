//! What follows from what is said of a study tour; what it is checked for is in `checks`.

use super::types::{Direction, Tour};
use crate::cities::types::{City, Side};
use crate::edtf::Edtf;
use crate::problem::{Fault, Faults, Rule};
use crate::resource::Known;

/// The direction follows from the side of the visiting city.
pub fn direction_of(tour: &Tour, known: &Known) -> Option<Direction> {
    known
        .get::<City>(&tour.visiting_city)
        .map(|city| match city.side {
            Side::Eu => Direction::EuToJp,
            Side::Jp => Direction::JpToEu,
        })
}

/// The numbers of people stay as they are recorded, but for those that more are listed of: a body that says fewer is
/// faulty. One that says what is answered already records nothing.
pub fn settle_counts(tour: &mut Tour, before: Option<&Tour>, faults: &mut Faults) {
    let said = tour.delegates.clone();
    if let Some(before) = before {
        tour.delegates_named = before.delegates_named;
        tour.funded_named = before.funded_named;
        tour.waived.clone_from(&before.waived);
        tour.delegates_recorded
            .clone_from(&before.delegates_recorded);
    }
    let names = ["programme_funded", "self_funded"];
    let numbers = [said.programme_funded, said.self_funded];
    for ((name, number), listed) in names.into_iter().zip(numbers).zip(tour.listed()) {
        if number.is_some_and(|number| number < listed) {
            let fault = Fault::at(format!("/delegates/{name}"), Rule::CountedDelegates);
            faults.push(fault.with("number", listed));
        }
    }
    tour.delegates = tour.counted(&said);
    if before.is_none_or(|before| before.delegates != tour.delegates) {
        tour.delegates_recorded = said;
    }
}

/// How many days a tour is known to last; none while its days are not fixed.
pub fn full_days(when: &Edtf) -> Option<i64> {
    match (when.earliest(), when.latest()) {
        (Some(first), Some(last)) if when.is_to_the_day() && !when.is_approximate() => {
            Some((last - first).num_days() + 1)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fixed_days_count_as_full() {
        let days = |text: &str| full_days(&text.parse().unwrap());
        assert_eq!(days("2018-10-01/2018-10-03"), Some(3));
        assert_eq!(days("2018-10-03"), Some(1));
        assert_eq!(days("2019-05"), None);
        assert_eq!(days("2018-10-01~/2018-10-03"), None);
        assert_eq!(days("2018-10-01/.."), None);
    }
}
