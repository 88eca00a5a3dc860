//! `/knowledge`: what is asked over HTTP, and what for.

use actix_web::web::Payload;
use actix_web::{delete, get, patch, post, put};

use super::types::{KnowledgeFiles, KnowledgeFilter, KnowledgeItem};
use super::uploads;
use crate::files::{FileBytes, FileUpload, StoredFile};
use crate::ids::{FileId, KnowledgeId};
use crate::query::{ListParams, OneParams};
use crate::read::{self, Answer};
use crate::request::{Ask, Asking, RefParams};
use crate::resource::Listing;
use crate::write::{self, WriteParams};

/// List knowledge items
///
/// Good practices, lessons, presentations, articles, datasets and links that cities share: published ones, and the
/// drafts of your own city.
#[utoipa::path(tag = "knowledge", params(ListParams, KnowledgeFilter), responses((status = 200, body = Listing<KnowledgeItem>)))]
#[get("/knowledge")]
pub async fn list_knowledge_items(asking: Asking) -> Answer {
    read::list::<KnowledgeItem>(asking).await
}

/// Get a knowledge item
///
/// Its ETag is what a change of it has to send in `If-Match`.
#[utoipa::path(tag = "knowledge", params(("id" = KnowledgeId, Path, description = "Id of the knowledge item."), OneParams), responses((status = 200, body = KnowledgeItem)))]
#[get("/knowledge/{id}")]
pub async fn get_knowledge_item(asking: Asking) -> Answer {
    read::one::<KnowledgeItem>(asking).await
}

/// Create a knowledge item
///
/// For the cities that share it, and admins. It is a draft, seen by them alone, until its `status` is `published`.
#[utoipa::path(tag = "knowledge", params(WriteParams), request_body = KnowledgeItem, responses((status = 201, body = KnowledgeItem)))]
#[post("/knowledge")]
pub async fn create_knowledge_item(ask: Ask, payload: Payload) -> Answer {
    write::create::<KnowledgeItem>(ask, payload).await
}

/// Replace a knowledge item
///
/// For the cities that share it, and admins. The body takes the place of all that is stored, but for the files; fields
/// left out become empty.
#[utoipa::path(tag = "knowledge", params(("id" = KnowledgeId, Path, description = "Id of the knowledge item."), WriteParams), request_body = KnowledgeItem, responses((status = 200, body = KnowledgeItem)))]
#[put("/knowledge/{id}")]
pub async fn replace_knowledge_item(ask: Ask, payload: Payload) -> Answer {
    write::replace::<KnowledgeItem>(ask, payload).await
}

/// Change parts of a knowledge item
///
/// For the cities that share it, and admins. By JSON Merge Patch or JSON Patch, as the media type says.
#[utoipa::path(tag = "knowledge", params(("id" = KnowledgeId, Path, description = "Id of the knowledge item."), WriteParams), responses((status = 200, body = KnowledgeItem)))]
#[patch("/knowledge/{id}")]
pub async fn update_knowledge_item(ask: Ask, payload: Payload) -> Answer {
    write::patch::<KnowledgeItem>(ask, payload).await
}

/// Delete a knowledge item
///
/// For the cities that share it, and admins. Its files go with it.
#[utoipa::path(tag = "knowledge", params(("id" = KnowledgeId, Path, description = "Id of the knowledge item."), WriteParams), responses((status = 204)))]
#[delete("/knowledge/{id}")]
pub async fn delete_knowledge_item(ask: Ask) -> Answer {
    write::delete::<KnowledgeItem>(ask).await
}

/// Get a knowledge item by the key of another system
///
/// The one that your city's own system knows by this key. Admins say which city's system in `city`, where the key stands
/// for several things. A key of another city is as one that is not there.
#[utoipa::path(tag = "knowledge", params(("system" = String, Path, description = "The system that knows it, such as a domain name.", min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9._~-]+$", example = "plans.city.example"), ("key" = String, Path, description = "Its key there, percent-encoded.", min_length = 1, max_length = 200, pattern = "^[A-Za-z0-9._~:/-]+$", example = "LAP-2019-07"), RefParams, OneParams), security(("bearer" = [])), responses((status = 200, body = KnowledgeItem)))]
#[get("/knowledge/by-ref/{system}/{key}")]
pub async fn get_knowledge_item_by_ref(asking: Asking) -> Answer {
    read::one_by_ref::<KnowledgeItem>(asking).await
}

