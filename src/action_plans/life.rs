//! The life of a plan: where it can go from where it stands, what an edit makes of it, and what a caller may do with it
//! now. All of it is pure.

use super::consents::settle_consents;
use super::types::{ActionPlan, PlanAction, PlanStatus};
use super::validation::validation;
use crate::auth::Caller;
use crate::ids::CityId;
use crate::messages::word;
use crate::policy::{Action, Relation, Role, Thing, allows};
use crate::problem::{Code, Faults, Problem};
use crate::templates::types::Template;

/// A way from one status to another.
struct Transition {
    action: PlanAction,
    from: &'static [PlanStatus],
    to: PlanStatus,
}

const TRANSITIONS: &[Transition] = &[
    Transition {
        action: PlanAction::Submit,
        from: &[PlanStatus::Draft, PlanStatus::Returned],
        to: PlanStatus::Submitted,
    },
    Transition {
        action: PlanAction::Return,
        from: &[PlanStatus::Submitted],
        to: PlanStatus::Returned,
    },
    Transition {
        action: PlanAction::Approve,
        from: &[PlanStatus::Submitted],
        to: PlanStatus::Approved,
    },
    Transition {
        action: PlanAction::Withdraw,
        from: &[
            PlanStatus::Draft,
            PlanStatus::Submitted,
            PlanStatus::Returned,
            PlanStatus::Approved,
        ],
        to: PlanStatus::Withdrawn,
    },
    Transition {
        action: PlanAction::Reopen,
        from: &[PlanStatus::Withdrawn],
        to: PlanStatus::Draft,
    },
];

/// What brings a plan from one status to another; `None`: nothing does.
pub fn transition(from: PlanStatus, to: PlanStatus) -> Option<PlanAction> {
    let mut ways = TRANSITIONS.iter();
    ways.find(|way| way.to == to && way.from.contains(&from))
        .map(|way| way.action)
}

/// The problem of a way that there is not: it tells those that there are.
pub fn not_possible(from: PlanStatus, to: PlanStatus) -> Problem {
    let ways = TRANSITIONS.iter().filter(|way| way.from.contains(&from));
    let possible: Vec<_> = ways.map(|way| way.to.as_str()).collect();
    Problem::new(Code::TransitionNotPossible)
        .with_word("status", word("status", from))
        .with_word("to", word("status", to))
        .with_words(
            "possible",
            possible.iter().map(|to| word("status", to)),
            "list-comma",
        )
        .member("possible", possible.into())
}

impl PlanAction {
    /// What the access table calls it.
    pub fn action(self) -> Action {
        match self {
            Self::Change => Action::Change,
            Self::Delete => Action::Delete,
            Self::Submit => Action::Submit,
            Self::Return => Action::Return,
            Self::Approve => Action::Approve,
            Self::Withdraw => Action::Withdraw,
            Self::Reopen => Action::Reopen,
            Self::Consent => Action::Consent,
            Self::Comment => Action::Comment,
        }
    }

    /// Whether a plan that stands so takes it.
    fn fits(self, role: Role, plan: Standing) -> bool {
        match self {
            Self::Change => plan.status != PlanStatus::Withdrawn,
            Self::Delete => role == Role::Admin || !plan.is_joint,
            Self::Comment => true,
            Self::Consent => plan.is_asked && plan.status == PlanStatus::Submitted,
            _ => {
                let mut ways = TRANSITIONS.iter();
                ways.any(|way| way.action == self && way.from.contains(&plan.status))
            }
        }
    }
}

/// How a plan stands, as far as that decides what a caller may do with it.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// Its status.
    pub status: PlanStatus,
    /// Whether a joint action names the caller's city.
    pub is_asked: bool,
    /// Whether it is the plan of several cities.
    pub is_joint: bool,
}

/// What a caller may do with a plan now; a machine client, as far as its scopes reach.
pub fn actions(caller: &Caller, relation: Relation, plan: Standing) -> Vec<PlanAction> {
    let allowed = |action: &PlanAction| {
        action.fits(caller.role, plan)
            && allows(caller.role, action.action(), Thing::ActionPlan, relation).is_some()
            && caller.reaches(action.action(), Thing::ActionPlan)
    };
    PlanAction::ALL.iter().copied().filter(allowed).collect()
}

