-- A changed plan, another one for each client: src/write.rs, src/action_plans/db.rs.
\set n :n + 1
\set key :client_id * 1000000 + :n
\set version :run * 1000000 + :n
\set plan 1001 + :client_id

BEGIN;

-- ActionPlan::lock.
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

-- The state of its translations: src/action_plans/translations/kept.rs.
-- $1 = ('01900000-0000-7000-8000-' || lpad(:plan::text, 12, '0'))::uuid
-- $2 = 1
SELECT "action_plans"."translations" FROM "action_plans" WHERE ("action_plans"."id" = $1) LIMIT $2;

-- UPDATE
-- :id = ('01900000-0000-7000-8000-' || lpad(:plan::text, 12, '0'))::uuid
-- :pairing = :pairing
-- :kind = 'new'
-- :status = 'draft'
-- :language = 'en'
-- :title_key = :title_key
-- :document = :document
-- :published_version = NULL
-- :version = :version
-- :updated_at = now()
-- :comment = NULL
-- :minor = false
-- :translations = NULL::jsonb
-- :city = NULL::text
-- :by = :user::uuid
-- :asked = :asked::text[]
-- :activities = :activities::text[]
-- :types = :types::text[]
-- :sources = :sources::text[]
-- :revised = '{}'::uuid[]
-- :cities = :proponents::text[]
-- :codes = :codes::text[]
-- :owners = '{}'::text[]
-- :systems = '{}'::text[]
-- :keys = '{}'::text[]

-- RECORD
-- :ids = ARRAY[(lpad(:run::text, 8, '0') || '-0000-7001-8000-' || lpad(:key::text, 12, '0'))::uuid]::uuid[]
-- :ats = ARRAY[now()]::timestamptz[]
-- :types = ARRAY['action_plan']::text[]
-- :resources = ARRAY[('01900000-0000-7000-8000-' || lpad(:plan::text, 12, '0'))]::text[]
-- :actions = ARRAY['updated']::text[]
-- :versions = ARRAY[:version]::bigint[]
-- :cities = ARRAY[array_to_string(:proponents::text[], ',')]
-- :bys = ARRAY[:user]::uuid[]
-- :clients = ARRAY[NULL::uuid]::uuid[]
-- :requests = ARRAY['01900000-0000-7000-8000-000000000000']::text[]
-- :addresses = ARRAY['127.0.0.1']::text[]
-- :found_types = ARRAY['action_plan']::text[]
-- :found_ids = ARRAY[('01900000-0000-7000-8000-' || lpad(:plan::text, 12, '0'))]::text[]
-- :found_public = ARRAY[false]
-- :found_versions = ARRAY[:version]::bigint[]
-- :found_words = ARRAY[:words]::text[]
-- :changes = ARRAY[:patch_change]::jsonb[]

COMMIT;
