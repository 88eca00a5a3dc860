-- A batch of an export: export in src/read/export.rs, list in src/action_plans/lists/working.rs.
\set n random(0, :plans - 100)
-- $1 = ('01900000-0000-7000-8000-' || lpad(:n::text, 12, '0'))::uuid
-- $2 = 101
SELECT "action_plans"."id", (coalesce(CASE WHEN pg_column_compression(action_plans.document) IS NULL THEN pg_column_size(action_plans.document) ELSE octet_length(action_plans.document::text) END, 0))::bigint
    FROM "action_plans" WHERE (id) > ($1) ORDER BY id LIMIT $2;

-- $1 = ARRAY(SELECT ('01900000-0000-7000-8000-' || lpad((:n + i)::text, 12, '0'))::uuid FROM generate_series(1, 100) AS i)
SELECT "action_plans"."id", "action_plans"."proponents", "action_plans"."pairing", "action_plans"."template",
    "action_plans"."status", "action_plans"."title_key", "action_plans"."version", "action_plans"."created_at", "action_plans"."updated_at", "action_plans"."document"
    FROM "action_plans" WHERE ("action_plans"."id" = ANY($1));
