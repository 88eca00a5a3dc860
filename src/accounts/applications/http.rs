//! `/applications`: what is asked over HTTP, and what for.

use actix_web::web::Payload;
use actix_web::{delete, get, patch, post, put};

use super::types::{Application, ApplicationFilter};
use crate::ids::ApplicationId;
use crate::query::{ListParams, OneParams};
use crate::read::{self, Answer};
use crate::request::{Ask, Asking};
use crate::resource::Listing;
use crate::write::{self, WriteParams};

/// List applications
///
/// The frontends to which people sign in on a page of this service. For admins.
#[utoipa::path(tag = "applications", params(ListParams, ApplicationFilter), security(("bearer" = [])), responses((status = 200, body = Listing<Application>)))]
#[get("/applications")]
pub async fn list_applications(asking: Asking) -> Answer {
    read::list::<Application>(asking).await
}

/// Get an application
///
/// For admins. Its ETag is what a change of it has to send in `If-Match`.
#[utoipa::path(tag = "applications", params(("id" = ApplicationId, Path, description = "Id of the application."), OneParams), security(("bearer" = [])), responses((status = 200, body = Application)))]
#[get("/applications/{id}")]
pub async fn get_application(asking: Asking) -> Answer {
    read::one::<Application>(asking).await
}

/// Create an application
///
/// For admins: whoever a sign-in leads back to holds what the person was given, so know whose the addresses are. With its
/// `id` as `client_id` the application sends people to /oauth/authorize, and exchanges the code at /oauth/token.
#[utoipa::path(tag = "applications", params(WriteParams), request_body = Application, responses((status = 201, body = Application)))]
#[post("/applications")]
pub async fn create_application(ask: Ask, payload: Payload) -> Answer {
    write::create::<Application>(ask, payload).await
}

/// Replace an application
///
/// For admins. The body takes the place of all that is stored; fields left out become empty. Switching it
/// off, and taking scopes away, ends the sessions in it.
#[utoipa::path(tag = "applications", params(("id" = ApplicationId, Path, description = "Id of the application."), WriteParams), request_body = Application, responses((status = 200, body = Application)))]
#[put("/applications/{id}")]
pub async fn replace_application(ask: Ask, payload: Payload) -> Answer {
    write::replace::<Application>(ask, payload).await
}

/// Change parts of an application
///
/// For admins. By JSON Merge Patch or JSON Patch, as the media type says.
#[utoipa::path(tag = "applications", params(("id" = ApplicationId, Path, description = "Id of the application."), WriteParams), responses((status = 200, body = Application)))]
#[patch("/applications/{id}")]
pub async fn update_application(ask: Ask, payload: Payload) -> Answer {
    write::patch::<Application>(ask, payload).await
}

/// Delete an application
///
/// For admins. The sessions of people in it end; its id is never given again.
#[utoipa::path(tag = "applications", params(("id" = ApplicationId, Path, description = "Id of the application."), WriteParams), responses((status = 204)))]
#[delete("/applications/{id}")]
pub async fn delete_application(ask: Ask) -> Answer {
    write::delete::<Application>(ask).await
}
