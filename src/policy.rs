//! Who may do what: the whole access table of the programme, in one place, pure. What a token may be used for is
//! beside it, in [`scopes`]: rights are what both allow.
//!
//! Whatever no rule allows is refused. `cargo test policy` prints the table as a snapshot that the programme
//! office can read (`src/snapshots/`), and the access test runs every operation against it.

mod scopes;

pub use self::scopes::{Scope, Scopes, scopes, scopes_of};
use crate::column::words;

words! {
    /// What a caller is.
    Role {
        /// Nobody has signed in.
        Anonymous = "anonymous",
        /// A user of an EU city.
        EuCity = "eu_city",
        /// A user of a Japanese city.
        JpCity = "jp_city",
        /// A programme admin.
        Admin = "admin",
    }
}

words! {
    /// What can be done with a thing.
    Action {
        /// See it.
        Read = "read",
        /// Make a new one.
        Create = "create",
        /// Change it.
        Change = "change",
        /// Remove it.
        Delete = "delete",
        /// Hand a plan in to the programme.
        Submit = "submit",
        /// Give a plan back with a comment.
        Return = "return",
        /// Approve a plan, which publishes it.
        Approve = "approve",
        /// Give a plan up.
        Withdraw = "withdraw",
        /// Take up a plan again that was given up.
        Reopen = "reopen",
        /// Accept or decline what a plan asks the city for.
        Consent = "consent",
        /// Comment on a plan.
        Comment = "comment",
    }
}

words! {
    /// The kinds of thing that rights are about; also the `type` of an event.
    Thing {
        /// A phase of the cooperation.
        Programme = "programme",
        /// A participating city.
        City = "city",
        /// A topic of cooperation.
        Subject = "subject",
        /// A cooperation of cities.
        Pairing = "pairing",
        /// An exchange meeting.
        Meeting = "meeting",
        /// A study tour.
        Tour = "tour",
        /// A person on a study tour.
        Delegate = "delegate",
        /// A guideline that is not asked of a study tour.
        Waiver = "waiver",
        /// A question of the round tables.
        KeyQuestion = "key_question",
        /// A city's answer to a question at a meeting.
        Contribution = "contribution",
        /// The word of a plan's proponents that they do not adopt a contribution.
        Decline = "decline",
        /// What cities learned and share.
        KnowledgeItem = "knowledge_item",
        /// The sections of a plan.
        Template = "template",
        /// A Sustainable Development Goal.
        Sdg = "sdg",
        /// A Local Action Plan.
        ActionPlan = "action_plan",
        /// A comment on an action plan.
        Comment = "comment",
        /// A measurement of an indicator of an action plan.
        Measurement = "measurement",
        /// An account.
        User = "user",
        /// A machine client: a city's own IT system.
        Client = "client",
        /// A frontend to which people sign in.
        Application = "application",
        /// Where a city's systems are told what changes.
        Webhook = "webhook",
        /// A sign-in.
        Session = "session",
        /// What somebody did, as the audit trail keeps it.
        AuditEntry = "audit_entry",
    }
}

words! {
    /// How a caller stands to one thing.
    Relation {
        /// It belongs to the caller's city, or to the caller.
        Own = "own",
        /// Another city shares it with its partner cities: which those are, the statements know.
        Partner = "partner",
        /// Another city shares it with the cities of a meeting: which those are, the statements know.
        Participant = "participant",
        /// Another city shares it with everybody.
        Public = "public",
        /// It belongs to somebody else, or to the programme.
        Other = "other",
    }
}

/// A rule of the access table: it allows each combination of what it lists.
struct Rule {
    name: &'static str,
    roles: &'static [Role],
    actions: &'static [Action],
    things: &'static [Thing],
    relations: &'static [Relation],
}

const CITY_ROLES: &[Role] = &[Role::EuCity, Role::JpCity];

const _: () = assert!(matches!(Thing::ALL.last(), Some(Thing::AuditEntry)));

/// Everything but the audit trail, the last of the kinds, which nobody writes.
const WRITTEN: &[Thing] = match Thing::ALL.split_last() {
    Some((_, others)) => others,
    None => &[],
};

