//! `/key-questions`: what is asked over HTTP, and what for.

use actix_web::web::Payload;
use actix_web::{delete, get, patch, post, put};

use super::types::{KeyQuestion, KeyQuestionFilter};
use crate::ids::QuestionId;
use crate::query::{ListParams, OneParams};
use crate::read::{self, Answer};
use crate::request::{Ask, Asking};
use crate::resource::Listing;
use crate::write::{self, WriteParams};

/// List key questions
///
/// The questions that guide every round table, in the programme's order.
#[utoipa::path(tag = "key questions", params(ListParams, KeyQuestionFilter), responses((status = 200, body = Listing<KeyQuestion>)))]
#[get("/key-questions")]
pub async fn list_key_questions(asking: Asking) -> Answer {
    read::list::<KeyQuestion>(asking).await
}

/// Get a key question
///
/// Its ETag is what a change of it has to send in `If-Match`.
#[utoipa::path(tag = "key questions", params(("id" = QuestionId, Path, description = "Id of the key question."), OneParams), responses((status = 200, body = KeyQuestion)))]
#[get("/key-questions/{id}")]
pub async fn get_key_question(asking: Asking) -> Answer {
    read::one::<KeyQuestion>(asking).await
}

/// Create a key question
///
/// For admins.
#[utoipa::path(tag = "key questions", params(WriteParams), request_body = KeyQuestion, responses((status = 201, body = KeyQuestion)))]
#[post("/key-questions")]
pub async fn create_key_question(ask: Ask, payload: Payload) -> Answer {
    write::create::<KeyQuestion>(ask, payload).await
}

/// Replace a key question
///
/// For admins. The body takes the place of all that is stored; fields left out become empty.
#[utoipa::path(tag = "key questions", params(("id" = QuestionId, Path, description = "Id of the key question."), WriteParams), request_body = KeyQuestion, responses((status = 200, body = KeyQuestion)))]
#[put("/key-questions/{id}")]
pub async fn replace_key_question(ask: Ask, payload: Payload) -> Answer {
    write::replace::<KeyQuestion>(ask, payload).await
}

/// Change parts of a key question
///
/// For admins. By JSON Merge Patch or JSON Patch, as the media type says.
#[utoipa::path(tag = "key questions", params(("id" = QuestionId, Path, description = "Id of the key question."), WriteParams), responses((status = 200, body = KeyQuestion)))]
#[patch("/key-questions/{id}")]
pub async fn update_key_question(ask: Ask, payload: Payload) -> Answer {
    write::patch::<KeyQuestion>(ask, payload).await
}

/// Delete a key question
///
/// For admins. Refused while something else refers to it; its id is never given again.
#[utoipa::path(tag = "key questions", params(("id" = QuestionId, Path, description = "Id of the key question."), WriteParams), responses((status = 204)))]
#[delete("/key-questions/{id}")]
pub async fn delete_key_question(ask: Ask) -> Answer {
    write::delete::<KeyQuestion>(ask).await
}