/// What an edit makes of a plan beside what it says itself. An approved plan becomes a draft; its published version
/// stays.
pub fn edited(before: Option<&ActionPlan>, plan: &mut ActionPlan, faults: &mut Faults) {
    settle_consents(before, plan, faults);
    let changed = before.filter(|before| **before != *plan);
    if changed.is_some_and(|before| before.status == PlanStatus::Approved) {
        plan.status = PlanStatus::Draft;
        plan.status_comment = None;
    }
}

/// Refuses an edit that the status of the plan does not take: a plan that was given up is reopened first, a submitted
/// one stays complete.
pub fn admit(
    before: &ActionPlan,
    plan: &ActionPlan,
    template: Option<&Template>,
) -> Result<(), Problem> {
    match before.status {
        PlanStatus::Withdrawn => Err(Problem::new(Code::PlanWithdrawn)),
        PlanStatus::Submitted => complete(plan, template),
        PlanStatus::Draft | PlanStatus::Returned | PlanStatus::Approved => Ok(()),
    }
}

/// Refuses that one of several proponents deletes what the others have written too: each can withdraw the plan, which any
/// of them takes back, or take its own name out.
pub fn let_go(plan: &ActionPlan, caller: &Caller) -> Result<(), Problem> {
    let others: Vec<_> = plan
        .proponents
        .iter()
        .filter(|city| caller.city.as_ref() != Some(city))
        .map(CityId::as_str)
        .collect();
    if caller.role == Role::Admin || others.is_empty() {
        return Ok(());
    }
    Err(Problem::new(Code::JointPlan).with("others", others.join(", ")))
}

/// Refuses a plan that lacks what its template asks for, and names each place.
pub fn complete(plan: &ActionPlan, template: Option<&Template>) -> Result<(), Problem> {
    let template = template.ok_or(Problem::new(Code::Internal))?;
    conflict(Code::PlanIncomplete, &validation(plan, template).faults())
}

/// The problem of these faults, unless there are none.
pub fn conflict(code: Code, faults: &Faults) -> Result<(), Problem> {
    if faults.is_empty() {
        return Ok(());
    }
    let problem = Problem::new(code).with("count", faults.iter().count());
    Err(faults.iter().cloned().fold(problem, Problem::about))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_everybody_may_do_with_a_plan_in_each_status() {
        let callers = [
            ("admin", Role::Admin, Relation::Other, false, true),
            ("proponent", Role::EuCity, Relation::Own, false, false),
            ("one of several", Role::EuCity, Relation::Own, false, true),
            (
                "partner, asked",
                Role::JpCity,
                Relation::Partner,
                true,
                false,
            ),
            ("partner", Role::JpCity, Relation::Partner, false, false),
            ("other city", Role::JpCity, Relation::Public, true, false),
            ("anonymous", Role::Anonymous, Relation::Public, false, false),
        ];
        let mut table = String::new();
        for (name, role, relation, is_asked, is_joint) in callers {
            for &status in PlanStatus::ALL {
                let plan = Standing {
                    status,
                    is_asked,
                    is_joint,
                };
                let caller = Caller {
                    role,
                    ..Caller::ANONYMOUS
                };
                let actions = actions(&caller, relation, plan);
                let words: Vec<_> = actions.iter().map(|it| it.as_str()).collect();
                table +=
                    format!("{name:<15}{:<10} {}", status.as_str(), words.join(", ")).trim_end();
                table.push('\n');
            }
        }
        insta::assert_snapshot!(table);
    }

    #[test]
    fn every_way_has_its_right() {
        for way in TRANSITIONS {
            assert_eq!(way.action.action().as_str(), way.action.as_str());
            for from in way.from {
                assert_eq!(transition(*from, way.to), Some(way.action));
            }
        }
        for status in PlanStatus::ALL {
            assert_eq!(transition(*status, *status), None, "{status}");
        }
    }
}
