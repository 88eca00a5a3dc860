//! Two edits of one version of a plan, brought together.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::FutureExt;

use super::diff::order::NAMES;
use super::types::ActionPlan;
use crate::db::Connection;
use crate::merge::Shape;
use crate::resource::{Merging, Reading};
use crate::schema::action_plan_versions;

/// Parts are followed by their keys, texts by language. An amount of money goes with its currency, a level with its day.
pub const MERGING: Merging<ActionPlan> = Merging {
    version,
    shape: Shape {
        entries: NAMES,
        whole: &["budget", "baseline", "target", "financing"],
    },
    kept: &["consents"],
};

/// A version of the plan. Whoever may change a plan may read all of its versions.
fn version<'a>(conn: &'a Connection, plan: &'a ActionPlan, number: i64) -> Reading<'a, ActionPlan> {
    let mut conn = conn;
    async move {
        action_plan_versions::table
            .find((plan.id, number))
            .select(action_plan_versions::document)
            .first(&mut conn)
            .await
            .optional()
    }
    .boxed()
}

#[cfg(test)]
mod tests;
