//! What an answer tells caches of itself, and the answer to who has it already (RFC 9110, section 13; RFC 9111).

use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::http::header::{self, HeaderValue};
use aws_lc_rs::digest::{Context, SHA256};

use super::JSON;
use crate::policy::Role;
use crate::request::Ask;

/// An answer in JSON whose weak ETag is made from its bytes.
pub fn conditional(ask: &Ask, json: Vec<u8>) -> HttpResponse {
    conditional_as(ask, JSON, json)
}

/// As [`conditional`], of another media type.
pub fn conditional_as(ask: &Ask, media_type: &str, body: Vec<u8>) -> HttpResponse {
    let tag = weak_etag([body.as_slice(), media_type.as_bytes()]);
    if ask.none_match(&tag) {
        return not_modified(ask, &tag);
    }
    tagged(ask, &tag, media_type, BoxBody::new(body))
}

/// An answer under this ETag.
pub(super) fn tagged(ask: &Ask, tag: &str, media_type: &str, body: BoxBody) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(media_type)
        .insert_header((header::ETAG, tag))
        .insert_header(cache(ask))
        .insert_header(vary())
        .body(body)
}

/// What may keep the answer: anybody what anybody sees, else only the caller; always to be asked again.
pub fn cache(ask: &Ask) -> (header::HeaderName, HeaderValue) {
    let value = if ask.caller.role == Role::Anonymous {
        "public, no-cache"
    } else {
        "private, no-cache"
    };
    (header::CACHE_CONTROL, HeaderValue::from_static(value))
}

/// What of the request the answer depends on, beside what the edge adds.
pub fn vary() -> (header::HeaderName, HeaderValue) {
    (
        header::VARY,
        HeaderValue::from_static("Accept, Accept-Encoding, Authorization"),
    )
}

/// Notes in which language an answer is, and whether `Accept-Language` had a say in it. What has not changed is only told
/// the latter.
pub fn in_language(answer: &mut HttpResponse, language: &str, by_header: bool) {
    let is_whole = answer.status() != actix_web::http::StatusCode::NOT_MODIFIED;
    let headers = answer.headers_mut();
    if let (true, Ok(language)) = (is_whole, HeaderValue::from_str(language)) {
        headers.insert(header::CONTENT_LANGUAGE, language);
    }
    if by_header {
        headers.insert(
            header::VARY,
            HeaderValue::from_static("Accept, Accept-Encoding, Accept-Language, Authorization"),
        );
    }
}

/// What a client has is still right.
pub fn not_modified(ask: &Ask, tag: &str) -> HttpResponse {
    HttpResponse::NotModified()
        .insert_header((header::ETAG, tag))
        .insert_header(cache(ask))
        .insert_header(vary())
        .finish()
}

/// A weak ETag of these parts, the same on every instance of the service.
pub(super) fn weak_etag<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut digest = Context::new(&SHA256);
    for part in parts {
        digest.update(&part.len().to_be_bytes());
        digest.update(part);
    }
    let digest = digest.finish();
    let start = digest.as_ref().first_chunk().copied().unwrap_or_default();
    format!("W/\"{:016x}\"", u64::from_be_bytes(start))
}

/// A time as in `Last-Modified` (RFC 9110, section 5.6.7).
pub fn http_date(time: chrono::DateTime<chrono::Utc>) -> String {
    time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
