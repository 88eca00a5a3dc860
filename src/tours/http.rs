//! `/tours`: what is asked over HTTP, and what for.

use actix_web::web::Payload;
use actix_web::{delete, get, patch, post, put};

use super::checks::{CheckResults, check_stored};
use super::types::{Tour, TourFilter};
use crate::ids::TourId;
use crate::query::{ListParams, OneParams};
use crate::read::{self, Answer};
use crate::request::{Ask, Asking};
use crate::resource::Listing;
use crate::write::{self, WriteParams};

/// List study tours
///
/// The study tours, past and planned.
#[utoipa::path(tag = "tours", params(ListParams, TourFilter), responses((status = 200, body = Listing<Tour>)))]
#[get("/tours")]
pub async fn list_tours(asking: Asking) -> Answer {
    read::list::<Tour>(asking).await
}

/// Get a study tour
///
/// Its ETag is what a change of it has to send in `If-Match`.
#[utoipa::path(tag = "tours", params(("id" = TourId, Path, description = "Id of the study tour."), OneParams), responses((status = 200, body = Tour)))]
#[get("/tours/{id}")]
pub async fn get_tour(asking: Asking) -> Answer {
    read::one::<Tour>(asking).await
}

/// Create a study tour
///
/// For admins, and for users of one of the two cities.
#[utoipa::path(tag = "tours", params(WriteParams), request_body = Tour, responses((status = 201, body = Tour)))]
#[post("/tours")]
pub async fn create_tour(ask: Ask, payload: Payload) -> Answer {
    write::create::<Tour>(ask, payload).await
}

/// Replace a study tour
///
/// For admins, and for users of the two cities. The body takes the place of all that is stored; fields left out become empty.
#[utoipa::path(tag = "tours", params(("id" = TourId, Path, description = "Id of the study tour."), WriteParams), request_body = Tour, responses((status = 200, body = Tour)))]
#[put("/tours/{id}")]
pub async fn replace_tour(ask: Ask, payload: Payload) -> Answer {
    write::replace::<Tour>(ask, payload).await
}

/// Change parts of a study tour
///
/// For admins, and for users of the two cities. By JSON Merge Patch or JSON Patch, as the media type says.
#[utoipa::path(tag = "tours", params(("id" = TourId, Path, description = "Id of the study tour."), WriteParams), responses((status = 200, body = Tour)))]
#[patch("/tours/{id}")]
pub async fn update_tour(ask: Ask, payload: Payload) -> Answer {
    write::patch::<Tour>(ask, payload).await
}

/// Delete a study tour
///
/// For admins, and for users of the two cities. Refused while something else refers to it.
#[utoipa::path(tag = "tours", params(("id" = TourId, Path, description = "Id of the study tour."), WriteParams), responses((status = 204)))]
#[delete("/tours/{id}")]
pub async fn delete_tour(ask: Ask) -> Answer {
    write::delete::<Tour>(ask).await
}

/// List how a study tour stands to each check
///
/// What is asked of a tour, whether it is in order, what was looked at, and whether an admin has waived it. A tour is
/// confirmed only when each is in order or waived.
#[utoipa::path(tag = "tours", params(("id" = TourId, Path, description = "Id of the study tour.")), responses((status = 200, body = CheckResults)))]
#[get("/tours/{id}/checks")]
pub async fn list_tour_checks(asking: Asking) -> Answer {
    read::part_of::<Tour, _>(asking, async |conn, _, tour| check_stored(conn, tour).await).await
}
