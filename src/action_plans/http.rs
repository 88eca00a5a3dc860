//! `/action-plans`: what is asked over HTTP, and what for.

use actix_web::web::Payload;
use actix_web::{delete, get, patch, post, put};
use serde::Deserialize;

use super::deeds::{GiveConsent, Transit};
use super::types::{ActionPlan, ActionPlanFilter, ConsentAnswer, PartKey, PlanTransition};
use crate::events::Manner;
use crate::ids::PlanId;
use crate::problem::Problem;
use crate::query::{ListParams, OneParams};
use crate::read::{self, Answer};
use crate::request::{Ask, Asking, RefParams};
use crate::resource::Listing;
use crate::write::{self, BulkParams, BulkResult, WriteParams};

/// List action plans
///
/// The Local Action Plans that you may see: published ones, as they were approved; of your own city the working copies;
/// of your partner cities the submitted ones; for admins the working copies of all.
#[utoipa::path(tag = "action plans", params(ListParams, ActionPlanFilter), responses((status = 200, body = Listing<ActionPlan>)))]
#[get("/action-plans")]
pub async fn list_action_plans(asking: Asking) -> Answer {
    read::list::<ActionPlan>(asking).await
}

/// Get an action plan
///
/// Its ETag is what a change of it has to send in `If-Match`. Proponents and admins get the working copy, partner cities
/// too while it is submitted, everybody else the published version. `actions` tells what you may do with it.
#[utoipa::path(tag = "action plans", params(("id" = PlanId, Path, description = "Id of the action plan."), OneParams), responses((status = 200, body = ActionPlan)))]
#[get("/action-plans/{id}")]
pub async fn get_action_plan(asking: Asking) -> Answer {
    read::one::<ActionPlan>(asking).await
}

/// Create an action plan
///
/// A user's own city must be among the proponents. The plan begins as a draft that only they and admins see.
#[utoipa::path(tag = "action plans", params(WriteParams), request_body = ActionPlan, responses((status = 201, body = ActionPlan)))]
#[post("/action-plans")]
pub async fn create_action_plan(ask: Ask, payload: Payload) -> Answer {
    write::create::<ActionPlan>(ask, payload).await
}

/// Create or replace many action plans
///
/// One plan a line, as `application/x-ndjson`, each with the key of your city's own system as the first of its
/// `external_refs`: as `PUT /action-plans/by-ref/{system}/{key}` of each, several times faster, and of any size. The answer
/// tells line by line and in order what came of it, while more lines are still read: read it while you send, for the
/// service waits when 16 MiB of results are not taken. A line that cannot be stored is told with its problem, and the others
/// go on. With `atomic=true` all are stored or none, up to 100,000 and within a minute, and the results come at the end;
/// after 500 lines that cannot be stored no more are read. An answer that breaks off is repeated: what is stored already
/// is `unchanged`. `If-None-Match: *` replaces nothing. An `Idempotency-Key` is refused.
#[utoipa::path(tag = "action plans", params(BulkParams, RefParams, WriteParams), request_body(content = ActionPlan, content_type = "application/x-ndjson"), responses((status = 200, body = BulkResult, content_type = "application/x-ndjson")))]
#[post("/action-plans/bulk")]
pub async fn put_many_action_plans(ask: Ask, payload: Payload) -> Answer {
    write::bulk::<ActionPlan>(ask, payload).await
}

/// What may be said of a change of a plan.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EditParams {
    /// Whether the meaning stays, as when a misspelling is mended: translations are then not taken for outdated.
    #[serde(default)]
    #[param(default = false)]
    pub minor: Option<bool>,
}

fn noted(mut ask: Ask) -> Result<Ask, Problem> {
    let params: EditParams = ask.parameters()?;
    if params.minor == Some(true) {
        ask.manner = Manner::Minor;
    }
    Ok(ask)
}

/// Replace an action plan
///
/// For users of its proponents, and admins. The body takes the place of all that is stored; fields left out become empty.
/// An approved plan becomes a draft by it, beside its published version, a submitted one has to stay complete (409), and
/// a withdrawn one is reopened first (409). A changed joint action asks its cities for their consent again.
#[utoipa::path(tag = "action plans", params(("id" = PlanId, Path, description = "Id of the action plan."), WriteParams, EditParams), request_body = ActionPlan, responses((status = 200, body = ActionPlan)))]
#[put("/action-plans/{id}")]
pub async fn replace_action_plan(ask: Ask, payload: Payload) -> Answer {
    write::replace::<ActionPlan>(noted(ask)?, payload).await
}

/// Change parts of an action plan
///
/// For users of its proponents, and admins. By JSON Merge Patch or JSON Patch, as the media type says; by the same rules
/// as replacing it. Every edit of an approved plan, also of the progress of an activity, opens a draft, and the published
/// version stays until that is approved; measurements of its indicators open none.
#[utoipa::path(tag = "action plans", params(("id" = PlanId, Path, description = "Id of the action plan."), WriteParams, EditParams), responses((status = 200, body = ActionPlan)))]
#[patch("/action-plans/{id}")]
pub async fn update_action_plan(ask: Ask, payload: Payload) -> Answer {
    write::patch::<ActionPlan>(noted(ask)?, payload).await
}

