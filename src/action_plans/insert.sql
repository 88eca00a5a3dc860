-- New plans, each with its first version and its projections.
WITH plan AS (
    INSERT INTO action_plans (id, pairing, template, kind, status, language, title_key, proponents, asked, document, published_version,
        version, created_at, updated_at)
    SELECT id, pairing, template, kind, status, language, title_key, string_to_array(cities, ','), string_to_array(asked, ','),
        document, published_version, version, created_at, updated_at
    FROM unnest(:ids, :pairings, :templates, :kinds, :statuses, :languages, :title_keys, :cities, :asked, :documents, :published,
            :versions, :created, :updated)
        AS new (id, pairing, template, kind, status, language, title_key, cities, asked, document, published_version,
            version, created_at, updated_at)
    RETURNING id, document, version, status, pairing, title_key, created_at, updated_at, proponents
), version AS (
    INSERT INTO action_plan_versions (plan, version, document, status, comment, at, by, city)
    SELECT id, version, document, status, comment, updated_at, :by, :city
    FROM plan JOIN unnest(:ids, :comments) AS said (id, comment) USING (id)
), proponents AS (
    INSERT INTO action_plan_proponents (plan, city, pairing, status, title_key, created_at, updated_at)
    SELECT id, city, pairing, status, title_key, created_at, updated_at FROM plan, unnest(proponents) AS city
), sdgs AS (
    INSERT INTO action_plan_sdgs (plan, code)
    SELECT plan, code FROM unnest(:coded, :codes) AS served (plan, code)
), sources AS (
    INSERT INTO action_plan_sources (plan, version, activity, type, source)
    SELECT id, version, activity, type, source
    FROM plan JOIN unnest(:citing, :activities, :types, :sources) AS cited (id, activity, type, source) USING (id)
), revision AS (
    INSERT INTO action_plan_revisions (plan, version, revised)
    SELECT id, version, revised FROM plan JOIN unnest(:revising, :revised) AS revision (id, revised) USING (id)
)
INSERT INTO action_plan_refs (city, system, key, plan)
SELECT city, system, key, plan FROM unnest(:owners, :systems, :keys, :named) AS ref (city, system, key, plan)
