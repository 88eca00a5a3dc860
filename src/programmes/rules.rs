//! The rules of a programme.

use super::types::Guidelines;
use crate::problem::{Faults, Rule};

/// The guidelines must make sense.
pub fn check_guidelines(guidelines: &Guidelines, faults: &mut Faults) {
    let delegates = &guidelines.programme_funded_delegates;
    faults.check(
        delegates.min > delegates.max,
        "/guidelines/programme_funded_delegates/min",
        Rule::MinAboveMax,
    );
}
