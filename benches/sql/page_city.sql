-- A page of the plans that a city reads, of which it proposes: list in src/action_plans/lists.rs. Its own first.
-- $1 = :city
-- $2 = :cities::text[]
-- $3 = 51
SELECT "action_plan_readers"."reader", "action_plan_readers"."plan", "action_plan_readers"."version",
    "action_plan_readers"."proponents", "action_plan_readers"."pairing", "action_plan_readers"."template",
    "action_plan_readers"."status", "action_plan_readers"."title_key", "action_plan_readers"."asked",
    "action_plan_readers"."created_at", "action_plan_readers"."updated_at",
    (SELECT (coalesce(CASE WHEN pg_column_compression(version.document) IS NULL THEN pg_column_size(version.document) ELSE octet_length(version.document::text) END, 0))::bigint
    FROM action_plan_versions AS version WHERE version.plan = action_plan_readers.plan AND version.version = action_plan_readers.version)
    FROM "action_plan_readers"
    WHERE ((("action_plan_readers"."reader" = $1) AND ("action_plan_readers"."proponents" && $2)) AND true)
    ORDER BY updated_at DESC, plan DESC LIMIT $3;

-- Then those of everybody.
-- $1 = '*'
-- $2 = :city
-- $3 = :cities::text[]
-- $4 = 51
SELECT "action_plan_readers"."reader", "action_plan_readers"."plan", "action_plan_readers"."version",
    "action_plan_readers"."proponents", "action_plan_readers"."pairing", "action_plan_readers"."template",
    "action_plan_readers"."status", "action_plan_readers"."title_key", "action_plan_readers"."asked",
    "action_plan_readers"."created_at", "action_plan_readers"."updated_at",
    (SELECT (coalesce(CASE WHEN pg_column_compression(version.document) IS NULL THEN pg_column_size(version.document) ELSE octet_length(version.document::text) END, 0))::bigint
    FROM action_plan_versions AS version WHERE version.plan = action_plan_readers.plan AND version.version = action_plan_readers.version)
    FROM "action_plan_readers"
    WHERE (((("action_plan_readers"."reader" = $1) AND (NOT EXISTS (SELECT FROM action_plan_readers AS own
    WHERE own.plan = action_plan_readers.plan AND own.reader = $2))) AND ("action_plan_readers"."proponents" && $3)) AND true)
    ORDER BY updated_at DESC, plan DESC LIMIT $4;

-- Their texts: src/action_plans/lists/documents.rs.
-- $1 = :page_ids::uuid[]
-- $2 = :page_versions::bigint[]
SELECT plan, document, (EXISTS (SELECT FROM action_plan_sources AS cited
    LEFT JOIN contributions AS answer ON answer.id = cited.contribution LEFT JOIN knowledge AS item ON item.id = cited.knowledge
    WHERE cited.plan = wanted.plan AND cited.version = wanted.version
    AND (answer.visibility <> 'public' OR item.status <> 'published'))
    OR EXISTS (SELECT FROM action_plan_revisions AS revision
    WHERE revision.plan = wanted.plan AND revision.version = wanted.version
    AND NOT EXISTS (SELECT FROM action_plan_readers AS open WHERE open.plan = revision.revised AND open.reader = '*')))
    OR NOT EXISTS (SELECT FROM action_plan_readers AS now
    WHERE now.plan = wanted.plan AND now.version = wanted.version)
    FROM unnest($1, $2) AS wanted (plan, version) JOIN action_plan_versions USING (plan, version);
