//! `/webhooks`: what is asked over HTTP, and what for.

use actix_web::web::Payload;
use actix_web::{delete, get, patch, post, put};
use serde_json::Value;

use super::deliveries::{BY_ID, Redeliver, Test, find, id_in_path, list};
use super::target::look_at_targets;
use super::types::{Delivery, DeliveryFilter, Webhook, WebhookFilter};
use crate::ids::{DeliveryId, SecretId, WebhookId};
use crate::problem::{Faults, Problem};
use crate::query::{ListParams, OneParams};
use crate::read::{self, Answer, PageParams};
use crate::request::{Ask, Asking};
use crate::resource::Listing;
use crate::rotation::{AddSecret, EndSecret};
use crate::write::{self, WriteParams};

/// List webhooks
///
/// Those of the own city; for admins all of them.
#[utoipa::path(tag = "webhooks", params(ListParams, WebhookFilter), security(("bearer" = [])), responses((status = 200, body = Listing<Webhook>)))]
#[get("/webhooks")]
pub async fn list_webhooks(asking: Asking) -> Answer {
    read::list::<Webhook>(asking).await
}

/// Get a webhook
///
/// For users of its city and admins. It tells how its target fares: `off_because`, `failing_since`, `last_success_at`.
#[utoipa::path(tag = "webhooks", params(("id" = WebhookId, Path, description = "Id of the webhook."), OneParams), security(("bearer" = [])), responses((status = 200, body = Webhook)))]
#[get("/webhooks/{id}")]
pub async fn get_webhook(asking: Asking) -> Answer {
    read::one::<Webhook>(asking).await
}

/// Create a webhook
///
/// For city users, of their own city, and admins. From now on what changes is sent to `url`, as a `Message` along Standard
/// Webhooks. The answer tells the `secret` that deliveries are signed with, this once. Each delivery comes at least once,
/// also after errors, for three days; `webhook-id` tells which you have already. At most 20 of a city. It tells no more than
/// as long as the account in `kept_by` may keep it; a machine client needs the scope `changes:read` too.
#[utoipa::path(tag = "webhooks", params(WriteParams), request_body = Webhook, responses((status = 201, body = Webhook)))]
#[post("/webhooks")]
pub async fn create_webhook(ask: Ask, payload: Payload) -> Answer {
    write::create_with::<Webhook>(ask, payload, beforehand).await
}

/// Replace a webhook
///
/// For users of its city and admins. Its secrets and its place in the feed stay.
#[utoipa::path(tag = "webhooks", params(("id" = WebhookId, Path, description = "Id of the webhook."), WriteParams), request_body = Webhook, responses((status = 200, body = Webhook)))]
#[put("/webhooks/{id}")]
pub async fn replace_webhook(ask: Ask, payload: Payload) -> Answer {
    write::replace_with::<Webhook>(ask, payload, beforehand).await
}

/// Change parts of a webhook
///
/// For users of its city and admins. By JSON Merge Patch or JSON Patch, as the media type says. `active: true` switches it
/// on again: it goes on from where it stood, and what has failed is sent again.
#[utoipa::path(tag = "webhooks", params(("id" = WebhookId, Path, description = "Id of the webhook."), WriteParams), responses((status = 200, body = Webhook)))]
#[patch("/webhooks/{id}")]
pub async fn update_webhook(ask: Ask, payload: Payload) -> Answer {
    write::patch_with::<Webhook>(ask, payload, beforehand).await
}

/// Delete a webhook
///
/// For users of its city and admins. What it has not delivered yet goes with it.
#[utoipa::path(tag = "webhooks", params(("id" = WebhookId, Path, description = "Id of the webhook."), WriteParams), responses((status = 204)))]
#[delete("/webhooks/{id}")]
pub async fn delete_webhook(ask: Ask) -> Answer {
    write::delete::<Webhook>(ask).await
}

/// Make another secret of a webhook
///
/// For users of its city and admins. The answer tells it in `secret`, this once. For a day (a setting of the service)
/// deliveries carry the signatures of the old and of the new one, so that the receiver can be given the new one in peace.
#[utoipa::path(tag = "webhooks", params(("id" = WebhookId, Path, description = "Id of the webhook."), WriteParams), responses((status = 201, body = Webhook)))]
#[post("/webhooks/{id}/secrets")]
pub async fn create_webhook_secret(ask: Ask) -> Answer {
    write::act_without_body::<AddSecret<Webhook>>(ask).await
}

