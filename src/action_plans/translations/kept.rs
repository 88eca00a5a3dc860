//! The bookkeeping in the database: beside each plan and, so that a restored one is as it was, beside each version.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{Bookkeeping, record};
use crate::action_plans::texts::texts;
use crate::action_plans::types::ActionPlan;
use crate::db::Connection;
use crate::events::{Author, Manner};
use crate::ids::PlanId;
use crate::schema::{action_plan_versions, action_plans};

/// The bookkeeping after the write that makes `after` of `before`; `None` when it stays as it is.
pub async fn after_write(
    conn: &mut Connection,
    before: &ActionPlan,
    after: &ActionPlan,
    author: &Author,
) -> QueryResult<Option<Bookkeeping>> {
    if let Manner::Restoring(version) = author.manner {
        return of_version(conn, after.id, version).await.map(Some);
    }
    if before.language == after.language && texts(before) == texts(after) {
        return Ok(None);
    }
    let kept = action_plans::table
        .find(after.id)
        .select(action_plans::translations);
    let kept: Bookkeeping = kept.first(conn).await?;
    let is_minor = author.manner == Manner::Minor;
    let new = record(Some(before), after, &kept, after.version, is_minor);
    Ok(Some(new))
}

/// What was kept with a version.
pub async fn of_version(
    mut conn: &Connection,
    plan: PlanId,
    version: i64,
) -> QueryResult<Bookkeeping> {
    let kept = action_plan_versions::table
        .find((plan, version))
        .select(action_plan_versions::translations)
        .first(&mut conn)
        .await
        .optional()?;
    Ok(kept.unwrap_or_default())
}
