//! Errors as users see them: problem documents (RFC 9457) from one table of codes.
//!
//! A [`Problem`] is made where something goes wrong and carries only codes and values; it is put into words,
//! in the caller's language, when it leaves the service (`edge.rs`). Nothing internal is ever in it.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::messages::{Args, Language, message};
use crate::policy::Thing;

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
            fn message(self) -> String {
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
    InvalidGrant = "invalid_grant", 400;
    UnsupportedGrantType = "unsupported_grant_type", 400;
    Unauthenticated = "unauthenticated", 401;
    InvalidToken = "invalid_token", 401;
    InvalidCredentials = "invalid_credentials", 401;
    Forbidden = "forbidden", 403;
    NotFound = "not_found", 404;
    NoSuchPath = "no_such_path", 404;
    MethodNotAllowed = "method_not_allowed", 405;
    NotAcceptable = "not_acceptable", 406;
    RequestTimeout = "request_timeout", 408;
    AlreadyExists = "already_exists", 409;
    IdUsedBefore = "id_used_before", 409;
    StillReferenced = "still_referenced", 409;
    PatchConflict = "patch_conflict", 409;
    IdempotencyInFlight = "idempotency_in_flight", 409;
    PreconditionFailed = "precondition_failed", 412;
    PayloadTooLarge = "payload_too_large", 413;
    UnsupportedMediaType = "unsupported_media_type", 415;
    UnsupportedContentEncoding = "unsupported_content_encoding", 415;
    IdempotencyKeyReused = "idempotency_key_reused", 422;
    PreconditionRequired = "precondition_required", 428;
    TooManyRequests = "too_many_requests", 429;
    TooManySignIns = "too_many_sign_ins", 429;
    Internal = "internal", 500;
    Unavailable = "unavailable", 503;
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
        UnknownHeader = "unknown_header";
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
        Format = "format";
        Edtf = "edtf";
        Blank = "blank";
        ControlCharacter = "control_character";
        TooDeep = "too_deep";
        DuplicateName = "duplicate_name";
        LongName = "long_name";
        ReadOnly = "read_only";
        Immutable = "immutable";
        NotYours = "not_yours";
        UnknownReference = "unknown_reference";
        DanglingReference = "dangling_reference";
        WrongSide = "wrong_side";
        SideCountry = "side_country";
        BothSides = "both_sides";
        NotInPairing = "not_in_pairing";
        SameSide = "same_side";
        IdNotDerivable = "id_not_derivable";
        AlreadyUsed = "already_used";
        ReferencedBy = "referenced_by";
        UnknownTimeZone = "unknown_time_zone";
        MinAboveMax = "min_above_max";
        EndsBeforeStart = "ends_before_start";
        DayOutside = "day_outside";
        TooManyFunded = "too_many_funded";
        TooFewFunded = "too_few_funded";
        TourTooShort = "tour_too_short";
        CityRole = "city_role";
        DuplicateKey = "duplicate_key";
        UnknownSdg = "unknown_sdg";
        OneOfBoth = "one_of_both";
        WrongGoal = "wrong_goal";
        NotTemplateSection = "not_template_section";
        WeakPassword = "weak_password";
        Cursor = "cursor";
        PatchOperation = "patch_operation";
        StatusByTransition = "status_by_transition";
    }
}

/// One part of the input that breaks a rule, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    place: Place,
    rule: Rule,
    args: Args,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Pointer(String),
    Parameter(String),
}

impl Fault {
    /// A fault in the body, at a JSON Pointer (RFC 6901; empty for the whole body).
    pub fn at(pointer: impl Into<String>, rule: Rule) -> Self {
        Self {
            place: Place::Pointer(pointer.into()),
            rule,
            args: Args::new(),
        }
    }

    /// A fault in a query parameter or header field.
    pub fn in_parameter(name: impl Into<String>, rule: Rule) -> Self {
        Self {
            place: Place::Parameter(name.into()),
            rule,
            args: Args::new(),
        }
    }

