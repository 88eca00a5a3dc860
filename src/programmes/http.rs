//! `/programmes`: what is asked over HTTP, and what for.

use actix_web::web::Payload;
use actix_web::{delete, get, patch, post, put};

use super::types::{Programme, ProgrammeFilter};
use crate::ids::ProgrammeId;
use crate::query::{ListParams, OneParams};
use crate::read::{self, Answer};
use crate::request::{Ask, Asking};
use crate::resource::Listing;
use crate::write::{self, WriteParams};

/// List programmes
///
/// The phases of the cooperation, each with its guidelines.
#[utoipa::path(tag = "programmes", params(ListParams, ProgrammeFilter), responses((status = 200, body = Listing<Programme>)))]
#[get("/programmes")]
pub async fn list_programmes(asking: Asking) -> Answer {
    read::list::<Programme>(asking).await
}

/// Get a programme
///
/// Its ETag is what a change of it has to send in `If-Match`.
#[utoipa::path(tag = "programmes", params(("id" = ProgrammeId, Path, description = "Id of the programme."), OneParams), responses((status = 200, body = Programme)))]
#[get("/programmes/{id}")]
pub async fn get_programme(asking: Asking) -> Answer {
    read::one::<Programme>(asking).await
}

/// Create a programme
///
/// For admins.
#[utoipa::path(tag = "programmes", params(WriteParams), request_body = Programme, responses((status = 201, body = Programme)))]
#[post("/programmes")]
pub async fn create_programme(ask: Ask, payload: Payload) -> Answer {
    write::create::<Programme>(ask, payload).await
}

/// Replace a programme
///
/// For admins. The body takes the place of all that is stored; fields left out become empty.
#[utoipa::path(tag = "programmes", params(("id" = ProgrammeId, Path, description = "Id of the programme."), WriteParams), request_body = Programme, responses((status = 200, body = Programme)))]
#[put("/programmes/{id}")]
pub async fn replace_programme(ask: Ask, payload: Payload) -> Answer {
    write::replace::<Programme>(ask, payload).await
}

/// Change parts of a programme
///
/// For admins. By JSON Merge Patch or JSON Patch, as the media type says.
#[utoipa::path(tag = "programmes", params(("id" = ProgrammeId, Path, description = "Id of the programme."), WriteParams), responses((status = 200, body = Programme)))]
#[patch("/programmes/{id}")]
pub async fn update_programme(ask: Ask, payload: Payload) -> Answer {
    write::patch::<Programme>(ask, payload).await
}

/// Delete a programme
///
/// For admins. Refused while something else refers to it; its id is never given again.
#[utoipa::path(tag = "programmes", params(("id" = ProgrammeId, Path, description = "Id of the programme."), WriteParams), responses((status = 204)))]
#[delete("/programmes/{id}")]
pub async fn delete_programme(ask: Ask) -> Answer {
    write::delete::<Programme>(ask).await
}
