use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::action_plans::samples::{empty, plan, template, with};

fn told(plan: &ActionPlan) -> Vec<String> {
    let answer = validation(plan, &template()).answer(Language::En);
    let faults = answer.sections.iter().flat_map(|section| &section.faults);
    faults
        .map(|fault| format!("{} {}", fault.pointer, fault.code))
        .collect()
}

#[test]
fn a_complete_plan_has_twelve_complete_sections() {
    let answer = validation(&with(&[]), &template()).answer(Language::En);
    assert!(answer.complete, "{answer:?}");
    assert_eq!(answer.sections.len(), 12);
    assert!(answer.sections.iter().all(|section| section.complete));
    assert_eq!(answer.sections[4].section, Some(1));
}

#[test]
fn an_empty_plan_lacks_each_required_section_by_its_pointer() {
    let plan = empty();
    assert_eq!(
        told(&plan),
        [
            "/title required",
            "/sdg_relevance required",
            "/executive_summary required",
            "/objectives required",
            "/context required",
            "/inputs required",
            "/activities required",
            "/implementation required",
            "/risks required",
            "/follow_up required",
        ]
    );
    let validation = validation(&plan, &template());
    assert!(!validation.complete());
    let problem = validation.faults().into_result().unwrap_err();
    assert_eq!(problem.faults().len(), 10);
    let joint_actions = validation.answer(Language::En).sections.pop().unwrap();
    assert!(joint_actions.complete && !joint_actions.required);
}

#[test]
fn the_parts_of_lists_are_held_to_what_makes_them_readable() {
    let plan = with(&[
        ("/activities/1/title", Value::Null),
        ("/activities/2/description", Value::Null),
        ("/risks/0/description", Value::Null),
        ("/follow_up/indicators/0/name", Value::Null),
        ("/joint_actions/0", json!({"key": "school"})),
    ]);
    assert_eq!(
        told(&plan),
        [
            "/activities/1/title required",
            "/activities/2/description required",
            "/risks/0/description required",
            "/follow_up/indicators/0/name required",
            "/joint_actions/0/title required",
            "/joint_actions/0/description required",
            "/joint_actions/0/with required",
        ]
    );
}

#[test]
fn entries_take_the_place_of_a_text_and_an_empty_section_lacks_it() {
    let entries = [
        ("/inputs/text", Value::Null),
        ("/implementation/text", Value::Null),
        ("/follow_up/text", Value::Null),
    ];
    assert!(told(&with(&entries)).is_empty());
    let nothing = [
        ("/inputs", json!({})),
        ("/implementation", json!({})),
        ("/follow_up", json!({})),
    ];
    assert_eq!(
        told(&with(&nothing)),
        [
            "/inputs/text required",
            "/implementation/text required",
            "/follow_up/text required"
        ]
    );
}

#[test]
fn every_text_is_there_in_the_plans_own_language() {
    let told = told(&with(&[("/language", json!("ja"))]));
    assert!(
        told.contains(&"/executive_summary/ja missing_language".into()),
        "{told:?}"
    );
    assert!(
        told.contains(&"/activities/1/title/ja missing_language".into()),
        "{told:?}"
    );
    assert!(
        !told.iter().any(|fault| fault.starts_with("/title")),
        "{told:?}"
    );
    let one = with(&[("/context", json!({"de": "Der alte Hafen."}))]);
    let answer = validation(&one, &template()).answer(Language::En);
    assert_eq!(
        answer.sections[5].faults[0].detail,
        "Has no text in en, the plan's own language."
    );
}

proptest! {
    #[test]
    fn faults_stand_in_their_section_and_a_template_without_duties_asks_for_no_section(plan in plan()) {
        let mut lenient = template();
        for section in validation(&plan, &lenient).sections {
            let field = format!("/{}", section.field);
            for fault in &section.faults {
                let pointer = fault.pointer().unwrap();
                prop_assert!(pointer == field || pointer.starts_with(&format!("{field}/")), "{}", pointer);
            }
        }
        lenient.sections.0.iter_mut().for_each(|section| section.required = false);
        for fault in validation(&plan, &lenient).faults().iter() {
            prop_assert!(fault.pointer().unwrap().matches('/').count() > 1 || fault.rule() == Rule::MissingLanguage);
        }
    }
}