    /// Gives a value that the message names.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.args.push((name, value.to_string()));
        self
    }

    /// The same fault, standing in a query parameter instead of a body.
    #[must_use]
    pub fn moved_to_parameter(mut self, name: impl Into<String>) -> Self {
        self.place = Place::Parameter(name.into());
        self
    }

    /// The rule it breaks.
    pub fn rule(&self) -> Rule {
        self.rule
    }

    /// The JSON Pointer of a fault in a body.
    pub fn pointer(&self) -> Option<&str> {
        match &self.place {
            Place::Pointer(pointer) => Some(pointer),
            Place::Parameter(_) => None,
        }
    }

    fn render(&self, language: Language) -> RenderedFault {
        let (pointer, parameter) = match &self.place {
            Place::Pointer(pointer) => (Some(pointer.clone()), None),
            Place::Parameter(name) => (None, Some(name.clone())),
        };
        RenderedFault {
            pointer,
            parameter,
            code: self.rule.as_str(),
            detail: self.detail(language),
        }
    }

    /// The rule in words.
    pub fn detail(&self, language: Language) -> String {
        message(language, &self.rule.message(), None, &self.args)
            .unwrap_or_else(|| self.rule.as_str().to_owned())
    }
}

/// How many faults one answer lists.
pub const MAX_FAULTS: usize = 100;

/// Everything found wrong with one input.
#[derive(Clone, Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// None so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a fault; no more than [`MAX_FAULTS`], which are more than anybody mends at once.
    pub fn push(&mut self, fault: Fault) {
        if self.0.len() < MAX_FAULTS && !self.0.contains(&fault) {
            self.0.push(fault);
        }
    }

    /// Notes a fault at `pointer` when `broken`.
    pub fn check(&mut self, broken: bool, pointer: impl Into<String>, rule: Rule) {
        if broken {
            self.push(Fault::at(pointer, rule));
        }
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What was found.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.iter()
    }

    /// Takes over the faults of another check.
    pub fn extend(&mut self, others: Faults) {
        for fault in others.0 {
            self.push(fault);
        }
    }

    /// Nothing when all is well; else an `invalid_input` problem that lists everything, in the body's order.
    pub fn into_result(mut self) -> Result<(), Problem> {
        if self.0.is_empty() {
            return Ok(());
        }
        self.0.sort_by(|a, b| a.place.cmp(&b.place));
        let mut problem = Problem::new(Code::InvalidInput).with("count", self.0.len());
        problem.0.faults = self.0;
        Err(problem)
    }
}

impl FromIterator<Fault> for Faults {
    fn from_iter<I: IntoIterator<Item = Fault>>(faults: I) -> Self {
        let mut all = Self::new();
        for fault in faults {
            all.push(fault);
        }
        all
    }
}

/// A problem on its way to the caller.
#[derive(Clone, Debug)]
pub struct Problem(Box<Details>);

#[derive(Clone, Debug)]
struct Details {
    code: Code,
    args: Args,
    faults: Vec<Fault>,
    headers: Vec<(HeaderName, HeaderValue)>,
    extensions: Map<String, Value>,
    constraint: Option<String>,
}

impl Problem {
    /// A problem of this kind.
    pub fn new(code: Code) -> Self {
        Self(Box::new(Details {
            code,
            args: Args::new(),
            faults: Vec::new(),
            headers: Vec::new(),
            extensions: Map::new(),
            constraint: None,
        }))
    }

    /// An input with this one fault.
    pub fn fault(fault: Fault) -> Self {
        let mut problem = Self::new(Code::InvalidInput).with("count", 1);
        problem.0.faults.push(fault);
        problem
    }

