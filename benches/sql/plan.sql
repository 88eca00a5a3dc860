-- One plan: find in src/action_plans/lists.rs.
\set n random(1, :plans)
-- $1 = ('01900000-0000-7000-8000-' || lpad(:n::text, 12, '0'))::uuid
-- $2 = 1
SELECT "action_plans"."id", "action_plans"."proponents", "action_plans"."pairing", "action_plans"."template",
    "action_plans"."status", "action_plans"."title_key", "action_plans"."version", "action_plans"."created_at", "action_plans"."updated_at", "action_plans"."document"
    FROM "action_plans" WHERE ("action_plans"."id" = $1) LIMIT $2;
