-- A partner city goes on reading the threads in which it has spoken when it no longer reads the plan as it is written: in the
-- feed as in the lists. What it sees then depends on who has spoken, so that a deletion holds the plan too.

CREATE FUNCTION has_spoken(the_thread uuid) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT ARRAY(SELECT DISTINCT city FROM action_plan_comments WHERE thread = the_thread AND city IS NOT NULL)
$$;
COMMENT ON FUNCTION has_spoken(uuid) IS 'The cities that have said something in a thread of comments.';

CREATE FUNCTION is_of_sources(path text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT path LIKE '/inputs/sources/%' OR path LIKE '/activities/%/sources/%'
$$;
COMMENT ON FUNCTION is_of_sources(text) IS 'Whether a comment is on a source of a plan: then it is for its proponents and admins alone.';

-- Triggers alone call it, and those that do are replaced below.
-- squawk-ignore ban-drop-function
DROP FUNCTION comment_sight(jsonb, bigint, text, text);

CREATE FUNCTION comment_sight(of_plan jsonb, version bigint, author text, path text, spoken text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(jsonb_object_agg(key, seen(version,
        array_remove(ARRAY(SELECT jsonb_array_elements_text(value -> 'cities')) || author, NULL))), '{}')
    FROM (
        SELECT key, value FROM jsonb_each(of_plan)
        WHERE key <> '*' AND (key = '#' OR value -> 'cities' ? key OR NOT is_of_sources(path))
        UNION ALL
        SELECT city, of_plan -> '#' FROM unnest(spoken) AS city
        WHERE of_plan ? '#' AND NOT of_plan ? city AND NOT is_of_sources(path)
    ) AS readers
$$;
COMMENT ON FUNCTION comment_sight(jsonb, bigint, text, text, text[]) IS 'Who sees a comment on this place in a thread where these cities have spoken, as src/action_plans/comments/db.rs says it for lists: they, and who sees the working copy of its plan; of what is said of sources, its proponents and admins.';

CREATE OR REPLACE FUNCTION tell_plan(the_plan uuid, of_version bigint, happened timestamptz, before jsonb, after jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tell_change('action_plan', the_plan::text, '/action-plans/' || the_plan, of_version, happened, before, after);
    PERFORM tell_change('comment', id::text, '/action-plans/' || the_plan || '/comments/' || id, NULL, happened,
        comment_sight(before, version, city, path, spoken), comment_sight(after, version, city, path, spoken))
    FROM (SELECT *, has_spoken(thread) AS spoken FROM action_plan_comments WHERE plan = the_plan) AS said
    WHERE comment_sight(before, 1, NULL, path, spoken) <> comment_sight(after, 1, NULL, path, spoken) ORDER BY id;
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
    spoken text[] := has_spoken(coalesce(NEW.thread, OLD.thread));
    spoke text[] := spoken;
    before jsonb := '{}';
    after jsonb := '{}';
BEGIN
    -- What goes with its plan was told before.
    IF NOT of_plan ? '#' THEN
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        spoke := CASE WHEN OLD.city <> ALL (spoken) THEN spoken || OLD.city ELSE spoken END;
        before := comment_sight(of_plan, OLD.version, OLD.city, OLD.path, spoke);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        after := comment_sight(of_plan, NEW.version, NEW.city, NEW.path, spoken);
    END IF;
    PERFORM tell_change('comment', coalesce(NEW.id, OLD.id)::text,
        '/action-plans/' || coalesce(NEW.plan, OLD.plan) || '/comments/' || coalesce(NEW.id, OLD.id),
        CASE TG_OP WHEN 'DELETE' THEN OLD.version + 1 ELSE NEW.version END,
        CASE TG_OP WHEN 'DELETE' THEN now() ELSE NEW.updated_at END, before, after);
    -- Who takes back the last that it said there loses sight of the rest.
    IF TG_OP = 'DELETE' AND spoke <> spoken THEN
        PERFORM tell_change('comment', id::text, '/action-plans/' || plan || '/comments/' || id, NULL, now(),
            comment_sight(of_plan, version, city, path, spoke), comment_sight(of_plan, version, city, path, spoken))
        FROM action_plan_comments WHERE thread = OLD.thread ORDER BY id;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION hold_plan_of_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM action_plans WHERE id = OLD.plan FOR SHARE;
    RETURN OLD;
END $$;
COMMENT ON FUNCTION hold_plan_of_gone() IS 'Holds the plan of what goes, as hold_plan() does of what comes: nobody changes who sees it meanwhile.';
CREATE TRIGGER action_plan_comments_hold_gone BEFORE DELETE ON action_plan_comments FOR EACH ROW EXECUTE FUNCTION hold_plan_of_gone();
