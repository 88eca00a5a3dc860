//! `/clients`: what is asked over HTTP, and what for.

use actix_web::web::Payload;
use actix_web::{delete, get, patch, post, put};
use serde_json::Value;

use super::types::{Client, ClientFilter};
use crate::ids::{ClientId, SecretId};
use crate::problem::{Faults, Problem};
use crate::query::{ListParams, OneParams};
use crate::read::{self, Answer};
use crate::request::{Ask, Asking};
use crate::resource::Listing;
use crate::rotation::{AddSecret, EndSecret};
use crate::write::{self, WriteParams};

/// List machine clients
///
/// Those of the own city; for admins all of them. Closed to machine clients, as is everything here.
#[utoipa::path(tag = "machine clients", params(ListParams, ClientFilter), security(("bearer" = [])), responses((status = 200, body = Listing<Client>)))]
#[get("/clients")]
pub async fn list_clients(asking: Asking) -> Answer {
    read::list::<Client>(asking).await
}

/// Get a machine client
///
/// For users of its city and admins. Its ETag is what a change of it has to send in `If-Match`.
#[utoipa::path(tag = "machine clients", params(("id" = ClientId, Path, description = "Id of the client."), OneParams), security(("bearer" = [])), responses((status = 200, body = Client)))]
#[get("/clients/{id}")]
pub async fn get_client(asking: Asking) -> Answer {
    read::one::<Client>(asking).await
}

/// Create a machine client
///
/// For city users, of their own city, and admins. The answer tells its `secret`, this once: an answer repeated under an
/// `Idempotency-Key` has none. With the client's `id` the secret gives tokens at /oauth/token.
#[utoipa::path(tag = "machine clients", params(WriteParams), request_body = Client, responses((status = 201, body = Client)))]
#[post("/clients")]
pub async fn create_client(ask: Ask, payload: Payload) -> Answer {
    write::create_with::<Client>(ask, payload, without_last_use).await
}

/// Replace a machine client
///
/// For users of its city and admins. Its secrets stay. Scopes taken away, and switching it off, work on the next request.
#[utoipa::path(tag = "machine clients", params(("id" = ClientId, Path, description = "Id of the client."), WriteParams), request_body = Client, responses((status = 200, body = Client)))]
#[put("/clients/{id}")]
pub async fn replace_client(ask: Ask, payload: Payload) -> Answer {
    write::replace_with::<Client>(ask, payload, without_last_use).await
}

/// Change parts of a machine client
///
/// For users of its city and admins. By JSON Merge Patch or JSON Patch, as the media type says. Scopes taken away, and
/// `active: false`, work on the next request.
#[utoipa::path(tag = "machine clients", params(("id" = ClientId, Path, description = "Id of the client."), WriteParams), responses((status = 200, body = Client)))]
#[patch("/clients/{id}")]
pub async fn update_client(ask: Ask, payload: Payload) -> Answer {
    write::patch_with::<Client>(ask, payload, without_last_use).await
}

/// Delete a machine client
///
/// For users of its city and admins. Its secrets and tokens stop working at once.
#[utoipa::path(tag = "machine clients", params(("id" = ClientId, Path, description = "Id of the client."), WriteParams), responses((status = 204)))]
#[delete("/clients/{id}")]
pub async fn delete_client(ask: Ask) -> Answer {
    write::delete::<Client>(ask).await
}

/// Make another secret of a machine client
///
/// For users of its city and admins. The answer tells it in `secret`, this once. The others still work for a day (a
/// setting of the service), so that the system can be given the new one without standing still. At most 10 at a time.
#[utoipa::path(tag = "machine clients", params(("id" = ClientId, Path, description = "Id of the client."), WriteParams), responses((status = 201, body = Client)))]
#[post("/clients/{id}/secrets")]
pub async fn create_client_secret(ask: Ask) -> Answer {
    write::act_without_body::<AddSecret<Client>>(ask).await
}

/// End a secret of a machine client
///
/// For users of its city and admins, when it has leaked: it stops working at once, and with it every token that was
/// given for it. `If-Match: *` ends it whatever else has changed.
#[utoipa::path(tag = "machine clients", params(("id" = ClientId, Path, description = "Id of the client."), ("key" = SecretId, Path, description = "Id of the secret."), WriteParams), responses((status = 200, body = Client), (status = 204)))]
#[delete("/clients/{id}/secrets/{key}")]
pub async fn delete_client_secret(ask: Ask) -> Answer {
    write::act_without_body::<EndSecret<Client>>(ask).await
}

/// Takes out when the client was last used: that changes while somebody edits it, and is nothing to be out of date about.
async fn without_last_use(_: Ask, mut value: Value) -> Result<(Value, Faults), Problem> {
    if let Some(object) = value.as_object_mut()
        && object
            .get("last_used_at")
            .is_none_or(|at| at.is_null() || at.is_string())
    {
        object.remove("last_used_at");
    }
    Ok((value, Faults::new()))
}
