//! `/action-plans/{plan}/comments`: what is asked over HTTP, and what for.

use actix_web::web::Payload;
use actix_web::{delete, get, patch, post};

use super::types::{Comment, CommentFilter};
use crate::ids::{CommentId, PlanId};
use crate::query::{ListParams, OneParams};
use crate::read::{self, Answer};
use crate::request::{Ask, Asking};
use crate::resource::Listing;
use crate::write::{self, WriteParams};

/// List the comments on an action plan
///
/// For users of its proponents, for those of the partner cities while the plan is handed in, and for admins. A city that has
/// commented on it goes on reading the threads in which it has spoken, each with the place where it was made. For others there
/// is no such list.
#[utoipa::path(tag = "action plans", params(("plan" = PlanId, Path, description = "Id of the action plan."), ListParams, CommentFilter), security(("bearer" = [])), responses((status = 200, body = Listing<Comment>)))]
#[get("/action-plans/{plan}/comments")]
pub async fn list_comments(asking: Asking) -> Answer {
    read::list::<Comment>(asking).await
}

/// Get a comment on an action plan
///
/// Its ETag is what a change of it has to send in `If-Match`.
#[utoipa::path(tag = "action plans", params(("plan" = PlanId, Path, description = "Id of the action plan."), ("id" = CommentId, Path, description = "Id of the comment."), OneParams), security(("bearer" = [])), responses((status = 200, body = Comment)))]
#[get("/action-plans/{plan}/comments/{id}")]
pub async fn get_comment(asking: Asking) -> Answer {
    read::one::<Comment>(asking).await
}

/// Comment on an action plan
///
/// For users of its proponents, for those of the partner cities while the plan is handed in (before and after it,
/// `comments_closed`), and for admins. Who reads a published plan of other cities is refused. The plan and its version stay as they are.
#[utoipa::path(tag = "action plans", params(("plan" = PlanId, Path, description = "Id of the action plan."), WriteParams), request_body = Comment, responses((status = 201, body = Comment)))]
#[post("/action-plans/{plan}/comments")]
pub async fn create_comment(ask: Ask, payload: Payload) -> Answer {
    write::create::<Comment>(ask, payload).await
}

/// Change a comment on an action plan
///
/// Its text: for users of the city whose comment it is. Whether it is settled: for them, for users of the plan's
/// proponents, and for admins. By JSON Merge Patch or JSON Patch, as the media type says.
#[utoipa::path(tag = "action plans", params(("plan" = PlanId, Path, description = "Id of the action plan."), ("id" = CommentId, Path, description = "Id of the comment."), WriteParams), responses((status = 200, body = Comment)))]
#[patch("/action-plans/{plan}/comments/{id}")]
pub async fn update_comment(ask: Ask, payload: Payload) -> Answer {
    write::patch::<Comment>(ask, payload).await
}

/// Delete a comment on an action plan
///
/// For users of the city whose comment it is, and admins. Refused once it was answered.
#[utoipa::path(tag = "action plans", params(("plan" = PlanId, Path, description = "Id of the action plan."), ("id" = CommentId, Path, description = "Id of the comment."), WriteParams), responses((status = 204)))]
#[delete("/action-plans/{plan}/comments/{id}")]
pub async fn delete_comment(ask: Ask) -> Answer {
    write::delete::<Comment>(ask).await
}
