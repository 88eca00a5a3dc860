//! `/cities`: what is asked over HTTP, and what for.

use actix_web::web::Payload;
use actix_web::{delete, get, patch, post, put};

use super::types::{City, CityFilter};
use crate::ids::CityId;
use crate::query::{ListParams, OneParams};
use crate::read::{self, Answer};
use crate::request::{Ask, Asking};
use crate::resource::Listing;
use crate::write::{self, WriteParams};

/// List cities
///
/// The participating cities and metropolitan authorities of both sides.
#[utoipa::path(tag = "cities", params(ListParams, CityFilter), responses((status = 200, body = Listing<City>)))]
#[get("/cities")]
pub async fn list_cities(asking: Asking) -> Answer {
    read::list::<City>(asking).await
}

/// Get a city
///
/// Its ETag is what a change of it has to send in `If-Match`.
#[utoipa::path(tag = "cities", params(("id" = CityId, Path, description = "Id of the city."), OneParams), responses((status = 200, body = City)))]
#[get("/cities/{id}")]
pub async fn get_city(asking: Asking) -> Answer {
    read::one::<City>(asking).await
}

/// Create a city
///
/// For admins.
#[utoipa::path(tag = "cities", params(WriteParams), request_body = City, responses((status = 201, body = City)))]
#[post("/cities")]
pub async fn create_city(ask: Ask, payload: Payload) -> Answer {
    write::create::<City>(ask, payload).await
}

/// Replace a city
///
/// An admin may change everything but the id; a city user describes the own city, without its side, country and codes. The body takes the place of all that is stored; fields left out become empty.
#[utoipa::path(tag = "cities", params(("id" = CityId, Path, description = "Id of the city."), WriteParams), request_body = City, responses((status = 200, body = City)))]
#[put("/cities/{id}")]
pub async fn replace_city(ask: Ask, payload: Payload) -> Answer {
    write::replace::<City>(ask, payload).await
}

/// Change parts of a city
///
/// An admin may change everything but the id; a city user describes the own city, without its side, country and codes. By JSON Merge Patch or JSON Patch, as the media type says.
#[utoipa::path(tag = "cities", params(("id" = CityId, Path, description = "Id of the city."), WriteParams), responses((status = 200, body = City)))]
#[patch("/cities/{id}")]
pub async fn update_city(ask: Ask, payload: Payload) -> Answer {
    write::patch::<City>(ask, payload).await
}

/// Delete a city
///
/// For admins. Refused while something else refers to it; its id is never given again.
#[utoipa::path(tag = "cities", params(("id" = CityId, Path, description = "Id of the city."), WriteParams), responses((status = 204)))]
#[delete("/cities/{id}")]
pub async fn delete_city(ask: Ask) -> Answer {
    write::delete::<City>(ask).await
}
