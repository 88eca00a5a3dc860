//! The rules of a goal.

use super::types::Sdg;
use crate::problem::{Fault, Faults, Rule};

/// A target belongs to its goal, and stands once.
pub fn check_targets(goal: &Sdg, faults: &mut Faults) {
    for (index, target) in goal.targets.0.iter().enumerate() {
        let pointer = format!("/targets/{index}/code");
        let of_goal = target.code.split('.').next() == Some(&goal.number.to_string());
        if !of_goal {
            let fault = Fault::at(&pointer, Rule::WrongGoal);
            let fault = fault.against("/number").with("goal", goal.number);
            faults.push(fault.with("code", &target.code));
        }
        let mut earlier = goal.targets.0.iter().take(index);
        if let Some(first) = earlier.position(|earlier| earlier.code == target.code) {
            let fault = Fault::at(pointer, Rule::NotUnique);
            faults.push(fault.against(format!("/targets/{first}/code")));
        }
    }
}
