//! The ids of the programme's things, each a type of its own, so that a city is never taken for a pairing.
//!
//! Cities, pairings and the like have readable ids ([`SLUG_PATTERN`]), given at creation and never used twice;
//! everything else has a UUID (RFC 9562, version 7, so that newer ones sort later).

/// Shape of a readable id: lower-case ASCII words and numbers joined by single hyphens.
pub const SLUG_PATTERN: &str = "^[a-z0-9]+(-[a-z0-9]+)*$";

/// Longest readable id, in characters.
pub const SLUG_MAX_LENGTH: usize = 80;

macro_rules! slug_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord,
            serde::Serialize, serde::Deserialize, diesel_derive_newtype::DieselNewType, utoipa::ToSchema,
        )]
        #[serde(transparent)]
        #[schema(value_type = String, pattern = "^[a-z0-9]+(-[a-z0-9]+)*$", min_length = 1, max_length = 80)]
        pub struct $name(String);

        impl $name {
            /// The id as it is written.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Whether none was given yet: one is derived at creation.
            pub fn is_unset(&self) -> bool {
                self.0.is_empty()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                if is_slug(text) { Ok(Self(text.to_owned())) } else { Err(NotAnId) }
            }
        }
    };
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord,
            serde::Serialize, serde::Deserialize, diesel_derive_newtype::DieselNewType, utoipa::ToSchema,
        )]
        #[serde(transparent)]
        #[schema(value_type = String, format = "uuid", max_length = 36)]
        pub struct $name(uuid::Uuid);

        impl $name {
            /// The id as a UUID.
            pub fn uuid(self) -> uuid::Uuid {
                self.0
            }
        }

        impl From<uuid::Uuid> for $name {
            fn from(uuid: uuid::Uuid) -> Self {
                Self(uuid)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = NotAnId;

            /// The hyphenated form alone, so that one thing has one URL.
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                match uuid::Uuid::try_parse(text) {
                    Ok(uuid) if uuid.to_string() == text => Ok(Self(uuid)),
                    _ => Err(NotAnId),
                }
            }
        }
    };
}

/// The text has not the shape of such an id; nothing can have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnId;

slug_id! {
    /// A programme: a phase of the cooperation.
    ProgrammeId
}
slug_id! {
    /// A participating city.
    CityId
}
slug_id! {
    /// A topic of cooperation.
    SubjectId
}
slug_id! {
    /// A cooperation of EU and Japanese cities.
    PairingId
}
slug_id! {
    /// An exchange meeting, webinar or workshop.
    MeetingId
}
slug_id! {
    /// A question of the round tables.
    QuestionId
}
slug_id! {
    /// A template of action plans.
    TemplateId
}
slug_id! {
    /// A frontend to which people sign in.
    ApplicationId
}
uuid_id! {
    /// A comment on an action plan.
    CommentId
}
uuid_id! {
    /// A measurement of an indicator.
    MeasurementId
}
uuid_id! {
    /// A study tour.
    TourId
}
uuid_id! {
    /// A person on a study tour.
    DelegateId
}
uuid_id! {
    /// A Local Action Plan.
    PlanId
}
uuid_id! {
    /// A city's answer to a key question at a meeting.
    ContributionId
}
uuid_id! {
    /// A person who signs in.
    UserId
}
uuid_id! {
    /// A machine client.
    ClientId
}
uuid_id! {
    /// A secret of a machine client or a webhook.
    SecretId
}
uuid_id! {
    /// A webhook.
    WebhookId
}
uuid_id! {
    /// A delivery to a webhook.
    DeliveryId
}
uuid_id! {
    /// Who did something: a person who signs in, or a machine client.
    AccountId
}
uuid_id! {
    /// One sign-in of one person.
    SessionId
}
uuid_id! {
    /// A knowledge item.
    KnowledgeId
}
uuid_id! {
    /// A file of a thing.
    FileId
}

impl From<UserId> for AccountId {
    fn from(user: UserId) -> Self {
        Self(user.0)
    }
}

impl From<ClientId> for AccountId {
    fn from(client: ClientId) -> Self {
        Self(client.0)
    }
}

/// Whether `text` has the shape of a readable id ([`SLUG_PATTERN`], at most [`SLUG_MAX_LENGTH`] characters).
pub fn is_slug(text: &str) -> bool {
    text.len() <= SLUG_MAX_LENGTH
        && text.split('-').all(|word| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        })
}

/// The readable id that a name suggests: accents dropped, lower case, words joined by hyphens.
/// `None` when nothing ASCII is left of it, as of a Japanese name: the caller then has to give an id.
pub fn slug_of(name: &str) -> Option<String> {
    use unicode_normalization::UnicodeNormalization;
    let mut slug = String::new();
    for c in name.nfkd() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !unicode_normalization::char::is_combining_mark(c)
            && !slug.ends_with('-')
            && !slug.is_empty()
        {
            slug.push('-');
        }
    }
    slug.truncate(SLUG_MAX_LENGTH);
    let slug = slug.trim_end_matches('-');
    is_slug(slug).then(|| slug.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_suggests_a_readable_id() {
        assert_eq!(slug_of("Umeå").as_deref(), Some("umea"));
        assert_eq!(
            slug_of("Grenoble-Alpes Métropole").as_deref(),
            Some("grenoble-alpes-metropole")
        );
        assert_eq!(
            slug_of("  Donostia / San Sebastián ").as_deref(),
            Some("donostia-san-sebastian")
        );
        assert_eq!(slug_of("横浜市"), None);
        assert_eq!(slug_of(""), None);
    }

    #[test]
    fn only_hyphenated_lower_case_words_are_readable_ids() {
        for good in ["a", "exchange-meeting-3", "2018"] {
            assert!(is_slug(good), "{good}");
        }
        for bad in [
            "",
            "-",
            "a-",
            "-a",
            "a--b",
            "A",
            "é",
            "a b",
            "a/b",
            &"a".repeat(81),
        ] {
            assert!(!is_slug(bad), "{bad}");
        }
    }

    #[test]
    fn a_uuid_has_one_spelling() {
        let text = "0190b6a0-0000-7000-8000-000000000001";
        assert!(text.parse::<PlanId>().is_ok());
        assert!(
            text.to_uppercase()
                .replace('b', "B")
                .parse::<PlanId>()
                .is_err()
                || text == text.to_uppercase()
        );
        assert!(text.replace('-', "").parse::<PlanId>().is_err());
        assert!(format!("urn:uuid:{text}").parse::<PlanId>().is_err());
    }
}
