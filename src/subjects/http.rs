//! `/subjects`: what is asked over HTTP, and what for.

use actix_web::web::Payload;
use actix_web::{delete, get, patch, post, put};

use super::types::{Subject, SubjectFilter};
use crate::ids::SubjectId;
use crate::query::{ListParams, OneParams};
use crate::read::{self, Answer};
use crate::request::{Ask, Asking};
use crate::resource::Listing;
use crate::write::{self, WriteParams};

/// List subjects
///
/// The controlled list of topics of cooperation.
#[utoipa::path(tag = "subjects", params(ListParams, SubjectFilter), responses((status = 200, body = Listing<Subject>)))]
#[get("/subjects")]
pub async fn list_subjects(asking: Asking) -> Answer {
    read::list::<Subject>(asking).await
}

/// Get a subject
///
/// Its ETag is what a change of it has to send in `If-Match`.
#[utoipa::path(tag = "subjects", params(("id" = SubjectId, Path, description = "Id of the subject."), OneParams), responses((status = 200, body = Subject)))]
#[get("/subjects/{id}")]
pub async fn get_subject(asking: Asking) -> Answer {
    read::one::<Subject>(asking).await
}

/// Create a subject
///
/// For admins.
#[utoipa::path(tag = "subjects", params(WriteParams), request_body = Subject, responses((status = 201, body = Subject)))]
#[post("/subjects")]
pub async fn create_subject(ask: Ask, payload: Payload) -> Answer {
    write::create::<Subject>(ask, payload).await
}

/// Replace a subject
///
/// For admins. The body takes the place of all that is stored; fields left out become empty.
#[utoipa::path(tag = "subjects", params(("id" = SubjectId, Path, description = "Id of the subject."), WriteParams), request_body = Subject, responses((status = 200, body = Subject)))]
#[put("/subjects/{id}")]
pub async fn replace_subject(ask: Ask, payload: Payload) -> Answer {
    write::replace::<Subject>(ask, payload).await
}

/// Change parts of a subject
///
/// For admins. By JSON Merge Patch or JSON Patch, as the media type says.
#[utoipa::path(tag = "subjects", params(("id" = SubjectId, Path, description = "Id of the subject."), WriteParams), responses((status = 200, body = Subject)))]
#[patch("/subjects/{id}")]
pub async fn update_subject(ask: Ask, payload: Payload) -> Answer {
    write::patch::<Subject>(ask, payload).await
}

/// Delete a subject
///
/// For admins. Refused while something else refers to it; its id is never given again.
#[utoipa::path(tag = "subjects", params(("id" = SubjectId, Path, description = "Id of the subject."), WriteParams), responses((status = 204)))]
#[delete("/subjects/{id}")]
pub async fn delete_subject(ask: Ask) -> Answer {
    write::delete::<Subject>(ask).await
}