/// Delete an action plan
///
/// For users of its proponents, and admins. Refused while something else refers to it (`still_referenced`), and to one of
/// several proponents (`joint_plan`): these withdraw it, or leave it by taking their city out of `proponents`.
#[utoipa::path(tag = "action plans", params(("id" = PlanId, Path, description = "Id of the action plan."), WriteParams), responses((status = 204)))]
#[delete("/action-plans/{id}")]
pub async fn delete_action_plan(ask: Ask) -> Answer {
    write::delete::<ActionPlan>(ask).await
}

/// Get an action plan by the key of another system
///
/// The one that your city's own system knows by this key. Admins say which city's system in `city`, where the key stands
/// for several things. A key of another city is as one that is not there.
#[utoipa::path(tag = "action plans", params(("system" = String, Path, description = "The system that knows it, such as a domain name.", min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9._~-]+$", example = "plans.city.example"), ("key" = String, Path, description = "Its key there, percent-encoded.", min_length = 1, max_length = 200, pattern = "^[A-Za-z0-9._~:/-]+$", example = "LAP-2019-07"), RefParams, OneParams), security(("bearer" = [])), responses((status = 200, body = ActionPlan)))]
#[get("/action-plans/by-ref/{system}/{key}")]
pub async fn get_action_plan_by_ref(asking: Asking) -> Answer {
    read::one_by_ref::<ActionPlan>(asking).await
}

/// Create or replace an action plan by the key of another system
///
/// For users of its proponents, and admins. Makes the one that your city's own system knows by this key, or puts the body in its place; for an admin who
/// names no `city`, of the first city in the body. The body need not repeat the key: it is always among its
/// `external_refs`, and a body without any keeps those that are stored. What is stored already answers 200 and makes no
/// version, so it can be sent again at any time. No condition is needed; `If-None-Match: *` only creates, `If-Match` only
/// replaces. By the same rules as replacing a plan by its id.
#[utoipa::path(tag = "action plans", params(("system" = String, Path, description = "The system that knows it, such as a domain name.", min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9._~-]+$", example = "plans.city.example"), ("key" = String, Path, description = "Its key there, percent-encoded.", min_length = 1, max_length = 200, pattern = "^[A-Za-z0-9._~:/-]+$", example = "LAP-2019-07"), RefParams, WriteParams, EditParams), request_body = ActionPlan, responses((status = 200, body = ActionPlan), (status = 201, body = ActionPlan)))]
#[put("/action-plans/by-ref/{system}/{key}")]
pub async fn put_action_plan_by_ref(ask: Ask, payload: Payload) -> Answer {
    write::put_by_ref::<ActionPlan>(noted(ask)?, payload).await
}

/// Delete an action plan by the key of another system
///
/// As by its id. A 404 to a repeated request means that it is done.
#[utoipa::path(tag = "action plans", params(("system" = String, Path, description = "The system that knows it, such as a domain name.", min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9._~-]+$", example = "plans.city.example"), ("key" = String, Path, description = "Its key there, percent-encoded.", min_length = 1, max_length = 200, pattern = "^[A-Za-z0-9._~:/-]+$", example = "LAP-2019-07"), RefParams, WriteParams), responses((status = 204)))]
#[delete("/action-plans/by-ref/{system}/{key}")]
pub async fn delete_action_plan_by_ref(ask: Ask) -> Answer {
    write::delete_by_ref::<ActionPlan>(ask).await
}

/// Submit, return, approve, withdraw or reopen an action plan
///
/// Its proponents submit a draft or returned plan, which has to be complete, withdraw it from everywhere, and reopen a
/// withdrawn one as a draft; admins do the same, and return a submitted plan with a comment, or approve it once every
/// consent is given. Approving publishes that version for everybody; withdrawing takes the published version away. Send
/// `If-Match` with the ETag of the plan that you have read: else somebody's last edit, which you have not, is submitted or
/// approved with it. Answers the plan; to what is not possible a 409 tells in `possible` what is.
#[utoipa::path(tag = "action plans", params(("id" = PlanId, Path, description = "Id of the action plan."), WriteParams), request_body = PlanTransition, responses((status = 200, body = ActionPlan)))]
#[post("/action-plans/{id}/transitions")]
pub async fn transition_action_plan(ask: Ask, payload: Payload) -> Answer {
    write::act::<Transit>(ask, payload).await
}

/// Accept or decline a joint action
///
/// For users of the cities that it names in `with`, while the plan is submitted. The answer can be changed until the plan
/// is approved; a changed title or description asks again, an added translation does not. Send `If-Match` with the ETag of
/// the plan that you have read: else you may consent to an edit that you have not. Nobody answers in a city's place, no
/// admin either (`not_asked`). Answers the plan.
#[utoipa::path(tag = "action plans", params(("id" = PlanId, Path, description = "Id of the action plan."), ("key" = PartKey, Path, description = "Key of the joint action."), WriteParams), request_body = ConsentAnswer, responses((status = 200, body = ActionPlan)))]
#[post("/action-plans/{id}/joint-actions/{key}/consent")]
pub async fn consent_to_joint_action(ask: Ask, payload: Payload) -> Answer {
    write::act::<GiveConsent>(ask, payload).await
}
