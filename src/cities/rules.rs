//! The rules of a city.

use super::types::{City, Side};
use crate::policy::Role;
use crate::problem::{Fault, Faults, Rule};

/// Side `jp` means country JP, side `eu` any other.
pub fn check_side(city: &City, faults: &mut Faults) {
    let in_japan = city.country_code.as_str() == "JP";
    if (city.side == Side::Jp) != in_japan {
        faults.push(Fault::at("/country_code", Rule::SideCountry).against("/side"));
    }
}

/// A city user describes the own city, but does not say what it is.
pub fn check_own_description(before: &City, after: &City, role: Role, faults: &mut Faults) {
    if role == Role::Admin {
        return;
    }
    let fixed = [
        ("/side", before.side != after.side),
        ("/kind", before.kind != after.kind),
        ("/country_code", before.country_code != after.country_code),
        ("/codes", before.codes != after.codes),
    ];
    for (pointer, changed) in fixed {
        if changed {
            faults.push(Fault::at(pointer, Rule::NotYours));
        }
    }
}
