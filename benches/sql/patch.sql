-- A changed plan, another one for each client: src/write.rs, src/action_plans/db.rs.
\set n :n + 1
\set key :client_id * 1000000 + :n
\set version :run * 1000000 + :n
\set plan 1001 + :client_id

BEGIN;

-- ActionPlan::find.
-- $1 = ('01900000-0000-7000-8000-' || lpad(:plan::text, 12, '0'))::uuid
-- $2 = 1
SELECT "action_plans"."document" FROM "action_plans" WHERE ("action_plans"."id" = $1) LIMIT $2 FOR NO KEY UPDATE;

-- What the body refers to: References in src/resource.rs.
-- $1 = :plan_cities::text[]
SELECT "cities"."id", "cities"."side", "cities"."kind", "cities"."name", "cities"."country_code", "cities"."region",
    "cities"."description", "cities"."location", "cities"."time_zone", "cities"."codes", "cities"."population",
    "cities"."area_km2", "cities"."website", "cities"."version", "cities"."created_at", "cities"."updated_at"
    FROM "cities" WHERE ("cities"."id" = ANY($1));

-- $1 = :meetings::text[]
SELECT "meetings"."id", "meetings"."programme", "meetings"."kind", "meetings"."number", "meetings"."title",
    "meetings"."place", "meetings"."when", "meetings"."when_reason", "meetings"."earliest", "meetings"."latest",
    "meetings"."status", "meetings"."agenda", "meetings"."cities", "meetings"."version", "meetings"."created_at",
    "meetings"."updated_at" FROM "meetings" WHERE ("meetings"."id" = ANY($1));

-- $1 = :pairings::text[]
SELECT "pairings"."id", "pairings"."programme", "pairings"."number", "pairings"."eu_cities", "pairings"."jp_cities",
    "pairings"."joined_year", "pairings"."subjects", "pairings"."subject_text", "pairings"."status", "pairings"."agreement",
    "pairings"."version", "pairings"."created_at", "pairings"."updated_at"
    FROM "pairings" WHERE ("pairings"."id" = ANY($1));

-- $1 = '{iuc-japan-1}'::text[]
SELECT "templates"."id", "templates"."programme", "templates"."name", "templates"."sections", "templates"."version",
    "templates"."created_at", "templates"."updated_at" FROM "templates" WHERE ("templates"."id" = ANY($1));

-- check_codes in src/sdgs/db.rs.
-- $1 = :codes::text[]
SELECT "sdg_codes"."code" FROM "sdg_codes" WHERE ("sdg_codes"."code" = ANY($1));

-- UPDATE in src/action_plans/db.rs.
-- $1 = :pairing
-- $2 = 'new'
-- $3 = 'draft'
-- $4 = 'en'
-- $5 = :title_key
-- $6 = :document
-- $7 = NULL
-- $8 = :version
-- $9 = now()
-- $10 = ('01900000-0000-7000-8000-' || lpad(:plan::text, 12, '0'))::uuid
-- $11 = :user::uuid
-- $12 = ('01900000-0000-7000-8000-' || lpad(:plan::text, 12, '0'))::uuid
-- $13 = :proponents::text[]
-- $14 = :proponents::text[]
-- $15 = ('01900000-0000-7000-8000-' || lpad(:plan::text, 12, '0'))::uuid
-- $16 = :codes::text[]
-- $17 = :codes::text[]
-- $18 = ('01900000-0000-7000-8000-' || lpad(:plan::text, 12, '0'))::uuid
-- $19 = '{}'::text[]
-- $20 = '{}'::text[]
-- $21 = '{}'::text[]
-- $22 = '{}'::text[]
WITH plan AS (UPDATE action_plans SET pairing = $1, kind = $2, status = $3, language = $4, title_key = $5, document = $6,
        published_version = $7, version = $8, updated_at = $9 WHERE id = $10
        RETURNING id, document, version, status, pairing, title_key, created_at, updated_at),
    version AS (INSERT INTO action_plan_versions (plan, version, document, status, at, by)
        SELECT id, version, document, status, updated_at, $11 FROM plan),
    parted AS (DELETE FROM action_plan_proponents WHERE plan = $12 AND city <> ALL ($13)),
    proponents AS (INSERT INTO action_plan_proponents (plan, city, pairing, status, title_key, created_at, updated_at)
        SELECT id, city, pairing, status, title_key, created_at, updated_at FROM plan, unnest($14) AS city
        ON CONFLICT ON CONSTRAINT action_plan_proponents_pkey DO UPDATE SET pairing = excluded.pairing,
        status = excluded.status, title_key = excluded.title_key, updated_at = excluded.updated_at),
    unserved AS (DELETE FROM action_plan_sdgs WHERE plan = $15 AND code <> ALL ($16)),
    sdgs AS (INSERT INTO action_plan_sdgs (plan, code) SELECT id, code FROM plan, unnest($17) AS code
        ON CONFLICT ON CONSTRAINT action_plan_sdgs_pkey DO NOTHING),
    forgotten AS (DELETE FROM action_plan_refs WHERE plan = $18 AND (system, key) NOT IN
        (SELECT * FROM unnest($19, $20)))
    INSERT INTO action_plan_refs (system, key, plan)
        SELECT system, key, id FROM plan, unnest($21, $22) AS ref (system, key)
        WHERE NOT EXISTS (SELECT FROM action_plan_refs AS had WHERE had.plan = plan.id AND had.system = ref.system
            AND had.key = ref.key);

-- record in src/events.rs.
-- $1 = (lpad(:run::text, 8, '0') || '-0000-7001-8000-' || lpad(:key::text, 12, '0'))::uuid
-- $2 = now()
-- $3 = 'action_plan'
-- $4 = ('01900000-0000-7000-8000-' || lpad(:plan::text, 12, '0'))
-- $5 = 'updated'
-- $6 = :version
-- $7 = :proponents
-- $8 = :user
-- $9 = '01900000-0000-7000-8000-000000000000'
-- $10 = '127.0.0.1'
-- $11 = :patch_change
INSERT INTO "events" ("id", "at", "type", "resource", "action", "version", "cities", "by", "request_id", "address", "change")
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

COMMIT;
