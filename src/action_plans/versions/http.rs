//! `/action-plans/{id}/versions` and `/action-plans/{id}/diff`.

use actix_web::http::header;
use actix_web::{HttpResponse, get, post};

use super::{
    BY_NUMBER, DiffParams, OpenVersions, PlanVersion, Restore, compared, find_version,
    list_versions, open_to,
};
use crate::action_plans::diff::{Difference, difference_of_documents};
use crate::action_plans::types::ActionPlan;
use crate::events::Manner;
use crate::ids::PlanId;
use crate::problem::{Code, Problem};
use crate::read::{self, Answer, PageParams};
use crate::request::{Ask, Asking, etag};
use crate::resource::{Listing, Meta};
use crate::write::{self, WriteParams};

/// List the versions of an action plan
///
/// Every write makes one, newest first. Its proponents and admins see all of them, others those that were published since
/// the plan was last withdrawn, and the one that they read; a partner city also every one that was handed in to its pairing.
#[utoipa::path(tag = "action plans", params(("id" = PlanId, Path, description = "Id of the action plan."), PageParams), responses((status = 200, body = Listing<PlanVersion>)))]
#[get("/action-plans/{id}/versions")]
pub async fn list_action_plan_versions(asking: Asking) -> Answer {
    read::parts_of::<ActionPlan, _>(asking, BY_NUMBER, async |ask, conn, plan, page| {
        list_versions(conn, &ask.caller, plan, page).await
    })
    .await
}

/// Get a version of an action plan
///
/// The plan as it was then. A version never changes.
#[utoipa::path(tag = "action plans", params(("id" = PlanId, Path, description = "Id of the action plan."), ("version" = i64, Path, description = "Number of the version.", minimum = 1, maximum = 9_007_199_254_740_991_i64)), responses((status = 200, body = ActionPlan)))]
#[get("/action-plans/{id}/versions/{version}")]
pub async fn get_action_plan_version(asking: Asking) -> Answer {
    let accepted = read::negotiate(asking.ask(), None, read::JSON_ALONE);
    let (asking, ()) = asking.with(accepted).await?;
    let (ask, conn, plan) = read::seen::<ActionPlan>(asking).await?;
    let number = number_in_path(&ask)?;
    let open = open_to(&ask.caller, &plan);
    let found = find_version(&conn, plan.id, number, &open).await?;
    let found = found.ok_or(Problem::new(Code::NotFound))?;
    let found = found.seen_by(&conn, &ask.caller, &open).await?;
    drop(conn);
    let tag = etag(Meta {
        version: number,
        created_at: found.at,
        updated_at: found.at,
        beside: found.hidden,
    });
    let mut answer = if ask.none_match(&tag) {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    answer
        .insert_header((header::ETAG, tag.as_str()))
        .insert_header(kept_for(&ask, &open))
        .insert_header(read::vary());
    if ask.none_match(&tag) {
        return Ok(answer.finish());
    }
    Ok(answer
        .insert_header((header::LAST_MODIFIED, read::http_date(found.at)))
        .content_type("application/json")
        .body(found.into_bytes()))
}

/// Restore a version of an action plan
///
/// For users of its proponents, and admins. Makes a new version that says what the old one said, through all the checks of
/// a replacement: what no longer holds is told by its place in the old version (`not_restorable`); read it, mend that and
/// send it as a replacement. Status and template stay.
#[utoipa::path(tag = "action plans", params(("id" = PlanId, Path, description = "Id of the action plan."), ("version" = i64, Path, description = "Number of the version.", minimum = 1, maximum = 9_007_199_254_740_991_i64), WriteParams), responses((status = 200, body = ActionPlan), (status = 428)))]
#[post("/action-plans/{id}/versions/{version}/restore")]
pub async fn restore_action_plan_version(mut ask: Ask) -> Answer {
    ask.manner = Manner::Restoring(number_in_path(&ask).unwrap_or_default());
    write::act_without_body::<Restore>(ask).await
}

/// Compare two versions of an action plan
///
/// As JSON Patch for programs, and by field and part for people. A version that you may not see is as one that is not
/// there. Without parameters: what has changed from the version before the newest one that you see. Where there is no
/// earlier one that you may see, `from` has to be said (`no_earlier_version`).
#[utoipa::path(tag = "action plans", params(("id" = PlanId, Path, description = "Id of the action plan."), DiffParams), responses((status = 200, body = Difference)))]
#[get("/action-plans/{id}/diff")]
pub async fn get_action_plan_diff(asking: Asking) -> Answer {
    let accepted = read::negotiate(asking.ask(), None, read::JSON_ALONE);
    let (asking, ()) = asking.with(accepted).await?;
    let (ask, conn, plan) = read::seen::<ActionPlan>(asking).await?;
    let (from, to) = compared(&conn, &ask.caller, &plan, &ask.parameters()?).await?;
    drop(conn);
    let json = read::bytes(&difference_of_documents(&from, &to))?;
    Ok(read::conditional(&ask, json))
}

/// How long a version may be kept: for good by who sees all of it. Others may lose sight of what it came from.
fn kept_for(ask: &Ask, open: &OpenVersions) -> (header::HeaderName, header::HeaderValue) {
    match open {
        OpenVersions::All => {
            let for_good = "private, max-age=31536000, immutable";
            (
                header::CACHE_CONTROL,
                header::HeaderValue::from_static(for_good),
            )
        }
        OpenVersions::Shared { .. } => read::cache(ask),
    }
}

/// The number of a version in the path; what is none, nothing has.
fn number_in_path(ask: &Ask) -> Result<i64, Problem> {
    let part = ask.path_part(1);
    let number = part.parse::<i64>().ok().filter(|number| *number > 0);
    number
        .filter(|number| number.to_string() == part)
        .ok_or(Problem::new(Code::NotFound))
}
