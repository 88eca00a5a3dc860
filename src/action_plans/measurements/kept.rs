//! Indicators that have been measured: each stays in its plan, under its key and in its unit, so that what was measured
//! keeps its meaning. What it is called, its baseline and its target may change. The plan stands locked when it is written
//! and when a measurement is added.

use std::collections::HashSet;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::action_plans::types::{ActionPlan, Indicator, PartKey};
use crate::db::Connection;
use crate::ids::PlanId;
use crate::problem::{Fault, Faults, Rule};
use crate::schema::action_plan_measurements as measurements;

/// The indicators that `plan` does not keep as they stand in `before`, each with the rule that this breaks if it has been
/// measured.
pub fn at_stake(before: &ActionPlan, plan: &ActionPlan) -> Vec<(PartKey, Fault)> {
    let kept = indicators(plan);
    let broken = indicators(before).iter().filter_map(|stored| {
        let place = kept.iter().position(|part| part.key == stored.key);
        let unit = stored.unit.as_ref();
        let fault = match place.and_then(|place| Some((place, kept.get(place)?))) {
            None => Fault::at("/follow_up/indicators", Rule::MeasuredIndicator),
            Some((place, part)) if unit.is_some() && part.unit.as_ref() != unit => {
                let pointer = format!("/follow_up/indicators/{place}/unit");
                let unit = unit.map(|unit| unit.as_str()).unwrap_or_default();
                Fault::at(pointer, Rule::MeasuredUnit).with("unit", unit)
            }
            Some(_) => return None,
        };
        Some((stored.key.clone(), fault.with("key", &stored.key.0)))
    });
    broken.collect()
}

fn indicators(plan: &ActionPlan) -> &[Indicator] {
    plan.follow_up
        .as_ref()
        .map_or(&[], |part| part.indicators.as_slice())
}

/// Notes the faults of those indicators of the plan that have been measured.
pub async fn note_measured(
    conn: &mut Connection,
    plan: PlanId,
    at_stake: Vec<(PartKey, Fault)>,
    faults: &mut Faults,
) -> QueryResult<()> {
    if at_stake.is_empty() {
        return Ok(());
    }
    let keys = at_stake.iter().map(|(key, _)| key.0.as_str());
    let measured: Vec<String> = measurements::table
        .filter(measurements::plan.eq(plan))
        .filter(measurements::indicator.eq_any(keys.collect::<Vec<_>>()))
        .select(measurements::indicator)
        .distinct()
        .load(conn)
        .await?;
    let measured: HashSet<String> = measured.into_iter().collect();
    for (key, fault) in at_stake {
        if measured.contains(&key.0) {
            faults.push(fault);
        }
    }
    Ok(())
}
