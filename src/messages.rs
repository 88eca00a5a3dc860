//! What the service says to people, by language: the Fluent files of `messages/`, bundled into the program.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

/// The values that a message names, such as `limit`.
pub type Args = Vec<(&'static str, Value)>;

/// A value that a message names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// The same in every language: a number, an id, what somebody wrote.
    Plain(String),
    /// Words of the service, put into the language of the message: each by the id of its own message, which may name the
    /// other values. Several are joined by the message of the second id.
    Words(Vec<String>, &'static str),
}

/// The id of the message for one of the service's own words, such as `status-draft`.
pub fn word(kind: &str, word: impl ToString) -> String {
    let letters = word.to_string().to_ascii_lowercase();
    format!("{kind}-{}", letters.replace(['_', ' '], "-"))
}

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

    /// The best of our languages for an `Accept-Language` field, English when none fits.
    pub fn negotiate(accept: Option<&str>) -> Self {
        let tags: Vec<&str> = Self::ALL.iter().map(|language| language.tag()).collect();
        let best = best_language(accept.unwrap_or_default(), &tags);
        let mut all = Self::ALL.iter().copied();
        all.find(|language| Some(language.tag()) == best)
            .unwrap_or_default()
    }
}

/// The best of these language tags for an `Accept-Language` field (RFC 9110, section 12.5.4), in the order that the
/// weights give; none when none fits. `de-AT` is content with `de`, and `zh` with `zh-Hant` (RFC 4647, section 3).
pub fn best_language<'a>(accept: &str, tags: &[&'a str]) -> Option<&'a str> {
    let mut best = (0.0_f32, None);
    for range in accept.split(',') {
        let mut parts = range.split(';');
        let wanted = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
        let weight = parts
            .find_map(|part| part.trim().strip_prefix("q="))
            .map_or(1.0, |q| q.parse::<f32>().unwrap_or(0.0));
        if weight <= best.0 || wanted.is_empty() {
            continue;
        }
        let begins = |long: &str, short: &str| {
            let rest = long.strip_prefix(short);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        let fitting = tags.iter().filter(|tag| {
            let tag = tag.to_ascii_lowercase();
            begins(&tag, &wanted) || begins(&wanted, &tag)
        });
        // Of several, the one that says no more than was asked for.
        if let Some(tag) = fitting.min_by_key(|tag| tag.len().abs_diff(wanted.len())) {
            best = (weight, Some(*tag));
        }
    }
    best.1
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
        if let Value::Plain(value) = value {
            values.set(*name, plain(name, value));
        }
    }
    let words = args.iter().filter_map(|(name, value)| match value {
        Value::Words(ids, join) => Some((*name, worded(bundle, ids, join, &values))),
        Value::Plain(_) => None,
    });
    for (name, words) in words.collect::<Vec<_>>() {
        values.set(name, words);
    }
    let text = bundle.format_pattern(pattern, Some(&values), &mut Vec::new());
    Some(text.into_owned())
}

fn plain<'a>(name: &str, value: &'a str) -> FluentValue<'a> {
    match value.parse::<i64>() {
        // Of these there can be one: a message chooses by them.
        Ok(number) if matches!(name, "count" | "limit") => FluentValue::from(number),
        _ => FluentValue::from(value),
    }
}

fn worded(bundle: &Bundle, ids: &[String], join: &str, values: &FluentArgs<'_>) -> String {
    let text = |id: &str| match bundle.get_message(id).and_then(|message| message.value()) {
        Some(pattern) => {
            let text = bundle.format_pattern(pattern, Some(values), &mut Vec::new());
            text.into_owned()
        }
        None => id.to_owned(),
    };
    let words: Vec<String> = ids.iter().map(|id| text(id)).collect();
    words.join(&text(join))
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
            &vec![("limit", Value::Plain("300".into()))],
        );
        assert_eq!(text.as_deref(), Some("Must have at most 300 characters."));
        let least = |limit: &str| {
            let limit = vec![("limit", Value::Plain(limit.into()))];
            message(Language::En, "fault-too-few", None, &limit).unwrap()
        };
        assert_eq!(least("1"), "Must have at least 1 entry.");
        assert_eq!(least("20000"), "Must have at least 20000 entries.");
        assert_eq!(
            message(Language::En, "no-such-message", None, &vec![]),
            None
        );
    }

    #[test]
    fn the_best_language_is_the_one_wanted_most_that_is_there() {
        let tags = ["en", "de", "zh-Hant", "ja"];
        for (accept, best) in [
            ("ja, en;q=0.9", Some("ja")),
            ("fr, de-AT;q=0.8, en;q=0.5", Some("de")),
            ("zh", Some("zh-Hant")),
            ("en;q=0.2, JA-JP;q=0.3", Some("ja")),
            ("ja;q=0, en;q=0.1", Some("en")),
            ("fr", None),
            ("d", None),
            ("", None),
            ("*", None),
        ] {
            assert_eq!(best_language(accept, &tags), best, "{accept}");
        }
    }

    #[test]
    fn the_services_own_words_are_told_in_the_language_of_the_message() {
        let ids = |words: &[&str]| words.iter().map(|it| word("status", it)).collect();
        let args = vec![
            ("status", Value::Words(ids(&["draft"]), "list-comma")),
            ("to", Value::Words(ids(&["approved"]), "list-comma")),
            (
                "possible",
                Value::Words(ids(&["submitted", "withdrawn"]), "list-comma"),
            ),
        ];
        let told = |language| message(language, "problem-transition-not-possible", None, &args);
        assert_eq!(
            told(Language::En).as_deref(),
            Some(
                "The plan is draft; from there it cannot become approved, but: submitted, withdrawn."
            )
        );
        let japanese = told(Language::Ja).unwrap();
        assert!(
            japanese.contains("提出済み（submitted）、取り下げ（withdrawn）"),
            "{japanese}"
        );
        assert!(!japanese.contains("status-"), "{japanese}");
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
