-- Telling the feed of changes, for less of the processor's time. What is told stays the same.

-- As what it calls. With a promise that is stronger than that, PostgreSQL runs the function's body as a statement of its own
-- at each call, where it could take it into the statement that calls it.
ALTER FUNCTION seen(bigint, text[]) STABLE;

-- Who sees a new plan is told by the rows that were just written, and not read again.
CREATE OR REPLACE FUNCTION read_new_plans() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Plans come to a pairing when nobody is changing that: from then on, who changes it waits for who writes the plans.
    PERFORM FROM pairings WHERE id IN (SELECT pairing FROM new_plans) ORDER BY id FOR SHARE;
    -- A statement of its own sees who is in the pairing now.
    WITH read AS (
        INSERT INTO action_plan_readers
            (reader, plan, version, proponents, pairing, template, status, title_key, sdgs, asked, created_at, updated_at, kind, awaits)
        SELECT reader, id, version, proponents, pairing, template, status, title_key,
            ARRAY(SELECT code FROM action_plan_sdgs AS of WHERE of.plan = id), reader = ANY (asked), created_at, updated_at,
            kind, CASE reader WHEN '*' THEN '{}' ELSE awaits END
        FROM new_plans, LATERAL (
            SELECT unnest(proponents)
            UNION
            SELECT city FROM pairing_cities AS member WHERE status = 'submitted' AND member.pairing = new_plans.pairing
            UNION
            SELECT '*' WHERE published_version = version
        ) AS readers (reader)
        RETURNING plan, reader, version, proponents
    ), sights AS (
        SELECT plan, jsonb_object_agg(reader, seen(version, proponents)) AS sight FROM (
            SELECT * FROM read
            UNION ALL
            SELECT id, '#', version, proponents FROM new_plans
        ) AS readers
        GROUP BY plan
    )
    INSERT INTO unnumbered_changes (type, resource, path, version, at, before, after)
    SELECT 'action_plan', id::text, '/action-plans/' || id, version, updated_at, '{}', sight
    FROM new_plans JOIN sights ON plan = id;
    RETURN NULL;
END $$;

-- What each reader saw and sees is worked out once, and not in each place that names it.
CREATE OR REPLACE FUNCTION number_changes(most integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    newest bigint;
    given bigint;
BEGIN
    IF EXISTS (SELECT FROM unnumbered_changes) THEN
        -- Who finds another at it waits a moment for what that one has not seen yet; the reader does well without.
        BEGIN
            PERFORM set_config('lock_timeout', '300ms', true);
            SELECT last INTO newest FROM feed FOR UPDATE;
        EXCEPTION WHEN lock_not_available THEN
            newest := NULL;
        END;
    END IF;
    IF newest IS NULL THEN
        SELECT last INTO newest FROM feed;
        RETURN newest;
    END IF;
    -- A statement of its own, begun under the lock: it sees what the one before has numbered.
    WITH batch AS (
        DELETE FROM unnumbered_changes WHERE id IN (SELECT id FROM unnumbered_changes ORDER BY id LIMIT most)
        RETURNING *
    ), seen AS (
        SELECT batch.*, reader, before -> CASE WHEN before ? reader THEN reader ELSE '*' END AS old,
            after -> CASE WHEN after ? reader THEN reader ELSE '*' END AS new
        FROM batch, LATERAL jsonb_object_keys(before || after) AS reader
    ), compared AS MATERIALIZED (
        SELECT seen.*, (old ->> 'version')::bigint AS had, (new ->> 'version')::bigint AS has FROM seen
    ), numbered AS (
        INSERT INTO changes (seq, reader, type, resource, path, action, version, at, by, cities, not_for, numbered_at)
        SELECT newest + row_number() OVER (ORDER BY id, reader, step), reader, type, resource, path, happened, seen_version, at,
            (SELECT events.by FROM events
             WHERE events.type = compared.type AND events.resource = compared.resource AND events.version = compared.version LIMIT 1),
            ARRAY(SELECT city
                FROM jsonb_array_elements_text(coalesce(new -> 'cities', '[]') || coalesce(old -> 'cities', '[]'))
                    WITH ORDINALITY AS of (city, place)
                GROUP BY city ORDER BY min(place)),
            CASE reader WHEN '*' THEN ARRAY(SELECT key FROM jsonb_object_keys(before || after) AS key WHERE key <> '*') ELSE '{}' END,
            clock_timestamp()
        FROM compared, LATERAL (VALUES
            -- Who sees an older version again loses the newer one first.
            (1, 'deleted', had + 1, had IS NOT NULL AND coalesce(has < had, true)),
            (2, 'created', has, has IS NOT NULL AND coalesce(has < had, true)),
            (3, 'updated', has, has > had)
        ) AS steps (step, happened, seen_version, applies)
        WHERE applies
        RETURNING seq, reader, type, cities
    ), placed AS (
        INSERT INTO change_cities (seq, city, reader, type)
        SELECT seq, city, reader, type FROM numbered, unnest(cities) AS city
    )
    SELECT max(seq) INTO given FROM numbered;
    IF given IS NULL THEN
        RETURN newest;
    END IF;
    UPDATE feed SET last = given;
    RETURN given;
END $$;
