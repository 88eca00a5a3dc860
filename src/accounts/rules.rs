//! The rules of an account.

use super::types::{User, UserRole};
use crate::cities::types::{City, Side};
use crate::problem::{Fault, Faults, Rule};
use crate::resource::Known;

/// An admin has no city; a city user has one, of the role's side.
pub fn check_city(user: &User, known: &Known, faults: &mut Faults) {
    let at_city = |rule| Fault::at("/city", rule).against("/role");
    if (user.role == UserRole::Admin) != user.city.is_none() {
        faults.push(at_city(Rule::CityRole));
    }
    let side = match user.role {
        UserRole::Admin => return,
        UserRole::EuCity => Side::Eu,
        UserRole::JpCity => Side::Jp,
    };
    if let Some(city) = user.city.as_ref().and_then(|id| known.get::<City>(id))
        && city.side != side
    {
        faults.push(at_city(Rule::WrongSide).with("id", &city.id));
    }
}