    /// Gives a value that the message names.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.0.args.push((name, value.to_string()));
        self
    }

    /// Names a place in the input that the problem is about.
    #[must_use]
    pub fn about(mut self, fault: Fault) -> Self {
        self.0.faults.push(fault);
        self
    }

    /// Adds a header field to the answer.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.0.headers.push((name, value));
        }
        self
    }

    /// Adds an extension member (RFC 9457, section 3.2).
    #[must_use]
    pub fn member(mut self, name: &str, value: Value) -> Self {
        self.0.extensions.insert(name.to_owned(), value);
        self
    }

    /// The kind of problem.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The faults that it lists.
    pub fn faults(&self) -> &[Fault] {
        &self.0.faults
    }

    /// The status of its answer.
    pub fn status(&self) -> StatusCode {
        self.0.code.status()
    }

    /// A broken rule of the database, by the name of its constraint; the write path gives it its meaning.
    pub(crate) fn of_constraint(name: &str) -> Self {
        let mut problem = Self::new(Code::Internal);
        problem.0.constraint = Some(name.to_owned());
        problem
    }

    /// The answer, in words.
    pub fn render(&self, context: &Context<'_>) -> HttpResponse {
        let language = context.language;
        let document = Document {
            r#type: format!("{}{PAGES}{}", context.public_url, self.0.code.as_str()),
            title: self.title(language),
            status: self.status().as_u16(),
            detail: message(language, &self.0.code.message(), None, &self.0.args)
                .unwrap_or_default(),
            instance: context.path,
            request_id: context.request_id,
            errors: self
                .0
                .faults
                .iter()
                .map(|fault| fault.render(language))
                .collect(),
            extensions: &self.0.extensions,
        };
        let mut response = HttpResponse::build(self.status());
        response.content_type("application/problem+json");
        response.insert_header(("Content-Language", language.tag()));
        response.insert_header(("Cache-Control", "no-store"));
        for (name, value) in &self.0.headers {
            response.insert_header((name.clone(), value.clone()));
        }
        response.body(serde_json::to_vec(&document).unwrap_or_default())
    }

    fn title(&self, language: Language) -> String {
        self.0.code.title(language)
    }
}

