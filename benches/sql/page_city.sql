-- A page of a city's plans: ActionPlan::list in src/action_plans/db.rs.
-- $1 = :city
-- $2 = 51
SELECT "action_plan_proponents"."plan" FROM "action_plan_proponents" WHERE (("action_plan_proponents"."city" = $1) AND true)
    ORDER BY updated_at DESC, plan DESC LIMIT $2;

-- $1 = :page_ids::uuid[]
SELECT "action_plans"."document" FROM "action_plans" WHERE ("action_plans"."id" = ANY($1));
