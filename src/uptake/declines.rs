//! Declining a lesson: what a plan does not adopt, and why. One word of each plan on each contribution; saying it again
//! replaces it. The plan stands locked meanwhile, so that it cannot come to cite what it declines.

use super::rules::{is_source_of, no_lesson};
use super::types::{Decline, DeclineId, DeclineRequest};
use crate::action_plans::types::{ActionPlan, PlanStatus};
use crate::auth::Caller;
use crate::contributions::types::Contribution;
use crate::db::Connection;
use crate::messages::word;
use crate::pairings::db::paired;
use crate::policy::{Action, Relation, Thing};
use crate::problem::{Code, Fault, Problem, Rule};
use crate::resource::Resource;
use crate::write::{Deed, Doing, Done};

/// A plan's proponents say that it does not adopt a lesson.
pub struct DeclineLesson;

impl Deed for DeclineLesson {
    type To = Contribution;
    type Body = DeclineRequest;

    const ACTION: Action = Action::Create;
    const THING: Thing = Thing::Decline;

    async fn relation(
        conn: &mut Connection,
        doing: &Doing<'_>,
        _: &Contribution,
        body: &DeclineRequest,
    ) -> Result<Relation, Problem> {
        let plan = plan_of(conn, doing.caller(), body).await?;
        Ok(plan.relation(doing.caller()))
    }

    async fn run(
        conn: &mut Connection,
        doing: &Doing<'_>,
        lesson: Contribution,
        body: DeclineRequest,
    ) -> Result<Done, Problem> {
        let plan = plan_of(conn, doing.caller(), &body).await?;
        let cities = paired(conn, &plan.pairing).await?;
        if let Some(fault) = no_lesson(&lesson, &plan, &cities) {
            return Err(Problem::fault(fault));
        }
        if is_source_of(lesson.id, &plan) {
            return Err(Problem::new(Code::CitedAsSource));
        }
        let id = DeclineId {
            lesson: lesson.id,
            plan: plan.id,
        };
        let before = Decline::lock(conn, &Caller::PROGRAMME, &id).await?;
        let same = before.as_ref().filter(|it| it.reason == body.reason);
        if same.is_none() && plan.status == PlanStatus::Withdrawn {
            return Err(Problem::new(Code::PlanWithdrawn));
        }
        let decline = same.cloned().unwrap_or_else(|| Decline {
            contribution: lesson.id,
            plan: plan.id,
            reason: body.reason,
            by: doing.author.by,
            city: doing.author.city.clone(),
            at: doing.author.at,
            version: 0,
            lesson_of: lesson.city,
            proponents: plan.proponents,
        });
        let path = format!(
            "/v1{}/{}/declines/{}",
            Contribution::PATH,
            id.lesson,
            id.plan
        );
        let is_new = before.is_none();
        let done = doing.put(conn, before, decline).await?;
        Ok(match is_new {
            true => done.made_with(None).at(doing.ask.app.url(&path)),
            false => done,
        })
    }
}

/// The plan that the body names, if the caller may know of it.
async fn plan_of(
    conn: &mut Connection,
    caller: &Caller,
    body: &DeclineRequest,
) -> Result<ActionPlan, Problem> {
    ActionPlan::lock(conn, caller, &body.plan)
        .await?
        .ok_or_else(|| {
            let fault = Fault::at("/plan", Rule::UnknownReference).with("id", body.plan);
            Problem::fault(fault.with_word("kind", word("thing", Thing::ActionPlan)))
        })
}
