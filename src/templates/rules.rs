//! The rules of a template.

use super::types::Template;
use crate::problem::{Fault, Faults, Rule};

/// Each field of a plan is one section at most.
pub fn check_sections(template: &Template, faults: &mut Faults) {
    for (index, section) in template.sections.0.iter().enumerate() {
        if template
            .sections
            .0
            .iter()
            .take(index)
            .any(|earlier| earlier.field == section.field)
        {
            faults.push(Fault::at(
                format!("/sections/{index}/field"),
                Rule::NotUnique,
            ));
        }
    }
}
