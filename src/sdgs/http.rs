//! `/sdgs`: what is asked over HTTP, and what for.

use actix_web::web::Payload;
use actix_web::{delete, get, patch, post, put};

use super::types::{Sdg, SdgFilter};
use crate::query::{ListParams, OneParams};
use crate::read::{self, Answer};
use crate::request::{Ask, Asking};
use crate::resource::Listing;
use crate::write::{self, WriteParams};

/// List goals
///
/// The 17 Sustainable Development Goals with their 169 targets.
#[utoipa::path(tag = "sdgs", params(ListParams, SdgFilter), responses((status = 200, body = Listing<Sdg>)))]
#[get("/sdgs")]
pub async fn list_sdgs(asking: Asking) -> Answer {
    read::list::<Sdg>(asking).await
}

/// Get a goal
///
/// Its ETag is what a change of it has to send in `If-Match`.
#[utoipa::path(tag = "sdgs", params(("id" = String, Path, max_length = 2, pattern = "^([1-9]|1[0-7])$", description = "Number of the goal."), OneParams), responses((status = 200, body = Sdg)))]
#[get("/sdgs/{id}")]
pub async fn get_sdg(asking: Asking) -> Answer {
    read::one::<Sdg>(asking).await
}

/// Create a goal
///
/// For admins.
#[utoipa::path(tag = "sdgs", params(WriteParams), request_body = Sdg, responses((status = 201, body = Sdg)))]
#[post("/sdgs")]
pub async fn create_sdg(ask: Ask, payload: Payload) -> Answer {
    write::create::<Sdg>(ask, payload).await
}

/// Replace a goal
///
/// For admins. The body takes the place of all that is stored; fields left out become empty.
#[utoipa::path(tag = "sdgs", params(("id" = String, Path, max_length = 2, pattern = "^([1-9]|1[0-7])$", description = "Number of the goal."), WriteParams), request_body = Sdg, responses((status = 200, body = Sdg)))]
#[put("/sdgs/{id}")]
pub async fn replace_sdg(ask: Ask, payload: Payload) -> Answer {
    write::replace::<Sdg>(ask, payload).await
}

/// Change parts of a goal
///
/// For admins. By JSON Merge Patch or JSON Patch, as the media type says.
#[utoipa::path(tag = "sdgs", params(("id" = String, Path, max_length = 2, pattern = "^([1-9]|1[0-7])$", description = "Number of the goal."), WriteParams), responses((status = 200, body = Sdg)))]
#[patch("/sdgs/{id}")]
pub async fn update_sdg(ask: Ask, payload: Payload) -> Answer {
    write::patch::<Sdg>(ask, payload).await
}

/// Delete a goal
///
/// For admins. Refused while something else refers to it.
#[utoipa::path(tag = "sdgs", params(("id" = String, Path, max_length = 2, pattern = "^([1-9]|1[0-7])$", description = "Number of the goal."), WriteParams), responses((status = 204)))]
#[delete("/sdgs/{id}")]
pub async fn delete_sdg(ask: Ask) -> Answer {
    write::delete::<Sdg>(ask).await
}
