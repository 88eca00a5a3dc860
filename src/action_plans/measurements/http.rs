//! `/action-plans/{plan}/indicators/{indicator}/measurements`: what is asked over HTTP, and what for.

use actix_web::web::Payload;
use actix_web::{get, post};

use super::types::{Measurement, MeasurementFilter};
use crate::action_plans::types::PartKey;
use crate::ids::{MeasurementId, PlanId};
use crate::query::{ListParams, OneParams};
use crate::read::{self, Answer};
use crate::request::{Ask, Asking};
use crate::resource::Listing;
use crate::write::{self, WriteParams};

/// List the measurements of an indicator
///
/// For whoever sees the indicator in the plan; of a published plan that is everybody.
#[utoipa::path(tag = "action plans", params(("plan" = PlanId, Path, description = "Id of the action plan."), ("indicator" = PartKey, Path, description = "Key of the indicator."), ListParams, MeasurementFilter), responses((status = 200, body = Listing<Measurement>)))]
#[get("/action-plans/{plan}/indicators/{indicator}/measurements")]
pub async fn list_measurements(asking: Asking) -> Answer {
    read::list::<Measurement>(asking).await
}

/// Get a measurement of an indicator
///
/// For whoever sees the indicator in the plan. It never changes.
#[utoipa::path(tag = "action plans", params(("plan" = PlanId, Path, description = "Id of the action plan."), ("indicator" = PartKey, Path, description = "Key of the indicator."), ("id" = MeasurementId, Path, description = "Id of the measurement."), OneParams), responses((status = 200, body = Measurement)))]
#[get("/action-plans/{plan}/indicators/{indicator}/measurements/{id}")]
pub async fn get_measurement(asking: Asking) -> Answer {
    read::one::<Measurement>(asking).await
}

/// Add a measurement to an indicator
///
/// For users of the plan's proponents, and admins. What is noted stays: a wrong one is answered by a right one for the
/// same day. From then on the indicator stays in the plan, under its key and in its unit (`indicator_measured`).
#[utoipa::path(tag = "action plans", params(("plan" = PlanId, Path, description = "Id of the action plan."), ("indicator" = PartKey, Path, description = "Key of the indicator."), WriteParams), request_body = Measurement, responses((status = 201, body = Measurement)))]
#[post("/action-plans/{plan}/indicators/{indicator}/measurements")]
pub async fn create_measurement(ask: Ask, payload: Payload) -> Answer {
    write::create::<Measurement>(ask, payload).await
}
