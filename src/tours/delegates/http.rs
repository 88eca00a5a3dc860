//! `/tours/{tour}/delegates`: what is asked over HTTP, and what for.

use actix_web::web::Payload;
use actix_web::{delete, get, patch, post, put};

use super::types::{Delegate, DelegateFilter};
use crate::ids::{DelegateId, TourId};
use crate::query::{ListParams, OneParams};
use crate::read::{self, Answer};
use crate::request::{Ask, Asking};
use crate::resource::Listing;
use crate::write::{self, WriteParams};

/// List the delegates of a study tour
///
/// The people on it. For admins, and for users of the two cities; for others there is no such list.
#[utoipa::path(tag = "tours", params(("tour" = TourId, Path, description = "Id of the study tour."), ListParams, DelegateFilter), security(("bearer" = [])), responses((status = 200, body = Listing<Delegate>)))]
#[get("/tours/{tour}/delegates")]
pub async fn list_delegates(asking: Asking) -> Answer {
    read::list::<Delegate>(asking).await
}

/// Get a delegate of a study tour
///
/// For admins, and for users of the two cities. Its ETag is what a change of it has to send in `If-Match`.
#[utoipa::path(tag = "tours", params(("tour" = TourId, Path, description = "Id of the study tour."), ("id" = DelegateId, Path, description = "Id of the delegate."), OneParams), security(("bearer" = [])), responses((status = 200, body = Delegate)))]
#[get("/tours/{tour}/delegates/{id}")]
pub async fn get_delegate(asking: Asking) -> Answer {
    read::one::<Delegate>(asking).await
}

/// Add a delegate to a study tour
///
/// For admins, and for users of the two cities. The numbers of delegates in the tour are counted anew. The programme
/// pays for no more than its guidelines allow: a further one is refused (`too_many_funded`).
#[utoipa::path(tag = "tours", params(("tour" = TourId, Path, description = "Id of the study tour."), WriteParams), request_body = Delegate, responses((status = 201, body = Delegate)))]
#[post("/tours/{tour}/delegates")]
pub async fn create_delegate(ask: Ask, payload: Payload) -> Answer {
    write::create::<Delegate>(ask, payload).await
}

/// Replace a delegate of a study tour
///
/// For admins, and for users of the two cities. The body takes the place of all that is stored; fields left out become empty.
#[utoipa::path(tag = "tours", params(("tour" = TourId, Path, description = "Id of the study tour."), ("id" = DelegateId, Path, description = "Id of the delegate."), WriteParams), request_body = Delegate, responses((status = 200, body = Delegate)))]
#[put("/tours/{tour}/delegates/{id}")]
pub async fn replace_delegate(ask: Ask, payload: Payload) -> Answer {
    write::replace::<Delegate>(ask, payload).await
}

/// Change parts of a delegate of a study tour
///
/// For admins, and for users of the two cities. By JSON Merge Patch or JSON Patch, as the media type says.
#[utoipa::path(tag = "tours", params(("tour" = TourId, Path, description = "Id of the study tour."), ("id" = DelegateId, Path, description = "Id of the delegate."), WriteParams), responses((status = 200, body = Delegate)))]
#[patch("/tours/{tour}/delegates/{id}")]
pub async fn update_delegate(ask: Ask, payload: Payload) -> Answer {
    write::patch::<Delegate>(ask, payload).await
}

/// Remove a delegate from a study tour
///
/// For admins, and for users of the two cities. The numbers of delegates in the tour are counted anew.
#[utoipa::path(tag = "tours", params(("tour" = TourId, Path, description = "Id of the study tour."), ("id" = DelegateId, Path, description = "Id of the delegate."), WriteParams), responses((status = 204)))]
#[delete("/tours/{tour}/delegates/{id}")]
pub async fn delete_delegate(ask: Ask) -> Answer {
    write::delete::<Delegate>(ask).await
}
