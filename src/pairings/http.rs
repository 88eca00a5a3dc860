//! `/pairings`: what is asked over HTTP, and what for.

use actix_web::web::Payload;
use actix_web::{delete, get, patch, post, put};

use super::types::{Pairing, PairingFilter};
use crate::ids::PairingId;
use crate::query::{ListParams, OneParams};
use crate::read::{self, Answer};
use crate::request::{Ask, Asking};
use crate::resource::Listing;
use crate::write::{self, WriteParams};

/// List pairings
///
/// The cooperations of EU cities with Japanese cities.
#[utoipa::path(tag = "pairings", params(ListParams, PairingFilter), responses((status = 200, body = Listing<Pairing>)))]
#[get("/pairings")]
pub async fn list_pairings(asking: Asking) -> Answer {
    read::list::<Pairing>(asking).await
}

/// Get a pairing
///
/// Its ETag is what a change of it has to send in `If-Match`.
#[utoipa::path(tag = "pairings", params(("id" = PairingId, Path, description = "Id of the pairing."), OneParams), responses((status = 200, body = Pairing)))]
#[get("/pairings/{id}")]
pub async fn get_pairing(asking: Asking) -> Answer {
    read::one::<Pairing>(asking).await
}

/// Create a pairing
///
/// For admins.
#[utoipa::path(tag = "pairings", params(WriteParams), request_body = Pairing, responses((status = 201, body = Pairing)))]
#[post("/pairings")]
pub async fn create_pairing(ask: Ask, payload: Payload) -> Answer {
    write::create::<Pairing>(ask, payload).await
}

/// Replace a pairing
///
/// For admins. The body takes the place of all that is stored; fields left out become empty.
#[utoipa::path(tag = "pairings", params(("id" = PairingId, Path, description = "Id of the pairing."), WriteParams), request_body = Pairing, responses((status = 200, body = Pairing)))]
#[put("/pairings/{id}")]
pub async fn replace_pairing(ask: Ask, payload: Payload) -> Answer {
    write::replace::<Pairing>(ask, payload).await
}

/// Change parts of a pairing
///
/// For admins. By JSON Merge Patch or JSON Patch, as the media type says.
#[utoipa::path(tag = "pairings", params(("id" = PairingId, Path, description = "Id of the pairing."), WriteParams), responses((status = 200, body = Pairing)))]
#[patch("/pairings/{id}")]
pub async fn update_pairing(ask: Ask, payload: Payload) -> Answer {
    write::patch::<Pairing>(ask, payload).await
}

/// Delete a pairing
///
/// For admins. Refused while something else refers to it; its id is never given again.
#[utoipa::path(tag = "pairings", params(("id" = PairingId, Path, description = "Id of the pairing."), WriteParams), responses((status = 204)))]
#[delete("/pairings/{id}")]
pub async fn delete_pairing(ask: Ask) -> Answer {
    write::delete::<Pairing>(ask).await
}
