//! What became of lessons: what is asked over HTTP, and what for.

use actix_web::web::Payload;
use actix_web::{delete, get, post};

use super::along::FlowParams;
use super::declines::DeclineLesson;
use super::flow::{self, PairingFlow};
use super::types::{Decline, DeclineFilter, DeclineRequest};
use super::uses::{self, BY_PLACE, SourceUse};
use crate::action_plans::types::SourceType;
use crate::contributions::types::Contribution;
use crate::ids::{ContributionId, PairingId, PlanId};
use crate::knowledge::types::KnowledgeItem;
use crate::meetings::types::Meeting;
use crate::pairings::types::Pairing;
use crate::problem::{Code, Problem};
use crate::query::{ListParams, OneParams};
use crate::read::{self, Answer, PageParams};
use crate::request::{Ask, Asking};
use crate::resource::{Listing, Resource};
use crate::tours::types::Tour;
use crate::write::{self, WriteParams};

/// Decline a lesson
///
/// For users of the plan's proponents who may see the contribution, and admins: says that the plan does not adopt this
/// lesson, and why. Saying it again replaces the reason (200). A plan that names it as a source cannot decline it (409),
/// unless only an activity that was dropped names it; nor can a withdrawn one (409). The lesson is one of the plan's
/// pairing, and of another city than the one that writes the plan alone. What was declined ends with that, when the plan
/// comes to name the lesson, and with the plan.
#[utoipa::path(tag = "contributions", params(("id" = ContributionId, Path, description = "Id of the contribution."), WriteParams), request_body = DeclineRequest, responses((status = 200, body = Decline), (status = 201, body = Decline)))]
#[post("/contributions/{id}/decline")]
pub async fn decline_contribution(ask: Ask, payload: Payload) -> Answer {
    write::act::<DeclineLesson>(ask, payload).await
}

/// List the plans that decline a lesson
///
/// With their reasons: all of them for users of the city whose lesson it is, also of plans that they do not see otherwise, and
/// for admins; for others those of their own plans.
#[utoipa::path(tag = "contributions", params(("contribution" = ContributionId, Path, description = "Id of the contribution."), ListParams, DeclineFilter), security(("bearer" = [])), responses((status = 200, body = Listing<Decline>)))]
#[get("/contributions/{contribution}/declines")]
pub async fn list_contribution_declines(asking: Asking) -> Answer {
    read::list::<Decline>(asking).await
}

/// Get what a plan says of a lesson that it declines
///
/// Its ETag is what taking it back has to send in `If-Match`.
#[utoipa::path(tag = "contributions", params(("contribution" = ContributionId, Path, description = "Id of the contribution."), ("plan" = PlanId, Path, description = "Id of the action plan."), OneParams), security(("bearer" = [])), responses((status = 200, body = Decline)))]
#[get("/contributions/{contribution}/declines/{plan}")]
pub async fn get_contribution_decline(asking: Asking) -> Answer {
    read::one::<Decline>(asking).await
}

/// Take back that a plan declines a lesson
///
/// For users of the plan's proponents, and admins. The plan has then said nothing of the lesson.
#[utoipa::path(tag = "contributions", params(("contribution" = ContributionId, Path, description = "Id of the contribution."), ("plan" = PlanId, Path, description = "Id of the action plan."), WriteParams), responses((status = 204)))]
#[delete("/contributions/{contribution}/declines/{plan}")]
pub async fn delete_contribution_decline(ask: Ask) -> Answer {
    write::delete::<Decline>(ask).await
}

/// Tell where a source went
///
/// The plans and activities that name a contribution, tour, meeting or knowledge item, the newest plan first: of each
/// plan the version that you see.
#[utoipa::path(tag = "action plans", params(("type" = SourceType, Path, description = "What kind of thing it is."), ("id" = String, Path, description = "Its id.", max_length = 80, pattern = "^[a-z0-9-]+$", example = "exchange-meeting-3"), PageParams), responses((status = 200, body = Listing<SourceUse>)))]
#[get("/sources/{type}/{id}/uses")]
pub async fn list_source_uses(asking: Asking) -> Answer {
    let kind = asking.ask().path_part(0).parse();
    let (asking, kind) = asking
        .with(kind.map_err(|_| Problem::new(Code::NotFound)))
        .await?;
    match kind {
        SourceType::Contribution => uses_of::<Contribution>(asking, kind).await,
        SourceType::Tour => uses_of::<Tour>(asking, kind).await,
        SourceType::Meeting => uses_of::<Meeting>(asking, kind).await,
        SourceType::Knowledge => uses_of::<KnowledgeItem>(asking, kind).await,
    }
}

async fn uses_of<R: Resource<Seen = R>>(asking: Asking, kind: SourceType) -> Answer {
    read::parts_of::<R, _>(
        asking.at_place(1),
        BY_PLACE,
        async |ask, conn, source, page| {
            let id = Resource::id(source).to_string();
            uses::list(conn, &ask.caller, kind, &id, page).await
        },
    )
    .await
}

/// Tell the way from lessons to activities in a pairing
///
/// What the cities of the pairing said at round tables, its tours and knowledge items and whatever else its plans name, and
/// what became of each: adopted by a plan, declined with a reason, or pending. All of it as far as you see it; of your own
/// city's lessons also why a plan declines them that you do not see.
#[utoipa::path(tag = "pairings", params(("id" = PairingId, Path, description = "Id of the pairing."), FlowParams), responses((status = 200, body = PairingFlow)))]
#[get("/pairings/{id}/flow")]
pub async fn get_pairing_flow(asking: Asking) -> Answer {
    let params = asking.ask().parameters::<FlowParams>();
    let (asking, params) = asking.with(params).await?;
    read::part_of::<Pairing, _>(asking, async |conn, caller, pairing| {
        flow::flow(conn, caller, pairing, &params.include).await
    })
    .await
}
