//! The rules of a template.

use super::types::Template;
use crate::problem::{Fault, Faults, Rule};

/// Each field of a plan is one section at most.
pub fn check_sections(template: &Template, faults: &mut Faults) {
    for (index, section) in template.sections.0.iter().enumerate() {
        let mut earlier = template.sections.0.iter().take(index);
        if let Some(first) = earlier.position(|earlier| earlier.field == section.field) {
            let fault = Fault::at(format!("/sections/{index}/field"), Rule::NotUnique);
            faults.push(fault.against(format!("/sections/{first}/field")));
        }
    }
}