/// What it means that a rule of the database was broken.
enum Meaning {
    /// Something else has this value already: 409.
    Taken { pointer: &'static str },
    /// The id was given before: 409.
    IdUsedBefore,
    /// A value that the database refuses: 400.
    Refused { pointer: &'static str, rule: Rule },
    /// A reference of `owner`. Written by it, the reference is unknown (400); broken by another write, the
    /// owner still needs what would go (409).
    Reference { owner: Thing, pointer: &'static str },
}

/// Every constraint of `migrations/` that a request can break; a test compares the two.
const CONSTRAINTS: &[(&str, Meaning)] = &[
    ("used_ids_never_reused", Meaning::IdUsedBefore),
    ("programmes_pkey", Meaning::Taken { pointer: "/id" }),
    ("cities_pkey", Meaning::Taken { pointer: "/id" }),
    ("subjects_pkey", Meaning::Taken { pointer: "/id" }),
    ("pairings_pkey", Meaning::Taken { pointer: "/id" }),
    ("meetings_pkey", Meaning::Taken { pointer: "/id" }),
    ("key_questions_pkey", Meaning::Taken { pointer: "/id" }),
    ("templates_pkey", Meaning::Taken { pointer: "/id" }),
    ("sdgs_pkey", Meaning::Taken { pointer: "/number" }),
    (
        "sdg_codes_pkey",
        Meaning::Taken {
            pointer: "/targets",
        },
    ),
    (
        "cities_jis_x0402_key",
        Meaning::Taken {
            pointer: "/codes/jis_x0402",
        },
    ),
    (
        "cities_lau_key",
        Meaning::Taken {
            pointer: "/codes/lau",
        },
    ),
    (
        "cities_wikidata_key",
        Meaning::Taken {
            pointer: "/codes/wikidata",
        },
    ),
    ("pairings_number_key", Meaning::Taken { pointer: "/number" }),
    ("meetings_number_key", Meaning::Taken { pointer: "/number" }),
    ("users_email_key", Meaning::Taken { pointer: "/email" }),
    (
        "action_plan_refs_pkey",
        Meaning::Taken {
            pointer: "/external_refs",
        },
    ),
    (
        "cities_side_fits_country",
        Meaning::Refused {
            pointer: "/country_code",
            rule: Rule::SideCountry,
        },
    ),
    (
        "users_city_iff_city_role",
        Meaning::Refused {
            pointer: "/city",
            rule: Rule::CityRole,
        },
    ),
    (
        "pairings_programme_fkey",
        Meaning::Reference {
            owner: Thing::Pairing,
            pointer: "/programme",
        },
    ),
    (
        "pairing_cities_side_fits_city",
        Meaning::Reference {
            owner: Thing::Pairing,
            pointer: "/eu_cities",
        },
    ),
    (
        "pairing_subjects_subject_fkey",
        Meaning::Reference {
            owner: Thing::Pairing,
            pointer: "/subjects",
        },
    ),
    (
        "meetings_programme_fkey",
        Meaning::Reference {
            owner: Thing::Meeting,
            pointer: "/programme",
        },
    ),
    (
        "meeting_cities_city_fkey",
        Meaning::Reference {
            owner: Thing::Meeting,
            pointer: "/cities",
        },
    ),
    (
        "tours_pairing_fkey",
        Meaning::Reference {
            owner: Thing::Tour,
            pointer: "/pairing",
        },
    ),
    (
        "tours_visiting_city_in_pairing",
        Meaning::Reference {
            owner: Thing::Tour,
            pointer: "/visiting_city",
        },
    ),
    (
        "tours_host_city_in_pairing",
        Meaning::Reference {
            owner: Thing::Tour,
            pointer: "/host_city",
        },
    ),
    (
        "templates_programme_fkey",
        Meaning::Reference {
            owner: Thing::Template,
            pointer: "/programme",
        },
    ),
    (
        "users_role_fits_city",
        Meaning::Reference {
            owner: Thing::User,
            pointer: "/city",
        },
    ),
    (
        "action_plans_pairing_fkey",
        Meaning::Reference {
            owner: Thing::ActionPlan,
            pointer: "/pairing",
        },
    ),
    (
        "action_plans_template_fkey",
        Meaning::Reference {
            owner: Thing::ActionPlan,
            pointer: "/template",
        },
    ),
    (
        "action_plan_proponents_city_in_pairing",
        Meaning::Reference {
            owner: Thing::ActionPlan,
            pointer: "/proponents",
        },
    ),
    (
        "action_plan_sdgs_code_fkey",
        Meaning::Reference {
            owner: Thing::ActionPlan,
            pointer: "/sdg_relevance",
        },
    ),
];

/// Gives a broken constraint its meaning, for a write of a `thing`.
pub fn meaning_of(problem: Problem, thing: Thing) -> Problem {
    let Some(name) = problem.0.constraint.as_deref() else {
        return problem;
    };
    match CONSTRAINTS
        .iter()
        .find(|(constraint, _)| *constraint == name)
        .map(|(_, meaning)| meaning)
    {
        Some(Meaning::Taken { pointer }) => {
            let field = pointer.rsplit('/').next().unwrap_or_default();
            Problem::new(Code::AlreadyExists)
                .with("field", field)
                .about(Fault::at(*pointer, Rule::AlreadyUsed))
        }
        Some(Meaning::IdUsedBefore) => {
            Problem::new(Code::IdUsedBefore).about(Fault::at("/id", Rule::AlreadyUsed))
        }
        Some(Meaning::Refused { pointer, rule }) => Problem::fault(Fault::at(*pointer, *rule)),
        Some(Meaning::Reference { owner, pointer }) if *owner == thing => {
            Problem::fault(Fault::at(*pointer, Rule::DanglingReference))
        }
        Some(Meaning::Reference { owner, .. }) => {
            let kind = owner.as_str().replace('_', " ");
            Problem::new(Code::StillReferenced)
                .about(Fault::at("", Rule::ReferencedBy).with("kind", kind))
        }
        None => {
            tracing::error!(
                constraint = name,
                "a constraint without a meaning to callers was broken"
            );
            problem
        }
    }
}

/// The names of the constraints that have a meaning to callers.
pub fn known_constraints() -> impl Iterator<Item = &'static str> {
    CONSTRAINTS.iter().map(|(name, _)| *name)
}

/// Where the pages that explain each problem are.
pub const PAGES: &str = "/problems/";

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

/// What a problem document tells of the request that it answers.
pub struct Context<'a> {
    /// In which language.
    pub language: Language,
    /// The origin of the service, without a slash at the end.
    pub public_url: &'a str,
    /// The path asked for.
    pub path: &'a str,
    /// The id of the request.
    pub request_id: &'a str,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: String,
    status: u16,
    detail: String,
    instance: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<RenderedFault>,
    #[serde(flatten)]
    extensions: &'a Map<String, Value>,
}

#[derive(Serialize)]
struct RenderedFault {
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<String>,
    code: &'static str,
    detail: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.code.as_str())?;
        for fault in &self.0.faults {
            match &fault.place {
                Place::Pointer(place) | Place::Parameter(place) => {
                    write!(
                        f,
                        "; {}: {}",
                        if place.is_empty() { "/" } else { place },
                        fault.detail(Language::En)
                    )?;
                }
            }
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

impl actix_web::ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    /// Without words: `edge.rs` puts the problem into words, where the request is known.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status())
    }
}

