-- A new plan: src/write.rs, src/action_plans/db.rs.
\set n :n + 1
\set key :client_id * 1000000 + :n
\set version 1

BEGIN;

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

-- check_codes in src/sdgs/db.rs.
-- $1 = :codes::text[]
SELECT "sdg_codes"."code" FROM "sdg_codes" WHERE ("sdg_codes"."code" = ANY($1));

-- newest_template in src/action_plans/db.rs.
-- $1 = :pairing
-- $2 = 1
SELECT "templates"."id" FROM "templates" WHERE ("templates"."programme" = ANY(SELECT "pairings"."programme" FROM "pairings"
    WHERE ("pairings"."id" = $1))) ORDER BY "templates"."created_at" DESC, "templates"."id" DESC LIMIT $2;

-- INSERT
-- :ids = ARRAY[(lpad(:run::text, 8, '0') || '-0000-7000-8000-' || lpad(:key::text, 12, '0'))::uuid]
-- :pairings = ARRAY[:pairing]::text[]
-- :templates = '{iuc-japan-1}'::text[]
-- :kinds = '{new}'::text[]
-- :statuses = '{draft}'::text[]
-- :languages = '{en}'::text[]
-- :title_keys = ARRAY[:title_key]::text[]
-- :cities = ARRAY[array_to_string(:proponents::text[], ',')]
-- :asked = ARRAY[array_to_string(:asked::text[], ',')]
-- :documents = ARRAY[:document]::json[]
-- :published = ARRAY[NULL]::bigint[]
-- :versions = ARRAY[1]::bigint[]
-- :created = ARRAY[now()]
-- :updated = ARRAY[now()]
-- :comments = ARRAY[NULL]::text[]
-- :by = :user::uuid
-- :city = NULL::text
-- :coded = array_fill((lpad(:run::text, 8, '0') || '-0000-7000-8000-' || lpad(:key::text, 12, '0'))::uuid, ARRAY[cardinality(:codes::text[])])
-- :codes = :codes::text[]
-- :citing = array_fill((lpad(:run::text, 8, '0') || '-0000-7000-8000-' || lpad(:key::text, 12, '0'))::uuid, ARRAY[cardinality(:sources::text[])])
-- :activities = :activities::text[]
-- :types = :types::text[]
-- :sources = :sources::text[]
-- :revising = '{}'::uuid[]
-- :revised = '{}'::uuid[]
-- :named = '{}'::uuid[]
-- :owners = '{}'::text[]
-- :systems = '{}'::text[]
-- :keys = '{}'::text[]

-- RECORD
-- :ids = ARRAY[(lpad(:run::text, 8, '0') || '-0000-7000-8000-' || lpad(:key::text, 12, '0'))::uuid]::uuid[]
-- :ats = ARRAY[now()]::timestamptz[]
-- :types = ARRAY['action_plan']::text[]
-- :resources = ARRAY[(lpad(:run::text, 8, '0') || '-0000-7000-8000-' || lpad(:key::text, 12, '0'))]::text[]
-- :actions = ARRAY['created']::text[]
-- :versions = ARRAY[:version]::bigint[]
-- :cities = ARRAY[array_to_string(:proponents::text[], ',')]
-- :bys = ARRAY[:user]::uuid[]
-- :clients = ARRAY[NULL::uuid]::uuid[]
-- :requests = ARRAY['01900000-0000-7000-8000-000000000000']::text[]
-- :addresses = ARRAY['127.0.0.1']::text[]
-- :found_types = ARRAY['action_plan']::text[]
-- :found_ids = ARRAY[(lpad(:run::text, 8, '0') || '-0000-7000-8000-' || lpad(:key::text, 12, '0'))]::text[]
-- :found_public = ARRAY[false]
-- :found_versions = ARRAY[:version]::bigint[]
-- :found_words = ARRAY[:words]::text[]
-- :changes = ARRAY[:create_change]::jsonb[]

COMMIT;
