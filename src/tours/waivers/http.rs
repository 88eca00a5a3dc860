//! `/tours/{tour}/waivers`: what is asked over HTTP, and what for.

use actix_web::web::Payload;
use actix_web::{delete, get, post};

use super::types::{Waiver, WaiverFilter};
use crate::ids::TourId;
use crate::query::{ListParams, OneParams};
use crate::read::{self, Answer};
use crate::request::{Ask, Asking};
use crate::resource::Listing;
use crate::tours::types::TourCheck;
use crate::write::{self, WriteParams};

/// List what is waived for a study tour
///
/// The guidelines that are not asked of it, with the reasons.
#[utoipa::path(tag = "tours", params(("tour" = TourId, Path, description = "Id of the study tour."), ListParams, WaiverFilter), responses((status = 200, body = Listing<Waiver>)))]
#[get("/tours/{tour}/waivers")]
pub async fn list_waivers(asking: Asking) -> Answer {
    read::list::<Waiver>(asking).await
}

/// Get a waiver for a study tour
///
/// Its ETag is what withdrawing it has to send in `If-Match`.
#[utoipa::path(tag = "tours", params(("tour" = TourId, Path, description = "Id of the study tour."), ("check" = TourCheck, Path, description = "The check that is waived."), OneParams), responses((status = 200, body = Waiver)))]
#[get("/tours/{tour}/waivers/{check}")]
pub async fn get_waiver(asking: Asking) -> Answer {
    read::one::<Waiver>(asking).await
}

/// Waive a check of a study tour
///
/// For admins, with a reason. The tour can then be confirmed though it does not keep this guideline. That there are not
/// too many delegates paid by the programme cannot be waived, nor what is no guideline (`not_waivable`).
#[utoipa::path(tag = "tours", params(("tour" = TourId, Path, description = "Id of the study tour."), WriteParams), request_body = Waiver, responses((status = 201, body = Waiver)))]
#[post("/tours/{tour}/waivers")]
pub async fn create_waiver(ask: Ask, payload: Payload) -> Answer {
    write::create::<Waiver>(ask, payload).await
}

/// Withdraw a waiver for a study tour
///
/// For admins. Refused while the tour is confirmed or completed and does not keep the guideline by itself (`guideline`).
#[utoipa::path(tag = "tours", params(("tour" = TourId, Path, description = "Id of the study tour."), ("check" = TourCheck, Path, description = "The check that is waived."), WriteParams), responses((status = 204)))]
#[delete("/tours/{tour}/waivers/{check}")]
pub async fn delete_waiver(ask: Ask) -> Answer {
    write::delete::<Waiver>(ask).await
}
