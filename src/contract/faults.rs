//! Errors of a schema, told as faults: in the programme's words, at the place where a user would look for them.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

use crate::body::token;
use crate::edtf::Edtf;
use crate::ids::SLUG_PATTERN;
use crate::messages::word;
use crate::problem::{Fault, Faults, Rule};
use crate::text::{codepoint, invisible_in};

/// Everything that `validator` finds wrong with `instance`.
pub(super) fn faults_of(validator: &Validator, instance: &Value) -> Faults {
    let mut faults = Faults::new();
    if !validator.is_valid(instance) {
        for error in validator.iter_errors(instance) {
            translate(&error, &mut faults);
        }
    }
    faults
}

/// Puts a schema's error into the programme's words, at the place where a user would look for it.
fn translate(error: &ValidationError<'_>, faults: &mut Faults) {
    let pointer = error.instance_path().to_string();
    let at = |rule| Fault::at(pointer.clone(), rule);
    let inside = |name: &str, rule| Fault::at(format!("{pointer}/{}", token(name)), rule);
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            faults.push(inside(
                property.as_str().unwrap_or_default(),
                Rule::Required,
            ));
        }
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            for name in unexpected {
                faults.push(inside(name, Rule::UnknownField));
            }
        }
        ValidationErrorKind::PropertyNames { error } => {
            let name = error.instance().as_str().unwrap_or_default().to_owned();
            faults.push(
                inside(&name, Rule::Format).with_word("expected", word("expected", "language tag")),
            );
        }
        ValidationErrorKind::Type { kind } => {
            faults.push(at(Rule::WrongType).with_words("expected", expected_types(kind), "list-or"))
        }
        ValidationErrorKind::Enum { options } => {
            faults.push(at(Rule::NotAllowedValue).with("allowed", listed(options)))
        }
        ValidationErrorKind::Constant { expected_value } => {
            faults.push(at(Rule::NotAllowedValue).with("allowed", expected_value));
        }
        ValidationErrorKind::MaxLength { limit } => {
            faults.push(at(Rule::TooLong).with("limit", limit))
        }
        ValidationErrorKind::MinLength { limit } => {
            faults.push(at(Rule::TooShort).with("limit", limit))
        }
        ValidationErrorKind::MaxItems { limit } | ValidationErrorKind::MaxProperties { limit } => {
            faults.push(at(Rule::TooMany).with("limit", limit));
        }
        ValidationErrorKind::MinItems { limit } | ValidationErrorKind::MinProperties { limit } => {
            faults.push(at(Rule::TooFew).with("limit", limit));
        }
        ValidationErrorKind::Maximum { limit }
        | ValidationErrorKind::ExclusiveMaximum { limit } => {
            faults.push(at(Rule::TooLarge).with("limit", limit));
        }
        ValidationErrorKind::Minimum { limit }
        | ValidationErrorKind::ExclusiveMinimum { limit } => {
            faults.push(at(Rule::TooSmall).with("limit", limit));
        }
        ValidationErrorKind::UniqueItems => faults.push(at(Rule::NotUnique)),
        ValidationErrorKind::Pattern { pattern } if pattern == "\\S" => {
            faults.push(at(Rule::Blank))
        }
        ValidationErrorKind::Pattern { pattern } if pattern == SLUG_PATTERN => {
            faults.push(at(Rule::Slug))
        }
        ValidationErrorKind::Pattern { pattern } => {
            faults.push(at(Rule::Pattern).with("pattern", pattern))
        }
        ValidationErrorKind::Format { format } => faults.push(format_fault(error, format, at)),
        ValidationErrorKind::OneOfNotValid { context } | ValidationErrorKind::AnyOf { context } => {
            translate_alternatives(context, faults);
        }
        _ => faults.push(at(Rule::WrongType).with_word("expected", word("expected", "document"))),
    }
}

/// An optional object is "null or this": only what is wrong with "this" helps the user.
fn translate_alternatives(context: &[Vec<ValidationError<'static>>], faults: &mut Faults) {
    let says_only_null = |errors: &[ValidationError<'_>]| matches!(errors, [only] if matches!(only.kind(), ValidationErrorKind::Type { kind: TypeKind::Single(one) } if one.to_string() == "null"));
    let telling = context
        .iter()
        .find(|errors| !says_only_null(errors))
        .or_else(|| context.first());
    for error in telling.into_iter().flatten() {
        translate(error, faults);
    }
}

fn format_fault(error: &ValidationError<'_>, format: &str, at: impl Fn(Rule) -> Fault) -> Fault {
    let text = error.instance().as_str().unwrap_or_default();
    match format {
        "edtf" => match text.parse::<Edtf>() {
            Err(reason) => {
                let fault = at(Rule::Edtf).with_word("reason", reason.word());
                let values = reason.values().into_iter();
                values.fold(fault, |fault, (name, value)| fault.with(name, value))
            }
            Ok(_) => at(Rule::Edtf).with_word("reason", word("edtf", "not a date")),
        },
        "iana-time-zone" => at(Rule::UnknownTimeZone),
        "currency" => at(Rule::UnknownCurrency),
        "line" => match invisible_in(text) {
            Some(c) => at(Rule::InvisibleCharacter).with("codepoint", codepoint(c)),
            None => at(Rule::Format).with_word("expected", word("expected", "line")),
        },
        "date-time" | "date" | "uuid" | "uri" | "redirect-uri" | "email" => {
            at(Rule::Format).with_word("expected", word("expected", format))
        }
        _ => at(Rule::Format).with_word("expected", word("expected", "document")),
    }
}

fn expected_types(kind: &TypeKind) -> Vec<String> {
    match kind {
        TypeKind::Single(one) => vec![word("type", one)],
        TypeKind::Multiple(set) => set.iter().map(|one| word("type", one)).collect(),
    }
}

fn listed(options: &Value) -> String {
    let word = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    options
        .as_array()
        .map(|all| all.iter().map(word).collect::<Vec<_>>().join(", "))
        .unwrap_or_default()
}
