//! Where a source went: the plans and activities that name it, as far as the caller sees them.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use utoipa::ToSchema;

use crate::action_plans::db::read_by;
use crate::action_plans::types::{PartKey, PlanStatus, SourceType};
use crate::auth::Caller;
use crate::db::Connection;
use crate::ids::PlanId;
use crate::policy::Role;
use crate::query::{Key, KeyType, Page, Sight, Stretch, TieBreak};
use crate::schema::{action_plan_readers, action_plan_sources, action_plans};

/// A place where a plan names a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SourceUse {
    /// The plan.
    pub plan: PlanId,
    /// Key of the activity that names it; null: the section of inputs does.
    pub activity: Option<PartKey>,
    /// Where the plan stands, as you see it.
    pub status: PlanStatus,
    /// The version of the plan that you see.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub version: i64,
}

/// Their order: by plan, then by activity; the newest plan first.
pub const BY_PLACE: TieBreak<SourceUse> = TieBreak {
    sql: "(action_plan_sources.plan::text || '/' || action_plan_sources.activity)",
    kind: KeyType::Text,
    key: |item| {
        let activity = item.activity.as_ref().map(|key| key.0.as_str());
        Key::Text(format!("{}/{}", item.plan, activity.unwrap_or_default()))
    },
};

pub(super) type UseRow = (PlanId, String, PlanStatus, i64);

pub(super) fn use_of((plan, activity, status, version): UseRow) -> SourceUse {
    SourceUse {
        plan,
        activity: Some(PartKey(activity)).filter(|key| !key.0.is_empty()),
        status,
        version,
    }
}

/// The condition for this source, by the index of its type.
fn is_source(kind: SourceType, id: &str) -> Option<Sight> {
    let uuid = || id.parse().ok().map(Key::Uuid);
    Some(match kind {
        SourceType::Contribution => Sight::by("action_plan_sources.contribution = ?", uuid()?),
        SourceType::Tour => Sight::by("action_plan_sources.tour = ?", uuid()?),
        SourceType::Knowledge => Sight::by("action_plan_sources.knowledge = ?", uuid()?),
        SourceType::Meeting => Sight::by("action_plan_sources.meeting = ?", Key::Text(id.into())),
    })
}

/// A page of the uses of a source that `caller` sees.
pub async fn list(
    mut conn: &Connection,
    caller: &Caller,
    kind: SourceType,
    id: &str,
    page: &Page,
) -> QueryResult<Stretch<SourceUse>> {
    let Some(condition) = is_source(kind, id) else {
        return Ok(page.cut(Vec::new()));
    };
    let of_source = action_plan_sources::table.filter(condition);
    let rows: Vec<UseRow> = if caller.role == Role::Admin {
        let working = action_plans::table.on(action_plans::id
            .eq(action_plan_sources::plan)
            .and(action_plans::version.eq(action_plan_sources::version)));
        of_source
            .inner_join(working)
            .filter(page.keyset())
            .order(page.order())
            .limit(page.reach())
            .select((
                action_plan_sources::plan,
                action_plan_sources::activity,
                action_plans::status,
                action_plan_sources::version,
            ))
            .load(&mut conn)
            .await?
    } else {
        let readable = action_plan_readers::table.on(action_plan_readers::plan
            .eq(action_plan_sources::plan)
            .and(action_plan_readers::version.eq(action_plan_sources::version)));
        of_source
            .inner_join(readable)
            .filter(read_by(caller))
            .filter(page.keyset())
            .order(page.order())
            .limit(page.reach())
            .select((
                action_plan_sources::plan,
                action_plan_sources::activity,
                action_plan_readers::status,
                action_plan_sources::version,
            ))
            .load(&mut conn)
            .await?
    };
    Ok(page.cut(rows.into_iter().map(use_of).collect()))
}