const RULES: &[Rule] = &[
    Rule {
        name: "admins run the programme",
        roles: &[Role::Admin],
        actions: Action::ALL,
        things: WRITTEN,
        relations: Relation::ALL,
    },
    Rule {
        name: "admins look into the audit trail",
        roles: &[Role::Admin],
        actions: &[Action::Read],
        things: &[Thing::AuditEntry],
        relations: Relation::ALL,
    },
    Rule {
        name: "everybody reads what the programme publishes",
        roles: Role::ALL,
        actions: &[Action::Read],
        things: &[
            Thing::Programme,
            Thing::City,
            Thing::Subject,
            Thing::Pairing,
            Thing::Meeting,
            Thing::Tour,
            Thing::Waiver,
            Thing::KeyQuestion,
            Thing::Template,
            Thing::Sdg,
        ],
        relations: Relation::ALL,
    },
    Rule {
        name: "a city describes itself",
        roles: CITY_ROLES,
        actions: &[Action::Change],
        things: &[Thing::City],
        relations: &[Relation::Own],
    },
    Rule {
        name: "a city arranges the tours it takes part in",
        roles: CITY_ROLES,
        actions: &[Action::Create, Action::Change, Action::Delete],
        things: &[Thing::Tour],
        relations: &[Relation::Own],
    },
    Rule {
        name: "the two cities of a tour keep the list of its delegates",
        roles: CITY_ROLES,
        actions: Action::ALL,
        things: &[Thing::Delegate],
        relations: &[Relation::Own],
    },
    Rule {
        name: "a city writes its own plans",
        roles: CITY_ROLES,
        actions: &[
            Action::Read,
            Action::Create,
            Action::Change,
            Action::Delete,
            Action::Submit,
            Action::Withdraw,
            Action::Reopen,
            Action::Consent,
            Action::Comment,
        ],
        things: &[Thing::ActionPlan],
        relations: &[Relation::Own],
    },
    Rule {
        name: "a city writes its own contributions",
        roles: CITY_ROLES,
        actions: &[Action::Read, Action::Create, Action::Change, Action::Delete],
        things: &[Thing::Contribution],
        relations: &[Relation::Own],
    },
    Rule {
        name: "cities read the contributions that are shared with them",
        roles: CITY_ROLES,
        actions: &[Action::Read],
        things: &[Thing::Contribution],
        relations: &[Relation::Partner, Relation::Participant],
    },
    Rule {
        name: "everybody reads public contributions",
        roles: Role::ALL,
        actions: &[Action::Read],
        things: &[Thing::Contribution],
        relations: &[Relation::Public],
    },
    Rule {
        name: "a city tells which lessons its plans decline, and takes it back",
        roles: CITY_ROLES,
        actions: &[Action::Read, Action::Create, Action::Delete],
        things: &[Thing::Decline],
        relations: &[Relation::Own],
    },
    Rule {
        name: "a city hears which of its lessons are declined",
        roles: CITY_ROLES,
        actions: &[Action::Read],
        things: &[Thing::Decline],
        relations: &[Relation::Partner],
    },
    Rule {
        name: "partners read submitted plans, comment on them and consent",
        roles: CITY_ROLES,
        actions: &[Action::Read, Action::Comment, Action::Consent],
        things: &[Thing::ActionPlan],
        relations: &[Relation::Partner],
    },
    Rule {
        name: "everybody reads published plans",
        roles: Role::ALL,
        actions: &[Action::Read],
        things: &[Thing::ActionPlan],
        relations: &[Relation::Public],
    },
    Rule {
        name: "a city comments on the plans that it works on or is asked about",
        roles: CITY_ROLES,
        actions: &[Action::Read, Action::Create, Action::Change, Action::Delete],
        things: &[Thing::Comment],
        relations: &[Relation::Own],
    },
    Rule {
        name: "a city reads the comments of others beside its own, and settles those on its plans",
        roles: CITY_ROLES,
        actions: &[Action::Read, Action::Change],
        things: &[Thing::Comment],
        relations: &[Relation::Partner],
    },
    Rule {
        name: "a city measures its own plans",
        roles: CITY_ROLES,
        actions: &[Action::Read, Action::Create],
        things: &[Thing::Measurement],
        relations: &[Relation::Own],
    },
    Rule {
        name: "whoever sees a plan sees what was measured",
        roles: Role::ALL,
        actions: &[Action::Read],
        things: &[Thing::Measurement],
        relations: &[Relation::Partner, Relation::Public],
    },
    Rule {
        name: "a city shares what it learned",
        roles: CITY_ROLES,
        actions: Action::ALL,
        things: &[Thing::KnowledgeItem],
        relations: &[Relation::Own],
    },
    Rule {
        name: "everybody reads published knowledge",
        roles: Role::ALL,
        actions: &[Action::Read],
        things: &[Thing::KnowledgeItem],
        relations: &[Relation::Public],
    },
    Rule {
        name: "a city keeps its own machine clients",
        roles: CITY_ROLES,
        actions: &[Action::Read, Action::Create, Action::Change, Action::Delete],
        things: &[Thing::Client],
        relations: &[Relation::Own],
    },
    Rule {
        name: "a city keeps its own webhooks",
        roles: CITY_ROLES,
        actions: &[Action::Read, Action::Create, Action::Change, Action::Delete],
        things: &[Thing::Webhook],
        relations: &[Relation::Own],
    },
    Rule {
        name: "everybody sees and ends their own sessions",
        roles: CITY_ROLES,
        actions: &[Action::Read, Action::Delete],
        things: &[Thing::Session],
        relations: &[Relation::Own],
    },
    Rule {
        name: "everybody sees their own account",
        roles: CITY_ROLES,
        actions: &[Action::Read],
        things: &[Thing::User],
        relations: &[Relation::Own],
    },
];

