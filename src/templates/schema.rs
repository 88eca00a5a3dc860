//! The JSON Schema of the plans that are written along a template, for form builders and for checks before sending.
//!
//! It is the schema that the service itself holds bodies against, with the sections in the template's order and under
//! its headings.

use actix_web::HttpResponse;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::openapi::schema::{AdditionalProperties, Type};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::types::Template;
use crate::app::App;
use crate::problem::{Code, Problem};
use crate::read::{bytes, conditional_as};
use crate::request::Ask;

/// The body of a plan.
const PLAN: &str = "ActionPlanWrite";

/// A JSON Schema (2020-12).
#[derive(Serialize)]
pub struct JsonSchema(Value);

impl PartialSchema for JsonSchema {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some("A JSON Schema (2020-12)."))
            .property(
                "title",
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .description(Some("The name of the template."))
                    .max_length(Some(20_000)),
            )
            .additional_properties(Some(AdditionalProperties::FreeForm(true)))
            .into()
    }
}

impl ToSchema for JsonSchema {}

/// The schema as this media type.
pub fn answer(
    ask: &Ask,
    template: &Template,
    language: &str,
    media_type: &str,
) -> Result<HttpResponse, Problem> {
    let schema = schema_of(&ask.app, template, language)?;
    Ok(conditional_as(ask, media_type, bytes(&schema)?))
}

fn schema_of(app: &App, template: &Template, language: &str) -> Result<JsonSchema, Problem> {
    let Some(Value::Object(mut schema)) = app.contract.json_schema(PLAN) else {
        return Err(Problem::new(Code::Internal));
    };
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    let mut unordered = properties.map(std::mem::take).unwrap_or_default();
    let mut ordered = Map::new();
    for section in &template.sections.0 {
        let name = section.field.as_str();
        if let Some(Value::Object(mut property)) = unordered.shift_remove(name) {
            property.insert("title".into(), section.title.best(language).into());
            if let Some(hint) = &section.hint {
                property.insert("description".into(), hint.best(language).into());
            }
            ordered.insert(name.into(), property.into());
        }
    }
    ordered.extend(unordered);
    schema.insert("properties".into(), ordered.into());
    let mut whole = Map::new();
    whole.insert(
        "$schema".into(),
        json!("https://json-schema.org/draft/2020-12/schema"),
    );
    let url = app.url(&format!("/v1/templates/{}/schema", template.id));
    whole.insert("$id".into(), url.into());
    whole.insert("title".into(), template.name.best(language).into());
    whole.extend(schema);
    Ok(JsonSchema(whole.into()))
}
