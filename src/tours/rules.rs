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

/// Once a tour has delegates, its numbers are counted from them: what a body leaves out is filled in, and what it says
/// otherwise is a fault.
pub fn settle_counts(tour: &mut Tour, before: Option<&Tour>, faults: &mut Faults) {
    let Some(before) = before else { return };
    tour.delegates_named = before.delegates_named;
    tour.funded_named = before.funded_named;
    tour.waived.clone_from(&before.waived);
    let Some(counted) = before.counted() else {
        return;
    };
    for (name, said, number) in [
        (
            "programme_funded",
            tour.delegates.programme_funded,
            counted.programme_funded,
        ),
        (
            "self_funded",
            tour.delegates.self_funded,
            counted.self_funded,
        ),
    ] {
        if said.is_some() && said != number {
            let fault = Fault::at(format!("/delegates/{name}"), Rule::CountedDelegates);
            faults.push(fault.with("number", number.unwrap_or_default()));
        }
    }
    tour.delegates = counted;
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
