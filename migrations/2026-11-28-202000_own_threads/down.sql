DROP TRIGGER action_plan_comments_hold_gone ON action_plan_comments;
DROP FUNCTION hold_plan_of_gone();
DROP FUNCTION comment_sight(jsonb, bigint, text, text, text[]);

CREATE FUNCTION comment_sight(of_plan jsonb, version bigint, author text, path text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(jsonb_object_agg(key, seen(version,
        array_remove(ARRAY(SELECT jsonb_array_elements_text(value -> 'cities')) || author, NULL))), '{}')
    FROM jsonb_each(of_plan)
    WHERE key <> '*'
        AND (key = '#' OR value -> 'cities' ? key
            OR NOT (path LIKE '/inputs/sources/%' OR path LIKE '/activities/%/sources/%'))
$$;
COMMENT ON FUNCTION comment_sight(jsonb, bigint, text, text) IS 'Who sees a comment on this place, as src/action_plans/comments/db.rs says it for lists: who sees the working copy of its plan; of what is said of sources, its proponents and admins.';

CREATE OR REPLACE FUNCTION tell_plan(the_plan uuid, of_version bigint, happened timestamptz, before jsonb, after jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tell_change('action_plan', the_plan::text, '/action-plans/' || the_plan, of_version, happened, before, after);
    PERFORM tell_change('comment', id::text, '/action-plans/' || the_plan || '/comments/' || id, NULL, happened,
        comment_sight(before, version, city, path), comment_sight(after, version, city, path))
    FROM action_plan_comments WHERE plan = the_plan AND comment_sight(before, 1, NULL, path) <> comment_sight(after, 1, NULL, path) ORDER BY id;
    PERFORM tell_change('measurement', id::text,
        '/action-plans/' || the_plan || '/indicators/' || indicator || '/measurements/' || id, NULL, happened, had, has)
    FROM (SELECT indicator, measurement_sight(before, the_plan, indicator) AS had, measurement_sight(after, the_plan, indicator) AS has
        FROM (SELECT DISTINCT indicator FROM action_plan_measurements WHERE plan = the_plan) AS measured) AS sight
        JOIN action_plan_measurements USING (indicator)
    WHERE plan = the_plan AND had <> has ORDER BY id;
END $$;

CREATE OR REPLACE FUNCTION tell_comment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    of_plan jsonb := plan_sight(coalesce(NEW.plan, OLD.plan));
    before jsonb := '{}';
    after jsonb := '{}';
BEGIN
    -- What goes with its plan was told before.
    IF NOT of_plan ? '#' THEN
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        before := comment_sight(of_plan, OLD.version, OLD.city, OLD.path);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        after := comment_sight(of_plan, NEW.version, NEW.city, NEW.path);
    END IF;
    PERFORM tell_change('comment', coalesce(NEW.id, OLD.id)::text,
        '/action-plans/' || coalesce(NEW.plan, OLD.plan) || '/comments/' || coalesce(NEW.id, OLD.id),
        CASE TG_OP WHEN 'DELETE' THEN OLD.version + 1 ELSE NEW.version END,
        CASE TG_OP WHEN 'DELETE' THEN now() ELSE NEW.updated_at END, before, after);
    RETURN NULL;
END $$;

DROP FUNCTION is_of_sources(text);
DROP FUNCTION has_spoken(uuid);
