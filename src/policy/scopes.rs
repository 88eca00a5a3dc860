//! What a token may be used for (RFC 6749, section 3.3). A machine client has the rights of its role as far as the
//! scopes of its token reach; a person's token reaches as far as the role does, unless less was asked for.
//!
//! What no scope opens, such as accounts and machine clients themselves, is closed to machines: so no token can make
//! a stronger one.

use std::fmt;

use super::{Action, Role, Thing};
use crate::column::words;

words! {
    /// What a machine client may be let do, as far as its city's role allows it.
    Scope {
        /// Read what the city may read.
        Read = "read",
        /// Write action plans, with their comments, measurements, consents and declined lessons.
        PlansWrite = "plans:write",
        /// Write contributions to the round tables.
        ContributionsWrite = "contributions:write",
        /// Write study tours and their delegates.
        ToursWrite = "tours:write",
        /// Write knowledge items.
        KnowledgeWrite = "knowledge:write",
        /// Follow what changes.
        ChangesRead = "changes:read",
        /// Keep webhooks, together with `changes:read`: they tell what changes. Alone it lets see and delete them.
        WebhooksWrite = "webhooks:write",
        /// Keep the programme's own records, for clients of the programme.
        Admin = "admin",
    }
}

/// A set of scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u16);

impl Scopes {
    /// Whether it holds the scope.
    pub fn contains(self, scope: Scope) -> bool {
        self.0 & bit(scope) != 0
    }

    /// Whether it holds nothing.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether it holds all of these.
    pub fn contain(self, others: Self) -> bool {
        self.and(others) == others
    }

    /// Their words, in the order of [`Scope`].
    pub fn words(self) -> Vec<&'static str> {
        let held = Scope::ALL.iter().filter(|scope| self.contains(**scope));
        held.map(|scope| scope.as_str()).collect()
    }

    /// What both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The known ones of a list separated by spaces.
    pub fn known_in(text: &str) -> Self {
        text.split(' ')
            .filter_map(|word| word.parse().ok())
            .collect()
    }

    /// The scopes of a list separated by spaces, if all of them are known.
    pub fn named(text: &str) -> Option<Self> {
        text.split(' ').map(|word| word.parse().ok()).collect()
    }
}

fn bit(scope: Scope) -> u16 {
    Scope::ALL
        .iter()
        .position(|one| *one == scope)
        .map_or(0, |place| 1 << place)
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |all, scope| all | bit(scope)))
    }
}

impl fmt::Display for Scopes {
    /// Separated by spaces.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().join(" "))
    }
}

/// The scopes that open `action` with a `thing` to a machine client, all of them together; `None`: no scope does.
pub fn scopes_of(action: Action, thing: Thing) -> Option<Scopes> {
    let one = scope_of(action, thing)?;
    let more = match (thing, action) {
        (Thing::Webhook, Action::Read | Action::Delete) => None,
        // It goes on telling what changes when the token has ended: nobody makes one who may not read that.
        (Thing::Webhook, _) => Some(Scope::ChangesRead),
        // They are transitions, as those that cities make.
        (Thing::ActionPlan, Action::Return | Action::Approve) => Some(Scope::PlansWrite),
        _ => None,
    };
    Some([one].into_iter().chain(more).collect())
}

const fn scope_of(action: Action, thing: Thing) -> Option<Scope> {
    match (thing, action) {
        (
            Thing::User | Thing::Client | Thing::Application | Thing::Session | Thing::AuditEntry,
            _,
        ) => None,
        // Their addresses can be secrets of the systems that listen there.
        (Thing::Webhook, _) => Some(Scope::WebhooksWrite),
        (_, Action::Read) => Some(Scope::Read),
        (Thing::ActionPlan, Action::Return | Action::Approve) => Some(Scope::Admin),
        (Thing::ActionPlan | Thing::Comment | Thing::Measurement | Thing::Decline, _) => {
            Some(Scope::PlansWrite)
        }
        (Thing::Contribution, _) => Some(Scope::ContributionsWrite),
        (Thing::Tour | Thing::Delegate, _) => Some(Scope::ToursWrite),
        (Thing::KnowledgeItem, _) => Some(Scope::KnowledgeWrite),
        (
            Thing::Programme
            | Thing::City
            | Thing::Subject
            | Thing::Pairing
            | Thing::Meeting
            | Thing::Waiver
            | Thing::KeyQuestion
            | Thing::Template
            | Thing::Sdg,
            _,
        ) => Some(Scope::Admin),
    }
}

/// The scopes that mean anything in this role: those of a person's session, and the most that a machine client can have.
pub fn scopes(role: Role) -> Scopes {
    let of_role = |scope: &Scope| match role {
        Role::Anonymous => false,
        Role::EuCity | Role::JpCity => *scope != Scope::Admin,
        Role::Admin => true,
    };
    Scope::ALL.iter().copied().filter(of_role).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_scope_opens() {
        let mut table = String::new();
        for thing in Thing::ALL {
            let mut opened: Vec<(Option<Scopes>, Vec<&str>)> = Vec::new();
            for action in Action::ALL {
                if action.is_of_plans() && *thing != Thing::ActionPlan {
                    continue;
                }
                let scopes = scopes_of(*action, *thing);
                match opened.iter_mut().find(|(one, _)| *one == scopes) {
                    Some((_, actions)) => actions.push(action.as_str()),
                    None => opened.push((scopes, vec![action.as_str()])),
                }
            }
            for (scopes, actions) in opened {
                let scopes = scopes.map_or("–".to_owned(), |scopes| scopes.to_string());
                table += &format!("{:<16}{scopes:<29}{}\n", thing.as_str(), actions.join(" "));
            }
        }
        insta::assert_snapshot!(table);
    }

    #[test]
    fn a_list_of_scopes_is_read_as_it_is_written() {
        let scopes = Scopes::from_iter([Scope::Admin, Scope::Read, Scope::Read]);
        assert_eq!(scopes.to_string(), "read admin");
        assert_eq!(Scopes::named("admin read"), Some(scopes));
        for bad in ["", "read  admin", "read all", "READ", "read,admin"] {
            assert_eq!(Scopes::named(bad), None, "{bad}");
        }
        assert_eq!(Scopes::known_in("read all admin"), scopes);
        assert!(Scopes::known_in("").is_empty());
    }

    #[test]
    fn no_scope_reaches_what_makes_accounts_or_tokens() {
        for thing in [
            Thing::User,
            Thing::Client,
            Thing::Application,
            Thing::Session,
        ] {
            for action in Action::ALL {
                assert_eq!(scopes_of(*action, thing), None);
            }
        }
    }

    #[test]
    fn a_city_has_every_scope_but_that_of_the_programme() {
        assert_eq!(
            scopes(Role::EuCity).to_string(),
            "read plans:write contributions:write tours:write knowledge:write changes:read webhooks:write"
        );
        assert_eq!(scopes(Role::EuCity), scopes(Role::JpCity));
        assert!(scopes(Role::Admin).contains(Scope::Admin));
        assert!(scopes(Role::Anonymous).is_empty());
    }
}
