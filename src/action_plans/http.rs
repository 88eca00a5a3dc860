//! `/action-plans`: what is asked over HTTP, and what for.

use actix_web::web::Payload;
use actix_web::{delete, get, patch, post, put};

use super::types::{ActionPlan, ActionPlanFilter};
use crate::ids::PlanId;
use crate::query::{ListParams, OneParams};
use crate::read::{self, Answer};
use crate::request::{Ask, Asking};
use crate::resource::Listing;
use crate::write::{self, WriteParams};

/// List action plans
///
/// The Local Action Plans that you may see: your own city's; for admins all of them.
#[utoipa::path(tag = "action plans", params(ListParams, ActionPlanFilter), responses((status = 200, body = Listing<ActionPlan>)))]
#[get("/action-plans")]
pub async fn list_action_plans(asking: Asking) -> Answer {
    read::list::<ActionPlan>(asking).await
}

/// Get an action plan
///
/// Its ETag is what a change of it has to send in `If-Match`.
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

/// Replace an action plan
///
/// For users of its proponents, and admins. The body takes the place of all that is stored; fields left out become empty.
#[utoipa::path(tag = "action plans", params(("id" = PlanId, Path, description = "Id of the action plan."), WriteParams), request_body = ActionPlan, responses((status = 200, body = ActionPlan)))]
#[put("/action-plans/{id}")]
pub async fn replace_action_plan(ask: Ask, payload: Payload) -> Answer {
    write::replace::<ActionPlan>(ask, payload).await
}

/// Change parts of an action plan
///
/// For users of its proponents, and admins. By JSON Merge Patch or JSON Patch, as the media type says.
#[utoipa::path(tag = "action plans", params(("id" = PlanId, Path, description = "Id of the action plan."), WriteParams), responses((status = 200, body = ActionPlan)))]
#[patch("/action-plans/{id}")]
pub async fn update_action_plan(ask: Ask, payload: Payload) -> Answer {
    write::patch::<ActionPlan>(ask, payload).await
}

/// Delete an action plan
///
/// For users of its proponents, and admins. Refused while something else refers to it.
#[utoipa::path(tag = "action plans", params(("id" = PlanId, Path, description = "Id of the action plan."), WriteParams), responses((status = 204)))]
#[delete("/action-plans/{id}")]
pub async fn delete_action_plan(ask: Ask) -> Answer {
    write::delete::<ActionPlan>(ask).await
}
