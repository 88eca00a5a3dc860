//! `/meetings`: what is asked over HTTP, and what for.

use actix_web::web::Payload;
use actix_web::{delete, get, patch, post, put};

use super::db::list_dates;
use super::types::{Meeting, MeetingFilter, PlannedDates};
use crate::ids::MeetingId;
use crate::query::{ListParams, OneParams};
use crate::read::{self, Answer};
use crate::request::{Ask, Asking};
use crate::resource::Listing;
use crate::write::{self, WriteParams};

/// List meetings
///
/// Exchange meetings, webinars and workshops, also those without a known date.
#[utoipa::path(tag = "meetings", params(ListParams, MeetingFilter), responses((status = 200, body = Listing<Meeting>)))]
#[get("/meetings")]
pub async fn list_meetings(asking: Asking) -> Answer {
    read::list::<Meeting>(asking).await
}

/// Get a meeting
///
/// Its ETag is what a change of it has to send in `If-Match`.
#[utoipa::path(tag = "meetings", params(("id" = MeetingId, Path, description = "Id of the meeting."), OneParams), responses((status = 200, body = Meeting)))]
#[get("/meetings/{id}")]
pub async fn get_meeting(asking: Asking) -> Answer {
    read::one::<Meeting>(asking).await
}

/// Create a meeting
///
/// For admins.
#[utoipa::path(tag = "meetings", params(WriteParams), request_body = Meeting, responses((status = 201, body = Meeting)))]
#[post("/meetings")]
pub async fn create_meeting(ask: Ask, payload: Payload) -> Answer {
    write::create::<Meeting>(ask, payload).await
}

/// Replace a meeting
///
/// For admins. The body takes the place of all that is stored; fields left out become empty.
#[utoipa::path(tag = "meetings", params(("id" = MeetingId, Path, description = "Id of the meeting."), WriteParams), request_body = Meeting, responses((status = 200, body = Meeting)))]
#[put("/meetings/{id}")]
pub async fn replace_meeting(ask: Ask, payload: Payload) -> Answer {
    write::replace::<Meeting>(ask, payload).await
}

/// Change parts of a meeting
///
/// For admins. By JSON Merge Patch or JSON Patch, as the media type says.
#[utoipa::path(tag = "meetings", params(("id" = MeetingId, Path, description = "Id of the meeting."), WriteParams), responses((status = 200, body = Meeting)))]
#[patch("/meetings/{id}")]
pub async fn update_meeting(ask: Ask, payload: Payload) -> Answer {
    write::patch::<Meeting>(ask, payload).await
}

/// Delete a meeting
///
/// For admins. Refused while something else refers to it; its id is never given again.
#[utoipa::path(tag = "meetings", params(("id" = MeetingId, Path, description = "Id of the meeting."), WriteParams), responses((status = 204)))]
#[delete("/meetings/{id}")]
pub async fn delete_meeting(ask: Ask) -> Answer {
    write::delete::<Meeting>(ask).await
}

/// List what was planned for a meeting
///
/// Each date and status that it ever had, newest first, with since when, by whom and why.
#[utoipa::path(tag = "meetings", params(("id" = MeetingId, Path, description = "Id of the meeting.")), responses((status = 200, body = PlannedDates)))]
#[get("/meetings/{id}/dates")]
pub async fn list_meeting_dates(asking: Asking) -> Answer {
    read::part_of::<Meeting, _>(asking, async |conn, _, meeting| {
        Ok(PlannedDates {
            items: list_dates(conn, &meeting.id).await?,
        })
    })
    .await
}
