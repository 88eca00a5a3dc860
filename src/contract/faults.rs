//! Errors of a schema, told as faults: in the programme's words, at the place where a user would look for them.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

use crate::body::token;
use crate::edtf::Edtf;
use crate::ids::SLUG_PATTERN;
use crate::problem::{Fault, Faults, Rule};

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
            faults.push(inside(&name, Rule::Format).with(
                "expected",
                "a language tag (BCP 47), such as en, ja or pt-BR",
            ));
        }
        ValidationErrorKind::Type { kind } => {
            faults.push(at(Rule::WrongType).with("expected", expected_type(kind)))
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
        _ => faults.push(at(Rule::WrongType).with("expected", "what the OpenAPI document says")),
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
            Err(reason) => at(Rule::Edtf).with("reason", reason),
            Ok(_) => at(Rule::Edtf).with("reason", "Must be a date in EDTF."),
        },
        "iana-time-zone" => at(Rule::UnknownTimeZone),
        other => at(Rule::Format).with("expected", expected_format(other)),
    }
}

fn expected_format(format: &str) -> &str {
    match format {
        "line" => "one line of text without control or direction characters",
        "date-time" => "a time in RFC 3339, such as 2018-10-11T09:00:00Z",
        "date" => "a day that exists, such as 2018-10-11",
        "uuid" => "a UUID, such as 0198d3b4-7e8d-7c1a-9d53-3a4b5c6d7e8f",
        "uri" => "an absolute URL, such as https://www.city.yokohama.lg.jp/",
        "email" => "an e-mail address",
        other => other,
    }
}

fn expected_type(kind: &TypeKind) -> String {
    let article = |name: &str| match name {
        "integer" => "a whole number".to_owned(),
        "object" | "array" => format!("an {name}"),
        "null" => "null".to_owned(),
        "boolean" => "true or false".to_owned(),
        other => format!("a {other}"),
    };
    match kind {
        TypeKind::Single(one) => article(&one.to_string()),
        TypeKind::Multiple(set) => set
            .iter()
            .map(|one| article(&one.to_string()))
            .collect::<Vec<_>>()
            .join(" or "),
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
