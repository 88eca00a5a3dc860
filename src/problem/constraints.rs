//! What the constraints of the database mean to callers: no rule is checked twice, the broken one is translated.

use super::{Code, Fault, Problem, Rule};
use crate::messages::word;
use crate::policy::Thing;

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
    /// A reference of `owner` to another of its kind, checked before it is stored: whichever write breaks it, it is
    /// still needed: 409.
    Needed { owner: Thing },
    /// What stands against the change has a code of its own: 409.
    Conflict(Code),
}

/// Every constraint of `migrations/` that a request can break; a test compares the two.
const CONSTRAINTS: &[(&str, Meaning)] = &[
    ("used_ids_never_reused", Meaning::IdUsedBefore),
    ("programmes_pkey", Meaning::Taken { pointer: "/id" }),
    ("cities_pkey", Meaning::Taken { pointer: "/id" }),
    ("subjects_pkey", Meaning::Taken { pointer: "/id" }),
    ("applications_pkey", Meaning::Taken { pointer: "/id" }),
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
        "contributions_one_answer",
        Meaning::Taken {
            pointer: "/question",
        },
    ),
    (
        "tour_refs_pkey",
        Meaning::Taken {
            pointer: "/external_refs",
        },
    ),
    (
        "contribution_refs_pkey",
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
        "delegates_tour_fkey",
        Meaning::Reference {
            owner: Thing::Delegate,
            pointer: "/tour",
        },
    ),
    ("waivers_pkey", Meaning::Taken { pointer: "/check" }),
    (
        "templates_programme_fkey",
        Meaning::Reference {
            owner: Thing::Template,
            pointer: "/programme",
        },
    ),
    (
        "templates_sections_stay",
        Meaning::Conflict(Code::TemplateInUse),
    ),
    (
        "clients_role_fits_city",
        Meaning::Reference {
            owner: Thing::Client,
            pointer: "/city",
        },
    ),
    (
        "clients_admin_scope_of_programme",
        Meaning::Refused {
            pointer: "/scopes",
            rule: Rule::ProgrammeScope,
        },
    ),
    (
        "webhooks_city_fkey",
        Meaning::Reference {
            owner: Thing::Webhook,
            pointer: "/city",
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
        "contributions_city_in_meeting",
        Meaning::Reference {
            owner: Thing::Contribution,
            pointer: "/city",
        },
    ),
    (
        "contributions_question_fkey",
        Meaning::Reference {
            owner: Thing::Contribution,
            pointer: "/question",
        },
    ),
    (
        "contribution_declines_plan_fkey",
        Meaning::Reference {
            owner: Thing::Decline,
            pointer: "/plan",
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
    (
        "action_plan_kept_sources_contribution_fkey",
        Meaning::Reference {
            owner: Thing::ActionPlan,
            pointer: "/activities",
        },
    ),
    (
        "action_plan_kept_sources_tour_fkey",
        Meaning::Reference {
            owner: Thing::ActionPlan,
            pointer: "/activities",
        },
    ),
    (
        "action_plan_kept_sources_meeting_fkey",
        Meaning::Reference {
            owner: Thing::ActionPlan,
            pointer: "/activities",
        },
    ),
    (
        "action_plan_kept_sources_knowledge_fkey",
        Meaning::Reference {
            owner: Thing::ActionPlan,
            pointer: "/activities",
        },
    ),
    (
        "action_plan_comments_plan_fkey",
        Meaning::Reference {
            owner: Thing::Comment,
            pointer: "/plan",
        },
    ),
    (
        "action_plan_measurements_plan_fkey",
        Meaning::Reference {
            owner: Thing::Measurement,
            pointer: "/plan",
        },
    ),
    (
        "action_plan_revisions_revised_fkey",
        Meaning::Needed {
            owner: Thing::ActionPlan,
        },
    ),
    (
        "action_plan_comments_reply_fkey",
        Meaning::Needed {
            owner: Thing::Comment,
        },
    ),
    (
        "action_plan_comments_city_fkey",
        Meaning::Reference {
            owner: Thing::Comment,
            pointer: "/city",
        },
    ),
    (
        "meeting_knowledge_knowledge_fkey",
        Meaning::Reference {
            owner: Thing::Meeting,
            pointer: "/agenda",
        },
    ),
    (
        "knowledge_pairing_fkey",
        Meaning::Reference {
            owner: Thing::KnowledgeItem,
            pointer: "/pairing",
        },
    ),
    (
        "knowledge_meeting_fkey",
        Meaning::Reference {
            owner: Thing::KnowledgeItem,
            pointer: "/meeting",
        },
    ),
    (
        "knowledge_tour_fkey",
        Meaning::Reference {
            owner: Thing::KnowledgeItem,
            pointer: "/tour",
        },
    ),
    (
        "knowledge_cities_city_fkey",
        Meaning::Reference {
            owner: Thing::KnowledgeItem,
            pointer: "/cities",
        },
    ),
    (
        "knowledge_subjects_subject_fkey",
        Meaning::Reference {
            owner: Thing::KnowledgeItem,
            pointer: "/subjects",
        },
    ),
    (
        "knowledge_sdgs_code_fkey",
        Meaning::Reference {
            owner: Thing::KnowledgeItem,
            pointer: "/sdg_targets",
        },
    ),
    (
        "knowledge_refs_pkey",
        Meaning::Taken {
            pointer: "/external_refs",
        },
    ),
];

/// Gives a broken constraint its meaning, for a write of a `thing`.
pub fn meaning_of(problem: Problem, thing: Thing) -> Problem {
    let Some(broken) = &problem.0.broken else {
        return problem;
    };
    let name = broken.constraint.as_str();
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
        Some(Meaning::Conflict(code)) => Problem::new(*code),
        Some(Meaning::Refused { pointer, rule }) => Problem::fault(Fault::at(*pointer, *rule)),
        Some(Meaning::Reference { owner, pointer }) if *owner == thing => {
            Problem::fault(Fault::at(*pointer, Rule::DanglingReference))
        }
        Some(Meaning::Reference { owner, .. } | Meaning::Needed { owner }) => {
            let fault = Fault::at("", Rule::ReferencedBy).with_word("kind", word("thing", owner));
            let mut referenced =
                Problem::new(Code::StillReferenced).about(fault.with("id", "not_known"));
            referenced.0.broken = Some(broken.clone());
            referenced
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

/// The kind of thing that refers to another by this rule of the database.
pub fn owner_of(constraint: &str) -> Option<Thing> {
    let mut known = CONSTRAINTS.iter();
    match known.find(|(name, _)| *name == constraint)? {
        (_, Meaning::Reference { owner, .. } | Meaning::Needed { owner }) => Some(*owner),
        _ => None,
    }
}

/// The names of the constraints that have a meaning to callers.
pub fn known_constraints() -> impl Iterator<Item = &'static str> {
    CONSTRAINTS.iter().map(|(name, _)| *name)
}
