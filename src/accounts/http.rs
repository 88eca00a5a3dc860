//! `/users`: what is asked over HTTP, and what for.

use actix_web::web::Payload;
use actix_web::{delete, get, patch, post, put};

use secrecy::SecretString;
use serde_json::Value;

use super::sign_in::busy;
use super::types::{User, UserFilter};
use crate::auth::passwords::check_new;
use crate::ids::UserId;
use crate::problem::{Fault, Faults, Problem, Rule};
use crate::query::{ListParams, OneParams};
use crate::read::{self, Answer};
use crate::request::{Ask, Asking};
use crate::resource::Listing;
use crate::write::{self, WriteParams};

/// List users
///
/// Every account. For admins.
#[utoipa::path(tag = "users", params(ListParams, UserFilter), security(("bearer" = [])), responses((status = 200, body = Listing<User>)))]
#[get("/users")]
pub async fn list_users(asking: Asking) -> Answer {
    read::list::<User>(asking).await
}

/// Get a user
///
/// Its ETag is what a change of it has to send in `If-Match`.
#[utoipa::path(tag = "users", params(("id" = UserId, Path, description = "Id of the user."), OneParams), security(("bearer" = [])), responses((status = 200, body = User)))]
#[get("/users/{id}")]
pub async fn get_user(asking: Asking) -> Answer {
    read::one::<User>(asking).await
}

/// Create a user
///
/// For admins. A city user's role fits the side of the city.
#[utoipa::path(tag = "users", params(WriteParams), request_body = User, responses((status = 201, body = User)))]
#[post("/users")]
pub async fn create_user(ask: Ask, payload: Payload) -> Answer {
    write::create_with::<User>(ask, payload, hash_password).await
}

/// Replace a user
///
/// For admins. The body takes the place of all that is stored; the password stays when it is left out.
#[utoipa::path(tag = "users", params(("id" = UserId, Path, description = "Id of the user."), WriteParams), request_body = User, responses((status = 200, body = User)))]
#[put("/users/{id}")]
pub async fn replace_user(ask: Ask, payload: Payload) -> Answer {
    write::replace_with::<User>(ask, payload, hash_password).await
}

/// Change parts of a user
///
/// For admins. By JSON Merge Patch or JSON Patch, as the media type says. A new password, or `active: false`, ends its sessions.
#[utoipa::path(tag = "users", params(("id" = UserId, Path, description = "Id of the user."), WriteParams), responses((status = 200, body = User)))]
#[patch("/users/{id}")]
pub async fn update_user(ask: Ask, payload: Payload) -> Answer {
    write::patch_with::<User>(ask, payload, hash_password).await
}

/// Delete a user
///
/// For admins. Ends its sessions. To keep the account's history, switch it off instead: PATCH `active` to false.
#[utoipa::path(tag = "users", params(("id" = UserId, Path, description = "Id of the user."), WriteParams), responses((status = 204)))]
#[delete("/users/{id}")]
pub async fn delete_user(ask: Ask) -> Answer {
    write::delete::<User>(ask).await
}

/// Puts the hash of a new password in its place, before the write path sees it: hashing is slow and must not
/// hold a connection. A weak one is a fault of the body. In a JSON Patch the password is the value of an operation.
async fn hash_password(ask: Ask, mut value: Value) -> Result<(Value, Faults), Problem> {
    let mut faults = Faults::new();
    let email = value
        .get("email")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned();
    let places: Vec<(String, &mut Value)> = match &mut value {
        Value::Array(operations) => operations
            .iter_mut()
            .enumerate()
            .filter_map(password_of_operation)
            .collect(),
        body => body
            .get_mut("password")
            .map(|password| ("/password".to_owned(), password))
            .into_iter()
            .collect(),
    };
    for (pointer, place) in places {
        let Value::String(password) = place else {
            continue;
        };
        let secret = SecretString::from(password.as_str());
        match check_new(&secret, &email) {
            Ok(()) => *password = ask.app.hasher.hash(secret).await.map_err(busy)?,
            Err(weak) => {
                let fault = Fault::at(pointer, Rule::WeakPassword);
                faults.push(fault.with_word("reason", weak.word()));
            }
        }
    }
    Ok((value, faults))
}

fn password_of_operation((index, operation): (usize, &mut Value)) -> Option<(String, &mut Value)> {
    match operation.get("path").and_then(Value::as_str)? {
        "/password" => Some((format!("/{index}/value"), operation.get_mut("value")?)),
        "" => Some((
            format!("/{index}/value/password"),
            operation.get_mut("value")?.get_mut("password")?,
        )),
        _ => None,
    }
}
