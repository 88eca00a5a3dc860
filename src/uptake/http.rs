//! What became of lessons: what is asked over HTTP, and what for.

use actix_web::web::Payload;
use actix_web::{get, post};

use super::declines::{self, DeclineLesson};
use super::types::{Decline, DeclineRequest, Declines};
use crate::contributions::types::Contribution;
use crate::ids::ContributionId;
use crate::read::{self, Answer};
use crate::request::{Ask, Asking};
use crate::write::{self, WriteParams};

/// Decline a lesson
///
/// For users of the plan's proponents who may see the contribution, and admins: says that the plan does not adopt this
/// lesson, and why. Saying it again replaces the reason (200). A plan that names it as a source cannot decline it (409).
#[utoipa::path(tag = "contributions", params(("id" = ContributionId, Path, description = "Id of the contribution."), WriteParams), request_body = DeclineRequest, responses((status = 200, body = Decline), (status = 201, body = Decline)))]
#[post("/contributions/{id}/decline")]
pub async fn decline_contribution(ask: Ask, payload: Payload) -> Answer {
    write::act::<DeclineLesson>(ask, payload).await
}

/// List the plans that decline a lesson
///
/// With their reasons, newest first: all of them for users of the city whose lesson it is and for admins, for others
/// those of their own plans.
#[utoipa::path(tag = "contributions", params(("id" = ContributionId, Path, description = "Id of the contribution.")), responses((status = 200, body = Declines)))]
#[get("/contributions/{id}/declines")]
pub async fn list_contribution_declines(asking: Asking) -> Answer {
    read::part_of::<Contribution, _>(asking, async |conn, caller, lesson| {
        Ok(Declines {
            items: declines::list(conn, caller, lesson).await?,
        })
    })
    .await
}
