-- A page of a city's plans: list in src/action_plans/lists.rs.
-- $1 = :city
-- $2 = 51
SELECT * FROM (SELECT "action_plan_proponents"."plan", (SELECT (coalesce(CASE WHEN pg_column_compression(stored.document) IS NULL THEN pg_column_size(stored.document) ELSE octet_length(stored.document::text) END, 0))::bigint
    FROM action_plans AS stored WHERE stored.id = action_plan_proponents.plan) FROM "action_plan_proponents" WHERE (("action_plan_proponents"."city" = $1) AND true)
    ORDER BY updated_at DESC, plan DESC LIMIT $2) AS page LIMIT 51;

-- $1 = :page_ids::uuid[]
SELECT "action_plans"."id", "action_plans"."proponents", "action_plans"."pairing", "action_plans"."template",
    "action_plans"."status", "action_plans"."title_key", "action_plans"."version", "action_plans"."created_at", "action_plans"."updated_at", "action_plans"."document"
    FROM "action_plans" WHERE ("action_plans"."id" = ANY($1));
