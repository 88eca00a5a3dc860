//! `/audit`: what is asked over HTTP, and what for.

use actix_web::get;

use super::db::{BY_ID, list};
use super::types::{AuditEntry, AuditFilter};
use crate::policy::Thing;
use crate::read::{self, Answer, PageParams};
use crate::request::Asking;
use crate::resource::Listing;

/// Look into the audit trail
///
/// For admins: who did what, when and from where, with the change itself; every change of a thing and every sign-in, the
/// newest first. Entries never change and are never deleted. A page can be shorter than `limit` where changes are large: go
/// on while there is a `next`. To keep a copy in step follow `/changes`: here what took long comes to stand behind what was
/// stored before it.
#[utoipa::path(tag = "audit", params(PageParams, AuditFilter), security(("bearer" = [])), responses((status = 200, body = Listing<AuditEntry>)))]
#[get("/audit")]
pub async fn list_audit_entries(asking: Asking) -> Answer {
    let filter = asking.ask().parameters::<AuditFilter>();
    let (asking, filter) = asking.with(filter).await?;
    read::records(asking, Thing::AuditEntry, BY_ID, async |conn, page| {
        list(conn, &filter, page).await
    })
    .await
}
