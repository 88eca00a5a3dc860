//! What is told about a plan: what submitting it would say, where its translations stand, and all of it at a glance.

use std::collections::BTreeSet;

use actix_web::get;
use actix_web::http::header::ACCEPT_LANGUAGE;
use diesel::result::Error;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::summary::names::named;
use super::summary::{PlanSummary, SummaryPage, summary};
use super::texts::texts;
use super::translations::kept::of_version;
use super::translations::{Translation, work_list};
use super::types::ActionPlan;
use super::validation::{PlanValidation, validation};
use crate::ids::PlanId;
use crate::messages::{Language, best_language};
use crate::problem::{Code, Problem};
use crate::read::{self, Answer};
use crate::request::Asking;
use crate::resource::Resource;
use crate::templates::types::Template;
use crate::text::LanguageTag;

/// Tell what submitting an action plan would say
///
/// Section by section along its template: what is missing, with its place and in words. Of a plan that you may not change
/// it tells of what you see.
#[utoipa::path(tag = "action plans", params(("id" = PlanId, Path, description = "Id of the action plan.")), responses((status = 200, body = PlanValidation)))]
#[get("/action-plans/{id}/validation")]
pub async fn get_action_plan_validation(asking: Asking) -> Answer {
    let ask = asking.ask();
    let language = Language::negotiate(Some(&ask.header(ACCEPT_LANGUAGE)));
    let mut answer = read::part_of::<ActionPlan, _>(asking, async |conn, caller, stored| {
        let template = Template::find(conn, caller, &stored.template).await?;
        let template = template.ok_or(Error::NotFound)?;
        Ok(validation(&stored.plan()?, &template).answer(language))
    })
    .await?;
    read::in_language(&mut answer, language.tag(), true);
    Ok(answer)
}

/// Which languages a list of translations tells of.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TranslationParams {
    /// Only these languages; when none is given, the plan's own and each that occurs in it.
    #[serde(default)]
    #[param(max_items = 30)]
    pub language: Vec<LanguageTag>,
}

/// Where the texts of a plan stand in each language.
#[derive(Serialize, ToSchema)]
pub struct PlanTranslations {
    /// In the document's order; of each text its own language first.
    #[schema(max_items = 100_000)]
    pub items: Vec<Translation>,
}

/// List the translations of an action plan
///
/// A work list for translators: which texts are there in a language, which are missing, and which are behind the text in
/// the plan's own language, because that has changed since. A change with `minor=true` leaves them as they were.
#[utoipa::path(tag = "action plans", params(("id" = PlanId, Path, description = "Id of the action plan."), TranslationParams), responses((status = 200, body = PlanTranslations)))]
#[get("/action-plans/{id}/translations")]
pub async fn list_action_plan_translations(asking: Asking) -> Answer {
    let params = asking.ask().parameters::<TranslationParams>();
    let (asking, params) = asking.with(params).await?;
    let languages: Vec<String> = params.language.into_iter().map(|tag| tag.0).collect();
    read::part_of::<ActionPlan, _>(asking, async |conn, _, stored| {
        let kept = of_version(conn, stored.id, stored.version).await?;
        let items = work_list(&stored.plan()?, &kept, &languages);
        Ok(PlanTranslations { items })
    })
    .await
}

/// How a summary is answered, by its short name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SummaryFormat {
    /// `application/json`.
    Json,
    /// `text/plain`: a page of text.
    Text,
}

/// How a summary is told.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SummaryParams {
    /// Representation, for links: overrides `Accept`.
    #[param(inline)]
    pub format: Option<SummaryFormat>,
    /// The language of the page of text (BCP 47). When left out, the one of the plan's languages that `Accept-Language`
    /// wants most, else the plan's own.
    #[param(inline)]
    pub lang: Option<LanguageTag>,
}

const FORMATS: &[(SummaryFormat, &str)] = &[
    (SummaryFormat::Json, "application/json"),
    (SummaryFormat::Text, "text/plain"),
];

/// Tell an action plan at a glance
///
/// On one page: who, with whom, on what, the main activities and what is to come of them. As JSON, or by
/// `Accept: text/plain` or `format=text` as a page of text in the language of `lang`, else of `Accept-Language`.
#[utoipa::path(tag = "action plans", params(("id" = PlanId, Path, description = "Id of the action plan."), SummaryParams), responses((status = 200, content((PlanSummary = "application/json"), (SummaryPage = "text/plain")))))]
#[get("/action-plans/{id}/summary")]
pub async fn get_action_plan_summary(asking: Asking) -> Answer {
    let params = asking.ask().parameters::<SummaryParams>();
    let (asking, params) = asking.with(params).await?;
    let format = read::negotiate(asking.ask(), params.format, FORMATS);
    let (asking, format) = asking.with(format).await?;
    let (ask, conn, stored) = read::seen::<ActionPlan>(asking).await?;
    let plan = stored.plan()?;
    let found = named(&conn, &plan).await?;
    drop(conn);
    let (pairing, names) = found.ok_or(Problem::new(Code::NotFound))?;
    let summary = summary(&plan, &pairing, &names);
    if format == SummaryFormat::Json {
        return Ok(read::conditional(&ask, read::bytes(&summary)?));
    }
    let chosen = params.lang.map(|tag| tag.0);
    let language = match &chosen {
        Some(chosen) => chosen.as_str(),
        None => wanted_language(&plan, &ask.header(ACCEPT_LANGUAGE)),
    };
    let page = summary.to_text(language).into_bytes();
    let mut answer = read::conditional_as(&ask, "text/plain; charset=utf-8", page);
    read::in_language(&mut answer, language, chosen.is_none());
    Ok(answer)
}

/// The one of the languages that a plan is written in that is wanted most, else its own.
pub(super) fn wanted_language<'a>(plan: &'a ActionPlan, accept: &str) -> &'a str {
    let texts = texts(plan);
    let tags = texts.iter().flat_map(|text| text.languages.keys().copied());
    let tags: BTreeSet<&str> = tags.collect();
    let tags: Vec<&str> = tags.into_iter().collect();
    best_language(accept, &tags).unwrap_or(&plan.language)
}
