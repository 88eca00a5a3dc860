//! The texts of certain versions of plans, and whether they name lessons that not everybody sees: a statement by hand,
//! kept prepared.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Bool, Json, Uuid as SqlUuid};

use super::private::cites_private;
use super::stored::StoredPlan;
use crate::ids::PlanId;

/// Answers the plan, its text, and whether it may name private lessons, for each pair of plan and version. What is known
/// of that goes when nobody reads the version any more, as may happen since it was looked up: such a text is looked
/// through.
pub(super) struct Documents {
    plans: Vec<PlanId>,
    versions: Vec<i64>,
}

impl Documents {
    pub(super) fn of(plans: &[StoredPlan]) -> Self {
        Self {
            plans: plans.iter().map(|plan| plan.id).collect(),
            versions: plans.iter().map(|plan| plan.version).collect(),
        }
    }
}

impl Query for Documents {
    type SqlType = (SqlUuid, Json, Bool);
}

impl QueryId for Documents {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Conn> RunQueryDsl<Conn> for Documents {}

impl QueryFragment<Pg> for Documents {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(concat!(
            "SELECT plan, document, ",
            cites_private!("wanted.plan", "wanted.version"),
            " OR NOT EXISTS (SELECT FROM action_plan_readers AS now \
                WHERE now.plan = wanted.plan AND now.version = wanted.version) FROM unnest("
        ));
        out.push_bind_param::<Array<SqlUuid>, _>(&self.plans)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.versions)?;
        out.push_sql(") AS wanted (plan, version) JOIN action_plan_versions USING (plan, version)");
        Ok(())
    }
}
