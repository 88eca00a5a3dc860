//! What is done to a plan beside editing it: it goes from one status to another, and cities consent to its joint
//! actions.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::consents::{answer, find, missing_consents, settle_consents, takes_consents};
use super::life::{complete, conflict, not_possible, transition};
use super::types::{ActionPlan, ConsentAnswer, PlanAction, PlanTransition};
use crate::db::Connection;
use crate::messages::word;
use crate::policy::{Action, Relation, Thing};
use crate::problem::{Code, Fault, Faults, Problem, Rule};
use crate::resource::Resource;
use crate::schema::templates;
use crate::templates::types::Template;
use crate::write::{Deed, Doing, Done};

/// Brings a plan from one status to another.
pub struct Transit;

impl Deed for Transit {
    type To = ActionPlan;
    type Body = PlanTransition;

    /// What every caller may do that may bring a plan anywhere; which way it is decides further.
    const ACTION: Action = Action::Submit;

    async fn relation(
        _: &mut Connection,
        doing: &Doing<'_>,
        plan: &ActionPlan,
        body: &PlanTransition,
    ) -> Result<Relation, Problem> {
        let relation = Resource::relation(plan, doing.caller());
        if let Some(action) = transition(plan.status, body.to) {
            doing.permit(action.action(), Thing::ActionPlan, relation)?;
        }
        Ok(relation)
    }

    async fn run(
        conn: &mut Connection,
        doing: &Doing<'_>,
        before: ActionPlan,
        body: PlanTransition,
    ) -> Result<Done, Problem> {
        let action = transition(before.status, body.to)
            .ok_or_else(|| not_possible(before.status, body.to))?;
        if action == PlanAction::Return && body.comment.is_none() {
            return Err(Problem::fault(Fault::at("/comment", Rule::Required)));
        }
        let mut plan = before.clone();
        settle_consents(Some(&before), &mut plan, &mut Faults::new());
        plan.status = body.to;
        plan.status_comment = body.comment;
        match action {
            PlanAction::Submit => complete(&plan, template(conn, &plan).await?.as_ref())?,
            PlanAction::Approve => {
                complete(&plan, template(conn, &plan).await?.as_ref())?;
                conflict(Code::ConsentMissing, &missing_consents(&plan))?;
                plan.published_version = Some(before.version + 1);
            }
            PlanAction::Withdraw => plan.published_version = None,
            _ => {}
        }
        doing.change(conn, before, plan).await
    }
}

/// The template that a plan is written along.
async fn template(conn: &mut Connection, plan: &ActionPlan) -> QueryResult<Option<Template>> {
    templates::table
        .filter(templates::id.nullable().eq(&plan.template))
        .select(Template::as_select())
        .first(conn)
        .await
        .optional()
}

/// Notes what a city says to a joint action that names it.
pub struct GiveConsent;

impl Deed for GiveConsent {
    type To = ActionPlan;
    type Body = ConsentAnswer;

    const ACTION: Action = Action::Consent;

    async fn relation(
        _: &mut Connection,
        doing: &Doing<'_>,
        plan: &ActionPlan,
        _: &ConsentAnswer,
    ) -> Result<Relation, Problem> {
        let action =
            find(plan, doing.ask.part_of::<ActionPlan>()).ok_or(Problem::new(Code::NotFound))?;
        let own = doing.caller().city.as_ref();
        match own.filter(|city| action.with.contains(city)) {
            // Also where it sees the published version alone: then the status refuses it, not the right.
            Some(_) => Ok(Relation::Partner),
            None => Err(Problem::new(Code::NotAsked)),
        }
    }

    async fn run(
        conn: &mut Connection,
        doing: &Doing<'_>,
        before: ActionPlan,
        body: ConsentAnswer,
    ) -> Result<Done, Problem> {
        let Some(city) = &doing.caller().city else {
            return Err(Problem::new(Code::NotAsked));
        };
        if !takes_consents(&before) {
            let status = word("status", before.status);
            return Err(Problem::new(Code::PlanNotSubmitted).with_word("status", status));
        }
        let mut plan = before.clone();
        settle_consents(Some(&before), &mut plan, &mut Faults::new());
        let key = doing.ask.part_of::<ActionPlan>();
        answer(&mut plan, key, city, body, doing.author.by, doing.author.at);
        doing.change(conn, before, plan).await
    }
}
