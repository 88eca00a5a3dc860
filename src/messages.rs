//! What the service says to people, by language: the Fluent files of `messages/`, bundled into the program.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

/// The values that a message names, such as `limit`.
pub type Args = Vec<(&'static str, String)>;

type Bundle = FluentBundle<FluentResource>;

/// A language in which the service explains itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Japanese.
    Ja,
}

impl Language {
    /// Every language there are messages for, the first being the default.
    pub const ALL: &'static [Self] = &[Self::En, Self::Ja];

    /// The language tag (BCP 47), for `Content-Language`.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ja => "ja",
        }
    }

    /// The best of our languages for an `Accept-Language` field (RFC 9110, section 12.5.4): the order given
    /// by the weights, English when none fits.
    pub fn negotiate(accept: Option<&str>) -> Self {
        let mut best = (0.0_f32, Self::default());
        for range in accept.unwrap_or_default().split(',') {
            let mut parts = range.split(';');
            let tag = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
            let weight = parts
                .find_map(|part| part.trim().strip_prefix("q="))
                .map_or(1.0, |q| q.parse::<f32>().unwrap_or(0.0));
            let primary = tag.split('-').next().unwrap_or_default();
            if let Some(language) = Self::ALL.iter().find(|language| language.tag() == primary)
                && weight > best.0
            {
                best = (weight, *language);
            }
        }
        best.1
    }
}

static EN: LazyLock<Bundle> = LazyLock::new(|| bundle("en", include_str!("../messages/en.ftl")));
static JA: LazyLock<Bundle> = LazyLock::new(|| bundle("ja", include_str!("../messages/ja.ftl")));

fn bundle(language: &str, source: &str) -> Bundle {
    let language: LanguageIdentifier = language.parse().unwrap_or_default();
    let mut bundle = Bundle::new_concurrent(vec![language]);
    bundle.set_use_isolating(false);
    let resource =
        FluentResource::try_new(source.to_owned()).unwrap_or_else(|(resource, _)| resource);
    bundle.add_resource_overriding(resource);
    bundle
}

/// The message `id` (with `attribute`, if any) in `language`; `None` when there is no such message.
pub fn message(
    language: Language,
    id: &str,
    attribute: Option<&str>,
    args: &Args,
) -> Option<String> {
    let bundle: &Bundle = match language {
        Language::En => &EN,
        Language::Ja => &JA,
    };
    let message = bundle.get_message(id)?;
    let pattern = match attribute {
        Some(name) => message.get_attribute(name)?.value(),
        None => message.value()?,
    };
    let mut values = FluentArgs::new();
    for (name, value) in args {
        let value = match value.parse::<i64>() {
            Ok(number) if *name == "count" => FluentValue::from(number),
            _ => FluentValue::from(value.as_str()),
        };
        values.set(*name, value);
    }
    Some(
        bundle
            .format_pattern(pattern, Some(&values), &mut Vec::new())
            .into_owned(),
    )
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    const FILES: [&str; 2] = [
        include_str!("../messages/en.ftl"),
        include_str!("../messages/ja.ftl"),
    ];

    #[test]
    fn the_files_have_no_syntax_error() {
        for file in FILES {
            assert!(FluentResource::try_new(file.to_owned()).is_ok());
        }
    }

    /// Each message and attribute with the values it names.
    fn values_of(file: &str) -> BTreeMap<String, BTreeSet<String>> {
        let mut messages: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut message = String::new();
        let mut place = String::new();
        for line in file.lines().filter(|line| !line.starts_with('#')) {
            let head = line.split_once(" = ").map(|(name, _)| name);
            match head {
                Some(name) if !name.starts_with(' ') => {
                    message = name.to_owned();
                    place = message.clone();
                }
                Some(name) if name.trim_start().starts_with('.') => {
                    place = format!("{message}{}", name.trim());
                }
                _ => {}
            }
            let named = messages.entry(place.clone()).or_default();
            let values = line.split("{ $").skip(1);
            named.extend(
                values
                    .filter_map(|rest| rest.split(' ').next())
                    .map(str::to_owned),
            );
        }
        messages
    }

    #[test]
    fn every_language_says_the_same_things_with_the_same_values() {
        assert_eq!(values_of(FILES[0]), values_of(FILES[1]));
    }

    #[test]
    fn a_message_names_its_values() {
        let text = message(
            Language::En,
            "fault-too-long",
            None,
            &vec![("limit", "300".into())],
        );
        assert_eq!(text.as_deref(), Some("Must have at most 300 characters."));
        assert_eq!(
            message(Language::En, "no-such-message", None, &vec![]),
            None
        );
    }

    #[test]
    fn an_unknown_language_is_answered_in_english() {
        assert_eq!(Language::negotiate(Some("fr-FR, de;q=0.9")), Language::En);
        assert_eq!(Language::negotiate(None), Language::En);
        assert_eq!(
            Language::negotiate(Some("fr, ja-JP;q=0.5, en;q=0.4")),
            Language::Ja
        );
    }
}