/// Create or replace a knowledge item by the key of another system
///
/// For the cities that share it, and admins. Makes the one that your city's own system knows by this key, or puts the body in its place; for an admin who
/// names no `city`, of the first city in the body. The body need not repeat the key: it is always among its
/// `external_refs`, and a body without any keeps those that are stored. What is stored already answers 200 and makes no
/// version, so it can be sent again at any time. No condition is needed; `If-None-Match: *` only creates, `If-Match` only
/// replaces. Its files stay.
#[utoipa::path(tag = "knowledge", params(("system" = String, Path, description = "The system that knows it, such as a domain name.", min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9._~-]+$", example = "plans.city.example"), ("key" = String, Path, description = "Its key there, percent-encoded.", min_length = 1, max_length = 200, pattern = "^[A-Za-z0-9._~:/-]+$", example = "LAP-2019-07"), RefParams, WriteParams), request_body = KnowledgeItem, responses((status = 200, body = KnowledgeItem), (status = 201, body = KnowledgeItem)))]
#[put("/knowledge/by-ref/{system}/{key}")]
pub async fn put_knowledge_item_by_ref(ask: Ask, payload: Payload) -> Answer {
    write::put_by_ref::<KnowledgeItem>(ask, payload).await
}

/// Delete a knowledge item by the key of another system
///
/// For the cities that share it, and admins. A 404 to a repeated request means that it is done.
#[utoipa::path(tag = "knowledge", params(("system" = String, Path, description = "The system that knows it, such as a domain name.", min_length = 1, max_length = 100, pattern = "^[A-Za-z0-9._~-]+$", example = "plans.city.example"), ("key" = String, Path, description = "Its key there, percent-encoded.", min_length = 1, max_length = 200, pattern = "^[A-Za-z0-9._~:/-]+$", example = "LAP-2019-07"), RefParams, WriteParams), responses((status = 204)))]
#[delete("/knowledge/by-ref/{system}/{key}")]
pub async fn delete_knowledge_item_by_ref(ask: Ask) -> Answer {
    write::delete_by_ref::<KnowledgeItem>(ask).await
}

/// List the files of a knowledge item
///
/// What is known of each, oldest first.
#[utoipa::path(tag = "knowledge", params(("id" = KnowledgeId, Path, description = "Id of the knowledge item.")), responses((status = 200, body = KnowledgeFiles)))]
#[get("/knowledge/{id}/files")]
pub async fn list_knowledge_files(asking: Asking) -> Answer {
    read::part_of::<KnowledgeItem, _>(asking, async |_, _, item| {
        Ok(KnowledgeFiles {
            items: item.files.0.clone(),
        })
    })
    .await
}

/// Upload a file to a knowledge item
///
/// For the cities that share it, and admins. PDF, office documents, PNG, JPEG, WebP, CSV, text, Markdown, JSON, GeoJSON
/// and zip archives of up to 100 MiB; media type, ending of the name and content have to agree. A slow upload is given
/// its time, up to an hour, as long as it brings a kilobyte in ten seconds. With `Content-Digest` (RFC 9530, of the
/// whole request) or a part `sha256` (of the file) it is stored only if it arrived as it was sent. Under an
/// `Idempotency-Key` the same file can be sent again after a broken connection.
#[utoipa::path(tag = "knowledge", params(("id" = KnowledgeId, Path, description = "Id of the knowledge item."), WriteParams), request_body(content = FileUpload, content_type = "multipart/form-data"), responses((status = 201, body = StoredFile)))]
#[post("/knowledge/{id}/files")]
pub async fn upload_knowledge_file(ask: Ask, payload: Payload) -> Answer {
    uploads::upload(ask, payload).await
}

/// Download a file of a knowledge item
///
/// All of it, or with `Range` one range of bytes, so that a broken download goes on where it stopped (`If-Range` with
/// the ETag). It comes as an attachment under its own name. Its ETag is its SHA-256, and what a deletion of it has to
/// send in `If-Match`.
#[utoipa::path(tag = "knowledge", params(("id" = KnowledgeId, Path, description = "Id of the knowledge item."), ("file" = FileId, Path, description = "Id of the file.")), responses((status = 200, body = FileBytes, content_type = "*/*"), (status = 206, body = FileBytes, content_type = "*/*")))]
#[get("/knowledge/{id}/files/{file}")]
pub async fn download_knowledge_file(ask: Ask) -> Answer {
    uploads::download(ask).await
}

/// Delete a file of a knowledge item
///
/// For the cities that share it, and admins. `If-Match` names the ETag of the file.
#[utoipa::path(tag = "knowledge", params(("id" = KnowledgeId, Path, description = "Id of the knowledge item."), ("file" = FileId, Path, description = "Id of the file."), WriteParams), responses((status = 200, body = KnowledgeItem), (status = 204)))]
#[delete("/knowledge/{id}/files/{file}")]
pub async fn delete_knowledge_file(ask: Ask) -> Answer {
    uploads::delete(ask).await
}
