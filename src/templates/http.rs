//! `/templates`: what is asked over HTTP, and what for.

use actix_web::web::Payload;
use actix_web::{delete, get, patch, post, put};
use serde::Deserialize;

use super::schema::{self, JsonSchema};
use super::types::{Template, TemplateFilter};
use crate::ids::TemplateId;
use crate::query::{ListParams, OneParams};
use crate::read::{self, Answer};
use crate::request::{Ask, Asking};
use crate::resource::Listing;
use crate::text::LanguageTag;
use crate::write::{self, WriteParams};

const SCHEMA_TYPES: &[(&str, &str)] = &[
    ("application/json", "application/json"),
    ("application/schema+json", "application/schema+json"),
];

/// List templates
///
/// The templates of action plans: which sections a plan has, in which order.
#[utoipa::path(tag = "templates", params(ListParams, TemplateFilter), responses((status = 200, body = Listing<Template>)))]
#[get("/templates")]
pub async fn list_templates(asking: Asking) -> Answer {
    read::list::<Template>(asking).await
}

/// Get a template
///
/// Its ETag is what a change of it has to send in `If-Match`.
#[utoipa::path(tag = "templates", params(("id" = TemplateId, Path, description = "Id of the template."), OneParams), responses((status = 200, body = Template)))]
#[get("/templates/{id}")]
pub async fn get_template(asking: Asking) -> Answer {
    read::one::<Template>(asking).await
}

/// How a schema is told.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SchemaParams {
    /// The language of titles and descriptions (BCP 47), where the template has it; English when left out.
    #[param(inline)]
    pub lang: Option<LanguageTag>,
}

/// Get the JSON Schema of the plans along a template
///
/// What a plan that is sent has to be like, draft or not, in the template's order and under its headings: the schema that
/// the service itself checks bodies with (JSON Schema 2020-12). By `Accept: application/schema+json` under that media type.
#[utoipa::path(tag = "templates", params(("id" = TemplateId, Path, description = "Id of the template."), SchemaParams), responses((status = 200, content((JsonSchema = "application/json"), (JsonSchema = "application/schema+json")))))]
#[get("/templates/{id}/schema")]
pub async fn get_template_schema(asking: Asking) -> Answer {
    let params = asking.ask().parameters::<SchemaParams>();
    let (asking, params) = asking.with(params).await?;
    let media_type = read::negotiate(asking.ask(), None, SCHEMA_TYPES);
    let (asking, media_type) = asking.with(media_type).await?;
    let (ask, conn, template) = read::seen::<Template>(asking).await?;
    drop(conn);
    let language = params.lang.map_or_else(|| "en".to_owned(), |tag| tag.0);
    schema::answer(&ask, &template, &language, media_type)
}

/// Create a template
///
/// For admins.
#[utoipa::path(tag = "templates", params(WriteParams), request_body = Template, responses((status = 201, body = Template)))]
#[post("/templates")]
pub async fn create_template(ask: Ask, payload: Payload) -> Answer {
    write::create::<Template>(ask, payload).await
}

/// Replace a template
///
/// For admins. The body takes the place of all that is stored; fields left out become empty. The sections stay, but
/// for their hints, once a plan is written along the template.
#[utoipa::path(tag = "templates", params(("id" = TemplateId, Path, description = "Id of the template."), WriteParams), request_body = Template, responses((status = 200, body = Template)))]
#[put("/templates/{id}")]
pub async fn replace_template(ask: Ask, payload: Payload) -> Answer {
    write::replace::<Template>(ask, payload).await
}

/// Change parts of a template
///
/// For admins. By JSON Merge Patch or JSON Patch, as the media type says. Once a plan is written along the template, its
/// sections stay, but for their hints (`template_in_use`): make a new one.
#[utoipa::path(tag = "templates", params(("id" = TemplateId, Path, description = "Id of the template."), WriteParams), responses((status = 200, body = Template)))]
#[patch("/templates/{id}")]
pub async fn update_template(ask: Ask, payload: Payload) -> Answer {
    write::patch::<Template>(ask, payload).await
}

/// Delete a template
///
/// For admins. Refused while something else refers to it; its id is never given again.
#[utoipa::path(tag = "templates", params(("id" = TemplateId, Path, description = "Id of the template."), WriteParams), responses((status = 204)))]
#[delete("/templates/{id}")]
pub async fn delete_template(ask: Ask) -> Answer {
    write::delete::<Template>(ask).await
}
