//! What can go wrong, in one table each: the kinds of problem with their status, and the rules that input can break.
//!
//! A code never changes, for programs rely on it. Its words in every language stand in `messages/`.

use actix_web::http::StatusCode;

use crate::messages::{Args, Language, message};

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident, $prefix:literal { $($variant:ident = $word:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $(#[doc = $word] $variant),+ }

        impl $name {
            /// Every code of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code as it is written in answers; never changes.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The id of its message.
            pub(super) fn message(self) -> String {
                format!(concat!($prefix, "-{}"), self.as_str().replace('_', "-"))
            }
        }
    };
}

macro_rules! problem_codes {
    ($($variant:ident = $word:literal, $status:literal;)+) => {
        codes! {
            /// What kind of problem an answer tells of: the last part of its `type`.
            Code, "problem" { $($variant = $word;)+ }
        }
        impl Code {
            /// The HTTP status that goes with the code.
            pub fn status(self) -> StatusCode {
                let status: u16 = match self { $(Self::$variant => $status),+ };
                StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    };
}

problem_codes! {
    InvalidJson = "invalid_json", 400;
    InvalidInput = "invalid_input", 400;
    InvalidMultipart = "invalid_multipart", 400;
    InvalidGrant = "invalid_grant", 400;
    InvalidCode = "invalid_code", 400;
    UnsupportedGrantType = "unsupported_grant_type", 400;
    InvalidScope = "invalid_scope", 400;
    ForeignToken = "foreign_token", 400;
    Unauthenticated = "unauthenticated", 401;
    InvalidToken = "invalid_token", 401;
    InvalidCredentials = "invalid_credentials", 401;
    InvalidClient = "invalid_client", 401;
    Forbidden = "forbidden", 403;
    InsufficientScope = "insufficient_scope", 403;
    ForeignPage = "foreign_page", 403;
    NotForClients = "not_for_clients", 403;
    NotAsked = "not_asked", 403;
    NotFound = "not_found", 404;
    NoSuchPath = "no_such_path", 404;
    MethodNotAllowed = "method_not_allowed", 405;
    NotAcceptable = "not_acceptable", 406;
    RequestTimeout = "request_timeout", 408;
    UploadStalled = "upload_stalled", 408;
    AlreadyExists = "already_exists", 409;
    IdUsedBefore = "id_used_before", 409;
    StillReferenced = "still_referenced", 409;
    CitedAsSource = "cited_as_source", 409;
    TemplateInUse = "template_in_use", 409;
    PatchConflict = "patch_conflict", 409;
    Guideline = "guideline", 409;
    IdempotencyInFlight = "idempotency_in_flight", 409;
    TransitionNotPossible = "transition_not_possible", 409;
    PlanIncomplete = "plan_incomplete", 409;
    IndicatorMeasured = "indicator_measured", 409;
    NotRestorable = "not_restorable", 409;
    PlanWithdrawn = "plan_withdrawn", 409;
    JointPlan = "joint_plan", 409;
    BulkUndone = "bulk_undone", 409;
    PlanNotSubmitted = "plan_not_submitted", 409;
    CommentsClosed = "comments_closed", 409;
    ConsentMissing = "consent_missing", 409;
    TooManySecrets = "too_many_secrets", 409;
    LastSecret = "last_secret", 409;
    TooManyWebhooks = "too_many_webhooks", 409;
    WebhookOff = "webhook_off", 409;
    CursorExpired = "cursor_expired", 410;
    PreconditionFailed = "precondition_failed", 412;
    PayloadTooLarge = "payload_too_large", 413;
    UnsupportedMediaType = "unsupported_media_type", 415;
    UnsupportedFileType = "unsupported_file_type", 415;
    FileTypeMismatch = "file_type_mismatch", 415;
    UnsupportedContentEncoding = "unsupported_content_encoding", 415;
    RangeNotSatisfiable = "range_not_satisfiable", 416;
    IdempotencyKeyReused = "idempotency_key_reused", 422;
    PreconditionRequired = "precondition_required", 428;
    TooManyRequests = "too_many_requests", 429;
    TooManySignIns = "too_many_sign_ins", 429;
    TooManyUploads = "too_many_uploads", 429;
    TooManyExports = "too_many_exports", 429;
    Internal = "internal", 500;
    Unavailable = "unavailable", 503;
    FilesUnavailable = "files_unavailable", 503;
    Overloaded = "overloaded", 503;
    Busy = "busy", 503;
    Timeout = "timeout", 503;
    OutcomeUnknown = "outcome_unknown", 503;
}

codes! {
    /// Which rule one part of the input breaks.
    Rule, "fault" {
        Required = "required";
        UnknownField = "unknown_field";
        UnknownParameter = "unknown_parameter";
        RepeatedParameter = "repeated_parameter";
        MalformedHeader = "malformed_header";
        WrongType = "wrong_type";
        NotAllowedValue = "not_allowed_value";
        TooLong = "too_long";
        TooShort = "too_short";
        TooMany = "too_many";
        TooFew = "too_few";
        TooLarge = "too_large";
        TooSmall = "too_small";
        NotUnique = "not_unique";
        Pattern = "pattern";
        Slug = "slug";
        Format = "format";
        Edtf = "edtf";
        Blank = "blank";
        NoWords = "no_words";
        ControlCharacter = "control_character";
        InvisibleCharacter = "invisible_character";
        TooDeep = "too_deep";
        NotInExport = "not_in_export";
        NotInFormat = "not_in_format";
        NotInBulk = "not_in_bulk";
        RepeatedReference = "repeated_reference";
        TooManyLines = "too_many_lines";
        NotJson = "not_json";
        DuplicateName = "duplicate_name";
        LongName = "long_name";
        ReadOnly = "read_only";
        Immutable = "immutable";
        NotYours = "not_yours";
        NotPartner = "not_partner";
        UnknownReference = "unknown_reference";
        DanglingReference = "dangling_reference";
        AmbiguousReference = "ambiguous_reference";
        NotOfCity = "not_of_city";
        WrongSide = "wrong_side";
        SideCountry = "side_country";
        BothSides = "both_sides";
        NotInPairing = "not_in_pairing";
        NotInMeeting = "not_in_meeting";
        SameSide = "same_side";
        IdNotDerivable = "id_not_derivable";
        NotRegistered = "not_registered";
        AlreadyUsed = "already_used";
        ReferencedBy = "referenced_by";
        ReferencedByHidden = "referenced_by_hidden";
        UnknownTimeZone = "unknown_time_zone";
        UnknownCurrency = "unknown_currency";
        TooManyDecimals = "too_many_decimals";
        MinAboveMax = "min_above_max";
        EndsBeforeStart = "ends_before_start";
        DayOutside = "day_outside";
        NotOnDay = "not_on_day";
        TooManyFunded = "too_many_funded";
        TooFewFunded = "too_few_funded";
        TourTooShort = "tour_too_short";
        TooManyDelegates = "too_many_delegates";
        CountedDelegates = "counted_delegates";
        DelegatesForgotten = "delegates_forgotten";
        NotWaivable = "not_waivable";
        CityRole = "city_role";
        ProgrammeScope = "programme_scope";
        TargetUrl = "target_url";
        TargetAddress = "target_address";
        DuplicateKey = "duplicate_key";
        UnknownSdg = "unknown_sdg";
        OneOfBoth = "one_of_both";
        RevisionAlone = "revision_alone";
        RevisedPlanUnnamed = "revised_plan_unnamed";
        RevisesItself = "revises_itself";
        WithItself = "with_itself";
        NothingThere = "nothing_there";
        LessonOfOthers = "lesson_of_others";
        OwnLesson = "own_lesson";
        MeasuredIndicator = "measured_indicator";
        MeasuredUnit = "measured_unit";
        WrongGoal = "wrong_goal";
        MissingLanguage = "missing_language";
        NotTemplateSection = "not_template_section";
        WeakPassword = "weak_password";
        NoEarlierVersion = "no_earlier_version";
        Cursor = "cursor";
        FeedCursor = "feed_cursor";
        PatchOperation = "patch_operation";
        StatusByTransition = "status_by_transition";
        ConsentMissing = "consent_missing";
        FileEnding = "file_ending";
        DigestMismatch = "digest_mismatch";
    }
}

impl Code {
    /// The code of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == name)
    }

    /// What it is called.
    pub fn title(self, language: Language) -> String {
        message(language, &self.message(), Some("title"), &Args::new()).unwrap_or_default()
    }

    /// What it means and what to do about it.
    pub fn help(self, language: Language) -> String {
        message(language, &self.message(), Some("help"), &Args::new()).unwrap_or_default()
    }
}

impl Rule {
    /// The conflict that breaking it is with what is stored or asked for, though the input as such is in order; none of what
    /// is wrong with the input.
    pub fn conflict(self) -> Option<Code> {
        match self {
            Self::TooManyFunded | Self::TooFewFunded | Self::TourTooShort => Some(Code::Guideline),
            Self::MeasuredIndicator | Self::MeasuredUnit => Some(Code::IndicatorMeasured),
            _ => None,
        }
    }

    /// Whether it is about how many entries there are, each of which is judged all the same.
    pub fn is_of_many(self) -> bool {
        matches!(self, Self::TooMany | Self::NotUnique)
    }

    /// Whether it is about the text of a body, whatever that means: what stands there cannot be taken as it was sent.
    pub fn is_of_text(self) -> bool {
        matches!(self, Self::ControlCharacter | Self::DuplicateName)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::word;
    use crate::policy::{Role, Thing};

    #[test]
    fn every_code_has_its_words_in_every_language() {
        for &language in Language::ALL {
            for code in Code::ALL {
                assert!(
                    message(language, &code.message(), None, &Args::new()).is_some(),
                    "{code:?}"
                );
                assert!(!code.title(language).is_empty(), "{code:?}");
                assert!(!code.help(language).is_empty(), "{code:?}");
            }
            for rule in Rule::ALL {
                assert!(
                    message(language, &rule.message(), None, &Args::new()).is_some(),
                    "{rule:?}"
                );
            }
        }
    }

    #[test]
    fn every_kind_of_thing_and_every_role_has_a_word_in_every_language() {
        let things = Thing::ALL.iter().map(|thing| word("thing", thing));
        let roles = Role::ALL.iter().map(|role| word("role", role));
        for id in things.chain(roles) {
            for &language in Language::ALL {
                let told = message(language, &id, None, &Args::new());
                assert!(told.is_some(), "{language:?}: {id}");
            }
        }
    }
}