/// A problem document (RFC 9457), as answered with every error. Its URL in `type` answers with an explanation.
#[derive(ToSchema)]
#[schema(as = Problem)]
#[expect(
    dead_code,
    reason = "gives the OpenAPI document its schema; the answer itself is made by Problem::render"
)]
pub struct ProblemDocument {
    /// Which kind of problem; the URL answers with an explanation.
    #[schema(
        format = "uri",
        max_length = 200,
        example = "https://iuc.example/problems/invalid_input"
    )]
    r#type: String,
    /// The kind of problem in words, in the language of the answer.
    #[schema(max_length = 200, pattern = ".", example = "The request is not valid")]
    title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 400)]
    status: i32,
    /// What happened this time and what to do, in the language of the answer.
    #[schema(
        max_length = 2000,
        pattern = ".",
        example = "One part of the request is not valid; `errors` names it."
    )]
    detail: String,
    /// The path asked for.
    #[schema(format = "uri-reference", max_length = 2000, example = "/v1/cities")]
    instance: String,
    /// The id of the request, also in X-Request-Id; tell it when you ask for help.
    #[schema(
        max_length = 64,
        pattern = "^[A-Za-z0-9._-]+$",
        example = "0198d3b4-7e8d-7c1a-9d53-3a4b5c6d7e8f"
    )]
    request_id: String,
    /// Every part of the input that is not valid.
    #[schema(max_items = 100)]
    errors: Option<Vec<InputFault>>,
}

/// One part of the input that is not valid.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "gives the OpenAPI document its schema; the answer itself is made by Fault::render"
)]
pub struct InputFault {
    /// JSON Pointer (RFC 6901) into the request body; empty for the whole body.
    #[schema(max_length = 1000, pattern = "^(/.*)?$", example = "/name/en")]
    pointer: Option<String>,
    /// Name of a query parameter or header field.
    #[schema(max_length = 100, pattern = "^[A-Za-z0-9_-]+$", example = "limit")]
    parameter: Option<String>,
    /// The rule that is broken; never changes.
    #[schema(max_length = 60, pattern = "^[a-z_]+$", example = "too_long")]
    code: String,
    /// The rule in words, in the language of the answer.
    #[schema(
        max_length = 1000,
        pattern = ".",
        example = "Must have at most 300 characters."
    )]
    detail: String,
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn all_faults_are_told_at_once_in_order() {
        let mut faults = Faults::new();
        faults.push(Fault::at("/name", Rule::Required));
        faults.push(Fault::at("/codes/lau", Rule::WrongType).with("expected", "a string"));
        faults.push(Fault::at("/name", Rule::Required));
        let problem = faults.into_result().unwrap_err();
        assert_eq!(
            problem
                .faults()
                .iter()
                .filter_map(Fault::pointer)
                .collect::<Vec<_>>(),
            ["/codes/lau", "/name"]
        );
    }
}
