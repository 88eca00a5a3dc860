//! `/tours`: what is asked over HTTP, and what for.

use actix_web::web::Payload;
use actix_web::{delete, get, patch, post, put};

use super::checks::{CheckResults, check_stored};
use super::types::{Tour, TourFilter};
use crate::ids::TourId;
use crate::query::{ListParams, OneParams};
use crate::read::{self, Answer};
use crate::request::{Ask, Asking, RefParams};
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

/// Get a study tour by the key of another system
///
/// The one that your city's own system knows by this key. Admins say which city's system in `city`, where the key stands
/// for several things. A key of another city is as one that is not there.
#[utoipa::path(tag = "tours", params(("system" = String, Path, description = "The system that knows it, such as a domain name.", min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9._~-]+$", example = "plans.city.example"), ("key" = String, Path, description = "Its key there, percent-encoded.", min_length = 1, max_length = 200, pattern = "^[A-Za-z0-9._~:/-]+$", example = "LAP-2019-07"), RefParams, OneParams), security(("bearer" = [])), responses((status = 200, body = Tour)))]
#[get("/tours/by-ref/{system}/{key}")]
pub async fn get_tour_by_ref(asking: Asking) -> Answer {
    read::one_by_ref::<Tour>(asking).await
}

/// Create or replace a study tour by the key of another system
///
/// For users of the two cities, and admins. Makes the one that your city's own system knows by this key, or puts the body in its place; for an admin who
/// names no `city`, of the first city in the body. The body need not repeat the key: it is always among its
/// `external_refs`, and a body without any keeps those that are stored. What is stored already answers 200 and makes no
/// version, so it can be sent again at any time. No condition is needed; `If-None-Match: *` only creates, `If-Match` only
/// replaces.
#[utoipa::path(tag = "tours", params(("system" = String, Path, description = "The system that knows it, such as a domain name.", min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9._~-]+$", example = "plans.city.example"), ("key" = String, Path, description = "Its key there, percent-encoded.", min_length = 1, max_length = 200, pattern = "^[A-Za-z0-9._~:/-]+$", example = "LAP-2019-07"), RefParams, WriteParams), request_body = Tour, responses((status = 200, body = Tour), (status = 201, body = Tour)))]
#[put("/tours/by-ref/{system}/{key}")]
pub async fn put_tour_by_ref(ask: Ask, payload: Payload) -> Answer {
    write::put_by_ref::<Tour>(ask, payload).await
}

/// Delete a study tour by the key of another system
///
/// For users of the two cities, and admins. A 404 to a repeated request means that it is done.
#[utoipa::path(tag = "tours", params(("system" = String, Path, description = "The system that knows it, such as a domain name.", min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9._~-]+$", example = "plans.city.example"), ("key" = String, Path, description = "Its key there, percent-encoded.", min_length = 1, max_length = 200, pattern = "^[A-Za-z0-9._~:/-]+$", example = "LAP-2019-07"), RefParams, WriteParams), responses((status = 204)))]
#[delete("/tours/by-ref/{system}/{key}")]
pub async fn delete_tour_by_ref(ask: Ask) -> Answer {
    write::delete_by_ref::<Tour>(ask).await
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
