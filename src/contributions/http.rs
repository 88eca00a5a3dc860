//! `/contributions` and the round tables of meetings: what is asked over HTTP, and what for.

use actix_web::web::Payload;
use actix_web::{delete, get, patch, post, put};

use super::round_table::{self, RoundTable, RoundTableParams};
use super::types::{Contribution, ContributionFilter};
use crate::ids::{ContributionId, MeetingId};
use crate::meetings::types::Meeting;
use crate::query::{ListParams, OneParams};
use crate::read::{self, Answer};
use crate::request::{Ask, Asking, RefParams};
use crate::resource::Listing;
use crate::write::{self, WriteParams};

/// List contributions
///
/// The cities' answers that you may see: your own city's, those shared with its partners or with the cities of its
/// meetings, and the public ones; for admins all of them.
#[utoipa::path(tag = "contributions", params(ListParams, ContributionFilter), responses((status = 200, body = Listing<Contribution>)))]
#[get("/contributions")]
pub async fn list_contributions(asking: Asking) -> Answer {
    read::list::<Contribution>(asking).await
}

/// Get a contribution
///
/// Its ETag is what a change of it has to send in `If-Match`.
#[utoipa::path(tag = "contributions", params(("id" = ContributionId, Path, description = "Id of the contribution."), OneParams), responses((status = 200, body = Contribution)))]
#[get("/contributions/{id}")]
pub async fn get_contribution(asking: Asking) -> Answer {
    read::one::<Contribution>(asking).await
}

/// Create a contribution
///
/// For users of the city, and admins. The city takes part in the meeting, and gives one answer to each question there.
#[utoipa::path(tag = "contributions", params(WriteParams), request_body = Contribution, responses((status = 201, body = Contribution)))]
#[post("/contributions")]
pub async fn create_contribution(ask: Ask, payload: Payload) -> Answer {
    write::create::<Contribution>(ask, payload).await
}

/// Replace a contribution
///
/// For users of the city, and admins. The body takes the place of all that is stored; meeting, question and city stay.
#[utoipa::path(tag = "contributions", params(("id" = ContributionId, Path, description = "Id of the contribution."), WriteParams), request_body = Contribution, responses((status = 200, body = Contribution)))]
#[put("/contributions/{id}")]
pub async fn replace_contribution(ask: Ask, payload: Payload) -> Answer {
    write::replace::<Contribution>(ask, payload).await
}

/// Change parts of a contribution
///
/// For users of the city, and admins. By JSON Merge Patch or JSON Patch, as the media type says; meeting, question and
/// city stay.
#[utoipa::path(tag = "contributions", params(("id" = ContributionId, Path, description = "Id of the contribution."), WriteParams), responses((status = 200, body = Contribution)))]
#[patch("/contributions/{id}")]
pub async fn update_contribution(ask: Ask, payload: Payload) -> Answer {
    write::patch::<Contribution>(ask, payload).await
}

/// Delete a contribution
///
/// For users of the city, and admins. What plans said of it goes with it.
#[utoipa::path(tag = "contributions", params(("id" = ContributionId, Path, description = "Id of the contribution."), WriteParams), responses((status = 204)))]
#[delete("/contributions/{id}")]
pub async fn delete_contribution(ask: Ask) -> Answer {
    write::delete::<Contribution>(ask).await
}

/// Get a contribution by the key of another system
///
/// The one that your city's own system knows by this key. Admins say which city's system in `city`, where the key stands
/// for several things. A key of another city is as one that is not there.
#[utoipa::path(tag = "contributions", params(("system" = String, Path, description = "The system that knows it, such as a domain name.", min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9._~-]+$", example = "plans.city.example"), ("key" = String, Path, description = "Its key there, percent-encoded.", min_length = 1, max_length = 200, pattern = "^[A-Za-z0-9._~:/-]+$", example = "LAP-2019-07"), RefParams, OneParams), security(("bearer" = [])), responses((status = 200, body = Contribution)))]
#[get("/contributions/by-ref/{system}/{key}")]
pub async fn get_contribution_by_ref(asking: Asking) -> Answer {
    read::one_by_ref::<Contribution>(asking).await
}

/// Create or replace a contribution by the key of another system
///
/// For users of the city, and admins. Makes the one that your city's own system knows by this key, or puts the body in its place; for an admin who
/// names no `city`, of the first city in the body. The body need not repeat the key: it is always among its
/// `external_refs`, and a body without any keeps those that are stored. What is stored already answers 200 and makes no
/// version, so it can be sent again at any time. No condition is needed; `If-None-Match: *` only creates, `If-Match` only
/// replaces.
#[utoipa::path(tag = "contributions", params(("system" = String, Path, description = "The system that knows it, such as a domain name.", min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9._~-]+$", example = "plans.city.example"), ("key" = String, Path, description = "Its key there, percent-encoded.", min_length = 1, max_length = 200, pattern = "^[A-Za-z0-9._~:/-]+$", example = "LAP-2019-07"), RefParams, WriteParams), request_body = Contribution, responses((status = 200, body = Contribution), (status = 201, body = Contribution)))]
#[put("/contributions/by-ref/{system}/{key}")]
pub async fn put_contribution_by_ref(ask: Ask, payload: Payload) -> Answer {
    write::put_by_ref::<Contribution>(ask, payload).await
}

/// Delete a contribution by the key of another system
///
/// For users of the city, and admins. A 404 to a repeated request means that it is done.
#[utoipa::path(tag = "contributions", params(("system" = String, Path, description = "The system that knows it, such as a domain name.", min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9._~-]+$", example = "plans.city.example"), ("key" = String, Path, description = "Its key there, percent-encoded.", min_length = 1, max_length = 200, pattern = "^[A-Za-z0-9._~:/-]+$", example = "LAP-2019-07"), RefParams, WriteParams), responses((status = 204)))]
#[delete("/contributions/by-ref/{system}/{key}")]
pub async fn delete_contribution_by_ref(ask: Ask) -> Answer {
    write::delete_by_ref::<Contribution>(ask).await
}

/// Get the round table of a meeting
///
/// Every key question with the cities' answers, question by question and city by city, as far as you may see them.
#[utoipa::path(tag = "contributions", params(("id" = MeetingId, Path, description = "Id of the meeting."), RoundTableParams), responses((status = 200, body = RoundTable)))]
#[get("/meetings/{id}/round-table")]
pub async fn get_round_table(asking: Asking) -> Answer {
    let params = asking.ask().parameters::<RoundTableParams>();
    let (asking, params) = asking.with(params).await?;
    read::part_of::<Meeting, _>(asking, async |conn, caller, meeting| {
        round_table::find(conn, caller, meeting, &params.include).await
    })
    .await
}
