//! What is told about a plan: what submitting it would say.

use actix_web::get;
use actix_web::http::header::ACCEPT_LANGUAGE;
use diesel::result::Error;

use super::types::ActionPlan;
use super::validation::{PlanValidation, validation};
use crate::ids::{PlanId, TemplateId};
use crate::messages::Language;
use crate::read::{self, Answer};
use crate::request::Asking;
use crate::resource::Resource;
use crate::templates::types::Template;

/// Tell what submitting an action plan would say
///
/// Section by section along its template: what is missing, with its place and in words. Of a plan that you may not change
/// it tells of what you see.
#[utoipa::path(tag = "action plans", params(("id" = PlanId, Path, description = "Id of the action plan.")), responses((status = 200, body = PlanValidation)))]
#[get("/action-plans/{id}/validation")]
pub async fn get_action_plan_validation(asking: Asking) -> Answer {
    let ask = asking.ask();
    let language = Language::negotiate(Some(&ask.header(ACCEPT_LANGUAGE)));
    read::part_of::<ActionPlan, _>(asking, async |conn, caller, stored| {
        let template: &TemplateId = &stored.template;
        let template = Template::find(conn, caller, template).await?;
        let template = template.ok_or(Error::NotFound)?;
        Ok(validation(&stored.plan()?, &template).answer(language))
    })
    .await
}