/// End a secret of a webhook
///
/// For users of its city and admins, when it has leaked: nothing is signed with it any more. The one that has no end cannot
/// be ended (409), as deliveries are always signed: make another first. `If-Match: *` ends it whatever else has changed.
#[utoipa::path(tag = "webhooks", params(("id" = WebhookId, Path, description = "Id of the webhook."), ("key" = SecretId, Path, description = "Id of the secret."), WriteParams), responses((status = 200, body = Webhook), (status = 204)))]
#[delete("/webhooks/{id}/secrets/{key}")]
pub async fn delete_webhook_secret(ask: Ask) -> Answer {
    write::act_without_body::<EndSecret<Webhook>>(ask).await
}

/// Send a test to a webhook
///
/// For users of its city and admins. A delivery of the type `webhook.test`, sent once, whatever the webhook asks for and
/// also while it is switched off. `Location` tells where to ask how it went.
#[utoipa::path(tag = "webhooks", params(("id" = WebhookId, Path, description = "Id of the webhook."), WriteParams), responses((status = 202, body = Delivery)))]
#[post("/webhooks/{id}/test")]
pub async fn test_webhook(ask: Ask) -> Answer {
    write::act_without_body::<Test>(ask).await
}

/// List the deliveries of a webhook
///
/// For users of its city and admins, newest first: those that wait, and those that ended in the last 30 days.
#[utoipa::path(tag = "webhooks", params(("id" = WebhookId, Path, description = "Id of the webhook."), PageParams, DeliveryFilter), security(("bearer" = [])), responses((status = 200, body = Listing<Delivery>)))]
#[get("/webhooks/{id}/deliveries")]
pub async fn list_deliveries(asking: Asking) -> Answer {
    let filter = asking.ask().parameters::<DeliveryFilter>();
    let (asking, filter) = asking.with(filter).await?;
    read::parts_of::<Webhook, _>(asking, BY_ID, async |_, conn, webhook, page| {
        list(conn, webhook.id, filter, page).await
    })
    .await
}

/// Get a delivery of a webhook
///
/// For users of its city and admins. What the target answered is told by its status alone.
#[utoipa::path(tag = "webhooks", params(("id" = WebhookId, Path, description = "Id of the webhook."), ("delivery" = DeliveryId, Path, description = "Id of the delivery.")), security(("bearer" = [])), responses((status = 200, body = Delivery)))]
#[get("/webhooks/{id}/deliveries/{delivery}")]
pub async fn get_delivery(asking: Asking) -> Answer {
    let id = id_in_path(asking.ask());
    let (asking, id) = asking.with(id).await?;
    read::part_of::<Webhook, _>(asking, async |conn, _, webhook| {
        find(conn, webhook.id, id).await
    })
    .await
}

/// Send a delivery again
///
/// For users of its city and admins: now, with the same `webhook-id`, also when it has arrived, is being sent, or its
/// target rests after a failure. Of a webhook that is switched off only tests are sent (409).
#[utoipa::path(tag = "webhooks", params(("id" = WebhookId, Path, description = "Id of the webhook."), ("delivery" = DeliveryId, Path, description = "Id of the delivery."), WriteParams), responses((status = 202, body = Delivery)))]
#[post("/webhooks/{id}/deliveries/{delivery}/redeliveries")]
pub async fn redeliver(ask: Ask) -> Answer {
    write::act_without_body::<Redeliver>(ask).await
}

/// Looks at the target, and takes out how it fares: that changes while somebody edits the webhook, and is nothing to be
/// out of date about.
async fn beforehand(ask: Ask, value: Value) -> Result<(Value, Faults), Problem> {
    let (mut value, faults) = look_at_targets(ask, value).await?;
    if let Some(object) = value.as_object_mut() {
        object.retain(|name, value| {
            let told = matches!(name.as_str(), "failing_since" | "last_success_at");
            !told || !(value.is_null() || value.is_string())
        });
    }
    Ok((value, faults))
}
