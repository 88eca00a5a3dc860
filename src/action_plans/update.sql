-- A changed plan, with its new version and its projections.
WITH plan AS (
    UPDATE action_plans
    SET pairing = :pairing, kind = :kind, status = :status, language = :language, title_key = :title_key,
        proponents = :cities, asked = :asked, document = :document, published_version = :published_version, version = :version, updated_at = :updated_at,
        translations = coalesce(:translations, translations)
    WHERE id = :id
    RETURNING id, document, version, status, pairing, title_key, created_at, updated_at, translations
), version AS (
    INSERT INTO action_plan_versions (plan, version, document, status, comment, minor, at, by, city, translations)
    SELECT id, version, document, status, :comment, :minor, updated_at, :by, :city, translations FROM plan
), parted AS (
    DELETE FROM action_plan_proponents WHERE plan = :id AND city <> ALL (:cities)
), proponents AS (
    INSERT INTO action_plan_proponents (plan, city, pairing, status, title_key, created_at, updated_at)
    SELECT id, city, pairing, status, title_key, created_at, updated_at FROM plan, unnest(:cities) AS city
    ON CONFLICT ON CONSTRAINT action_plan_proponents_pkey DO UPDATE
    SET pairing = excluded.pairing, status = excluded.status, title_key = excluded.title_key,
        updated_at = excluded.updated_at
), unserved AS (
    DELETE FROM action_plan_sdgs WHERE plan = :id AND code <> ALL (:codes)
), sdgs AS (
    INSERT INTO action_plan_sdgs (plan, code)
    SELECT id, code FROM plan, unnest(:codes) AS code
    ON CONFLICT ON CONSTRAINT action_plan_sdgs_pkey DO NOTHING
), outdated AS (
    DELETE FROM action_plan_sources WHERE plan = :id AND version <> coalesce(:published_version, 0)
), sources AS (
    INSERT INTO action_plan_sources (plan, version, activity, type, source)
    SELECT id, version, activity, type, source FROM plan, unnest(:activities, :types, :sources) AS cited (activity, type, source)
), superseded AS (
    DELETE FROM action_plan_revisions WHERE plan = :id AND version <> coalesce(:published_version, 0)
), revision AS (
    INSERT INTO action_plan_revisions (plan, version, revised)
    SELECT id, version, revised FROM plan, unnest(:revised) AS revised
), forgotten AS (
    DELETE FROM action_plan_refs AS had
    WHERE had.plan = :id AND had.city = ANY (:cities)
        AND NOT EXISTS (SELECT FROM unnest(:owners, :systems, :keys) AS ref (city, system, key)
            WHERE ref.city = had.city AND ref.system = had.system AND ref.key = had.key)
)
INSERT INTO action_plan_refs (city, system, key, plan)
SELECT city, system, key, id
FROM plan, unnest(:owners, :systems, :keys) AS ref (city, system, key)
WHERE NOT EXISTS (SELECT FROM action_plan_refs AS had
    WHERE had.plan = plan.id AND had.city = ref.city AND had.system = ref.system AND had.key = ref.key)