/// The rule that lets `role` do `action` with a `thing` it stands in `relation` to; `None` refuses.
pub fn allows(
    role: Role,
    action: Action,
    thing: Thing,
    relation: Relation,
) -> Option<&'static str> {
    RULES
        .iter()
        .find(|rule| {
            rule.roles.contains(&role)
                && rule.actions.contains(&action)
                && rule.things.contains(&thing)
                && rule.relations.contains(&relation)
        })
        .map(|rule| rule.name)
}

/// Whether `role` could do `action` with any `thing` at all: asked before a body is read.
pub fn ever_allows(role: Role, action: Action, thing: Thing) -> bool {
    Relation::ALL
        .iter()
        .any(|&relation| allows(role, action, thing, relation).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Action {
        /// Whether it is something that is done with plans alone.
        pub(super) fn is_of_plans(self) -> bool {
            use Action::{Change, Create, Delete, Read};
            ![Read, Create, Change, Delete].contains(&self)
        }
    }

    fn row(thing: &str, action: &str, cell: impl Fn(Role) -> &'static str) -> String {
        let cells: String = Role::ALL
            .iter()
            .map(|&role| format!("{:<10}", cell(role)))
            .collect();
        format!("{thing:<16}{action:<14}{cells}")
            .trim_end()
            .to_owned()
            + "\n"
    }

    #[test]
    fn the_access_table() {
        let mut table = String::new();
        for thing in Thing::ALL {
            for action in Action::ALL {
                if action.is_of_plans() && *thing != Thing::ActionPlan {
                    continue;
                }
                let may = |role, relation| allows(role, *action, *thing, relation).is_some();
                let cell = |role| match (may(role, Relation::Own), may(role, Relation::Other)) {
                    (true, true) => "all",
                    (true, false) => "own",
                    (false, true) => "others'",
                    (false, false) => "–",
                };
                table += &row(thing.as_str(), action.as_str(), cell);
                // What is shared has a line of its own where it differs from what is others'.
                let shared = |relation: &&Relation| {
                    let differs = |&role| may(role, **relation) != may(role, Relation::Other);
                    !matches!(relation, Relation::Own) && Role::ALL.iter().any(differs)
                };
                for relation in Relation::ALL.iter().filter(shared) {
                    let cell = |role| if may(role, *relation) { "yes" } else { "–" };
                    table += &row("", &format!("  {relation}"), cell);
                }
            }
        }
        let head = row("", "", |role| role.as_str());
        insta::assert_snapshot!(format!("{head}{table}"));
    }

    #[test]
    fn nothing_is_open_to_anonymous_callers_but_reading() {
        for thing in Thing::ALL {
            for action in Action::ALL.iter().filter(|it| **it != Action::Read) {
                assert!(
                    !ever_allows(Role::Anonymous, *action, *thing),
                    "{action} {thing}"
                );
            }
        }
    }
}
