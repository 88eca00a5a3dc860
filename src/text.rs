//! Translated texts: what the programme writes in English, Japanese and the cities' own languages.
//!
//! A text is a JSON object from language tag (BCP 47) to string, with at least one entry. It is stored in
//! Unicode normal form C; the request's body is normalised as a whole before anything looks at it (`body.rs`). What may
//! stand in a name is in `line`.

mod line;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{RefOr, SchemaFormat};

pub use self::line::{codepoint, invisible_in, is_line};

/// Shape of a language tag: the part of BCP 47 that content here needs (language, script, region, variants).
pub const LANGUAGE_PATTERN: &str =
    "^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?(-([0-9a-z]{5,8}|[0-9][0-9a-z]{3}))*$";

macro_rules! translated {
    ($(#[$doc:meta])* $name:ident, $max:expr, $format:expr, $description:expr) => {
        $(#[$doc])*
        #[derive(
            Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize,
            diesel::expression::AsExpression, diesel::deserialize::FromSqlRow,
        )]
        #[serde(transparent)]
        #[diesel(sql_type = diesel::sql_types::Jsonb)]
        pub struct $name(BTreeMap<String, String>);

        impl $name {
            /// The longest string in one language, in characters.
            pub const MAX_LENGTH: usize = $max;

            /// What the service itself says, by language tag.
            pub fn of<const N: usize>(strings: [(&str, String); N]) -> Self {
                Self(strings.map(|(tag, string)| (tag.to_owned(), string)).into())
            }

            /// The string in `language`, if there is one.
            pub fn in_language(&self, language: &str) -> Option<&str> {
                self.0.get(language).map(String::as_str)
            }

            /// Each language with its string, in the order of the tags.
            pub fn languages(&self) -> impl Iterator<Item = (&str, &str)> {
                self.0.iter().map(|(tag, text)| (tag.as_str(), text.as_str()))
            }

            /// The same with each string made into another, none of them empty.
            #[must_use]
            pub fn map(&self, change: impl Fn(&str) -> String) -> Self {
                let each = self.0.iter();
                Self(each.map(|(tag, text)| (tag.clone(), change(text))).collect())
            }

            /// A text of the service's own, in both its languages.
            pub fn in_both(en: String, ja: String) -> Self {
                Self(BTreeMap::from([("en".to_owned(), en), ("ja".to_owned(), ja)]))
            }

            /// The string in `language`, for `de-AT` also that in `de`, or in English, or in the first language there is.
            pub fn best(&self, language: &str) -> &str {
                let primary = language.split('-').next().unwrap_or_default();
                self.in_language(language)
                    .or_else(|| self.in_language(primary))
                    .or_else(|| self.in_language("en"))
                    .or_else(|| self.0.values().next().map(String::as_str))
                    .unwrap_or_default()
            }

            /// The string in each language.
            pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
                self.0.iter().map(|(language, text)| (language.as_str(), text.as_str()))
            }
        }

        impl FromIterator<(String, String)> for $name {
            fn from_iter<I: IntoIterator<Item = (String, String)>>(texts: I) -> Self {
                Self(texts.into_iter().collect())
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                translated_schema($max, $format, $description)
            }
        }

        impl utoipa::ToSchema for $name {}

        crate::column::jsonb!($name);
    };
}

translated! {
    /// A translated text of any length that a section needs; may have several lines.
    Text, 20_000, None,
    "A translated text: an object from BCP 47 language tag to string, with at least one entry. Stored in Unicode NFC."
}

translated! {
    /// A translated text as sanitised HTML, made by the service of the Markdown in a [`Text`] (`markdown.rs`).
    Html, 100_000, None,
    "A translated text as HTML: an object from BCP 47 language tag to a fragment that is safe to show in a page."
}

translated! {
    /// A translated name or title: one line, without marks that could disguise it.
    Title, 300, Some("line"),
    "A translated name or title: an object from BCP 47 language tag to a single line, with at least one entry. \
     Stored in Unicode NFC; bidirectional controls, and invisible characters that its script does not need, are refused."
}

fn translated_schema(max: usize, format: Option<&str>, description: &str) -> RefOr<Schema> {
    let value = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(max))
        .pattern(Some("\\S"))
        .format(format.map(|name| SchemaFormat::Custom(name.to_owned())))
        .build();
    let tag = ObjectBuilder::new()
        .schema_type(Type::String)
        .max_length(Some(35))
        .pattern(Some(LANGUAGE_PATTERN))
        .build();
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::Object))
        .description(Some(description))
        .property_names(Some(Schema::Object(tag)))
        .additional_properties(Some(AdditionalProperties::RefOr(RefOr::T(Schema::Object(
            value,
        )))))
        .max_properties(Some(30))
        .examples([serde_json::json!({"en": "Smart cities", "ja": "スマートシティ"})])
        .build()
        .into()
}

/// The tag of a language (BCP 47).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(
    value_type = String,
    max_length = 35,
    pattern = "^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$",
    example = "ja"
)]
pub struct LanguageTag(pub String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_answers_in_the_language_asked_or_the_next_best() {
        let text: Text =
            serde_json::from_value(serde_json::json!({"ja": "横浜市", "en": "Yokohama"})).unwrap();
        assert_eq!(text.best("ja"), "横浜市");
        assert_eq!(text.best("ja-JP"), "横浜市");
        assert_eq!(text.best("de"), "Yokohama");
        let only: Text = serde_json::from_value(serde_json::json!({"el": "Ιωάννινα"})).unwrap();
        assert_eq!(only.best("ja"), "Ιωάννινα");
    }
}
