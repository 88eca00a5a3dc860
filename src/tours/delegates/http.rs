//! `/tours/{tour}/delegates`: what is asked over HTTP, and what for.

use actix_web::web::Payload;
use actix_web::{delete, get, patch, post, put};

use serde_json::Value;

use super::retention::is_past;
use super::types::{Delegate, DelegateFilter};
use crate::clock::now;
use crate::ids::{DelegateId, TourId};
use crate::problem::{Fault, Faults, Problem, Rule};
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
/// For admins, and for users of the two cities. The numbers in the tour are never fewer than are listed: a list that grows
/// beyond them raises them. The programme pays for no more than its guidelines allow: a further one is refused
/// (`too_many_funded`). A tour whose delegates are to be forgotten by now takes none.
#[utoipa::path(tag = "tours", params(("tour" = TourId, Path, description = "Id of the study tour."), WriteParams), request_body = Delegate, responses((status = 201, body = Delegate)))]
#[post("/tours/{tour}/delegates")]
pub async fn create_delegate(ask: Ask, payload: Payload) -> Answer {
    write::create_with::<Delegate>(ask, payload, in_time).await
}

/// No delegates are noted only to be forgotten.
async fn in_time(ask: Ask, body: Value) -> Result<(Value, Faults), Problem> {
    let mut faults = Faults::new();
    let months = ask.app.config.settings.delegate_months;
    let tour = ask.parents::<Delegate>().first();
    if let Some(tour) = tour.and_then(|tour| tour.parse().ok()) {
        let mut conn = ask.app.db.connection().await?;
        if is_past(&mut conn, tour, now(), months).await? {
            faults.push(Fault::at("", Rule::DelegatesForgotten).with("months", months));
        }
    }
    Ok((body, faults))
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
/// For admins, and for users of the two cities. A number in the tour that was counted from the list is counted anew; one
/// that was recorded stays. Refused where a confirmed or completed tour would come to have too few that the programme pays
/// for (`guideline`), unless that is waived.
#[utoipa::path(tag = "tours", params(("tour" = TourId, Path, description = "Id of the study tour."), ("id" = DelegateId, Path, description = "Id of the delegate."), WriteParams), responses((status = 204)))]
#[delete("/tours/{tour}/delegates/{id}")]
pub async fn delete_delegate(ask: Ask) -> Answer {
    write::delete::<Delegate>(ask).await
}
