-- A new plan, with its first version and its projections.
WITH plan AS (
    INSERT INTO action_plans (id, pairing, template, kind, status, language, title_key, proponents, asked, document, published_version,
        version, created_at, updated_at)
    VALUES (:id, :pairing, :template, :kind, :status, :language, :title_key, :cities, :asked, :document, :published_version,
        :version, :created_at, :updated_at)
    RETURNING id, document, version, status, pairing, title_key, created_at, updated_at
), version AS (
    INSERT INTO action_plan_versions (plan, version, document, status, comment, at, by, city)
    SELECT id, version, document, status, :comment, updated_at, :by, :city FROM plan
), proponents AS (
    INSERT INTO action_plan_proponents (plan, city, pairing, status, title_key, created_at, updated_at)
    SELECT id, city, pairing, status, title_key, created_at, updated_at FROM plan, unnest(:cities) AS city
), sdgs AS (
    INSERT INTO action_plan_sdgs (plan, code)
    SELECT id, code FROM plan, unnest(:codes) AS code
), sources AS (
    INSERT INTO action_plan_sources (plan, version, activity, type, source)
    SELECT id, version, activity, type, source FROM plan, unnest(:activities, :types, :sources) AS cited (activity, type, source)
), revision AS (
    INSERT INTO action_plan_revisions (plan, version, revised)
    SELECT id, version, revised FROM plan, unnest(:revised) AS revised
)
INSERT INTO action_plan_refs (city, system, key, plan)
SELECT city, system, key, id
FROM plan, unnest(:owners, :systems, :keys) AS ref (city, system, key)
