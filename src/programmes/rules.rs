//! The rules of a programme.

use super::types::Guidelines;
use crate::problem::{Fault, Faults, Rule};

/// The guidelines must make sense.
pub fn check_guidelines(guidelines: &Guidelines, faults: &mut Faults) {
    let delegates = &guidelines.programme_funded_delegates;
    if delegates.min > delegates.max {
        let pointer = "/guidelines/programme_funded_delegates";
        let fault = Fault::at(format!("{pointer}/min"), Rule::MinAboveMax);
        faults.push(fault.against(format!("{pointer}/max")));
    }
}
