-- The change feed: what each change was to each of its readers, in one order that never changes.
--
-- Triggers tell of every change who saw which version before it and who sees which after it, in its transaction, whoever
-- writes. Whoever reads the feed numbers what is told, under a lock: a place in the feed is given to what is committed
-- alone, by one after the other, so that nothing ever comes to stand before what a reader has seen already.

-- ---------------------------------------------------------------- the feed

CREATE TABLE feed (
    one   boolean NOT NULL DEFAULT true,
    epoch uuid    NOT NULL,
    floor bigint  NOT NULL DEFAULT 0,
    last  bigint  NOT NULL DEFAULT 0,
    CONSTRAINT feed_pkey PRIMARY KEY (one),
    CONSTRAINT feed_has_one_row CHECK (one)
);
COMMENT ON TABLE feed IS 'Where the feed begins and ends; whoever numbers changes holds this row locked.';
COMMENT ON COLUMN feed.epoch IS 'Part of every cursor; another one after a restored backup, whose numbers would come twice.';
COMMENT ON COLUMN feed.floor IS 'The newest change that was forgotten: older cursors have missed some.';
COMMENT ON COLUMN feed.last IS 'The newest number that was given.';
INSERT INTO feed (epoch) VALUES (gen_random_uuid());

CREATE TABLE unnumbered_changes (
    id       bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    type     text        NOT NULL,
    resource text        NOT NULL,
    path     text        NOT NULL,
    version  bigint,
    at       timestamptz NOT NULL,
    before   jsonb       NOT NULL,
    after    jsonb       NOT NULL,
    CONSTRAINT unnumbered_changes_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE unnumbered_changes IS 'What is told and has no place in the feed yet. Of one thing the ids ascend as its row was locked; else they say nothing.';
COMMENT ON COLUMN unnumbered_changes.version IS 'The version that this made, to find its author; null when the thing stayed and only who sees it changed.';
COMMENT ON COLUMN unnumbered_changes.before IS 'Who saw what: by reader (a city; # for admins; * for everybody who is not named) the version and the cities it belongs to, or null for nothing.';

CREATE TABLE changes (
    seq         bigint      NOT NULL,
    reader      text        NOT NULL,
    type        text        NOT NULL,
    resource    text        NOT NULL,
    path        text        NOT NULL,
    action      text        NOT NULL,
    version     bigint      NOT NULL,
    at          timestamptz NOT NULL,
    by          uuid,
    cities      text[]      NOT NULL,
    not_for     text[]      NOT NULL,
    numbered_at timestamptz NOT NULL,
    CONSTRAINT changes_pkey PRIMARY KEY (seq),
    CONSTRAINT changes_action_known CHECK (action IN ('created', 'updated', 'deleted'))
);
COMMENT ON TABLE changes IS 'The feed: a row for each change and reader. Never changed; the oldest are forgotten after a time.';
COMMENT ON COLUMN changes.reader IS 'A city; # for admins; * for everybody but those in not_for, who have their own row or see nothing of it.';
COMMENT ON COLUMN changes.version IS 'That this reader sees; of what is deleted, or lost from sight, one more than it saw last.';
COMMENT ON COLUMN changes.by IS 'Whose doing it was; told to admins and to the cities that the thing belongs to.';
CREATE INDEX changes_reader ON changes (reader, seq);
CREATE INDEX changes_type ON changes (reader, type, seq);

CREATE TABLE change_cities (
    seq    bigint NOT NULL,
    city   text   NOT NULL,
    reader text   NOT NULL,
    type   text   NOT NULL,
    CONSTRAINT change_cities_pkey PRIMARY KEY (seq, city)
);
COMMENT ON TABLE change_cities IS 'The cities of each change, for the feed of one city''s things; comes and goes with its change.';
CREATE INDEX change_cities_city ON change_cities (reader, city, seq);

-- ---------------------------------------------------------------- numbering

CREATE FUNCTION number_changes(most integer) RETURNS bigint LANGUAGE plpgsql AS $$
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
        FROM batch, LATERAL (SELECT jsonb_object_keys(before) UNION SELECT jsonb_object_keys(after)) AS readers (reader)
    ), compared AS (
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
COMMENT ON FUNCTION number_changes(integer) IS 'Gives what is told and committed its place in the feed, one caller after the other; answers the newest number.';

CREATE FUNCTION forget_changes(older timestamptz, most integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    began bigint;
    ends bigint;
    upto bigint;
    gone bigint;
BEGIN
    SELECT floor, last INTO began, ends FROM feed FOR UPDATE;
    SELECT coalesce((SELECT seq - 1 FROM changes WHERE numbered_at >= older ORDER BY seq LIMIT 1), ends) INTO upto;
    SELECT least(upto, max(seq)) INTO upto FROM (SELECT seq FROM changes ORDER BY seq LIMIT most) AS first;
    IF upto IS NULL OR upto <= began THEN
        RETURN 0;
    END IF;
    UPDATE feed SET floor = upto;
    DELETE FROM change_cities WHERE seq <= upto;
    DELETE FROM changes WHERE seq <= upto;
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END $$;
COMMENT ON FUNCTION forget_changes(timestamptz, integer) IS 'Forgets at most so many of the changes that were numbered before a time; answers how many.';

-- ---------------------------------------------------------------- telling

CREATE FUNCTION seen(version bigint, cities text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_build_object('version', version, 'cities', to_jsonb(cities))
$$;
COMMENT ON FUNCTION seen(bigint, text[]) IS 'What one reader sees of a thing, for tell_change.';

CREATE FUNCTION seen_by(readers text[], version bigint, cities text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(jsonb_object_agg(reader, seen(version, cities)), '{}') FROM unnest(readers) AS reader
$$;
COMMENT ON FUNCTION seen_by(text[], bigint, text[]) IS 'Who sees the one version of a thing, for tell_change.';

CREATE FUNCTION tell_change(of_type text, of_resource text, at_path text, of_version bigint, happened timestamptz, before jsonb, after jsonb)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF before <> after THEN
        INSERT INTO unnumbered_changes (type, resource, path, version, at, before, after)
        VALUES (of_type, of_resource, at_path, of_version, happened, before, after);
    END IF;
END $$;
COMMENT ON FUNCTION tell_change(text, text, text, bigint, timestamptz, jsonb, jsonb) IS 'Notes for the feed who saw what before a change and who sees what after it; nothing when that is the same.';

CREATE FUNCTION cities_of(of_type text, item jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE of_type
        WHEN 'city' THEN ARRAY[item ->> 'id']
        WHEN 'pairing' THEN ARRAY(SELECT jsonb_array_elements_text((item -> 'eu_cities') || (item -> 'jp_cities')))
        WHEN 'meeting' THEN ARRAY(SELECT jsonb_array_elements_text(item -> 'cities'))
        WHEN 'tour' THEN ARRAY[item ->> 'visiting_city', item ->> 'host_city']
        ELSE '{}'
    END
$$;
COMMENT ON FUNCTION cities_of(text, jsonb) IS 'The cities that a public thing belongs to, by its row.';

CREATE FUNCTION tell_public() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    of_type text := TG_ARGV[0];
    key text := TG_ARGV[2];
    before jsonb := '{}';
    after jsonb := '{}';
    item jsonb;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        item := to_jsonb(OLD);
        before := seen_by('{*}', OLD.version, cities_of(of_type, item));
    END IF;
    IF TG_OP <> 'DELETE' THEN
        item := to_jsonb(NEW);
        after := seen_by('{*}', NEW.version, cities_of(of_type, item));
    END IF;
    PERFORM tell_change(of_type, item ->> key, TG_ARGV[1] || replace(item ->> key, '/', '/waivers/'),
        CASE TG_OP WHEN 'DELETE' THEN OLD.version + 1 ELSE NEW.version END,
        CASE TG_OP WHEN 'DELETE' THEN now() ELSE NEW.updated_at END, before, after);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION tell_public() IS 'Tells of what everybody sees: its type, its path, the column of its id. An id with a slash is that of a waiver below its tour.';

CREATE TRIGGER programmes_tell AFTER INSERT OR UPDATE OR DELETE ON programmes FOR EACH ROW EXECUTE FUNCTION tell_public('programme', '/programmes/', 'id');
CREATE TRIGGER cities_tell AFTER INSERT OR UPDATE OR DELETE ON cities FOR EACH ROW EXECUTE FUNCTION tell_public('city', '/cities/', 'id');
CREATE TRIGGER subjects_tell AFTER INSERT OR UPDATE OR DELETE ON subjects FOR EACH ROW EXECUTE FUNCTION tell_public('subject', '/subjects/', 'id');
CREATE TRIGGER pairings_tell AFTER INSERT OR UPDATE OR DELETE ON pairings FOR EACH ROW EXECUTE FUNCTION tell_public('pairing', '/pairings/', 'id');
CREATE TRIGGER meetings_tell AFTER INSERT OR UPDATE OR DELETE ON meetings FOR EACH ROW EXECUTE FUNCTION tell_public('meeting', '/meetings/', 'id');
CREATE TRIGGER tours_tell AFTER INSERT OR UPDATE OR DELETE ON tours FOR EACH ROW EXECUTE FUNCTION tell_public('tour', '/tours/', 'id');
CREATE TRIGGER waivers_tell AFTER INSERT OR UPDATE OR DELETE ON waivers FOR EACH ROW EXECUTE FUNCTION tell_public('waiver', '/tours/', 'id');
CREATE TRIGGER key_questions_tell AFTER INSERT OR UPDATE OR DELETE ON key_questions FOR EACH ROW EXECUTE FUNCTION tell_public('key_question', '/key-questions/', 'id');
CREATE TRIGGER templates_tell AFTER INSERT OR UPDATE OR DELETE ON templates FOR EACH ROW EXECUTE FUNCTION tell_public('template', '/templates/', 'id');
CREATE TRIGGER sdgs_tell AFTER INSERT OR UPDATE OR DELETE ON sdgs FOR EACH ROW EXECUTE FUNCTION tell_public('sdg', '/sdgs/', 'number');

-- ---------------------------------------------------------------- delegates

CREATE FUNCTION tell_delegate() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before jsonb := '{}';
    after jsonb := '{}';
    moved boolean := TG_OP = 'UPDATE' AND NEW.version = OLD.version;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        before := seen_by(ARRAY['#', OLD.visiting_city, OLD.host_city], OLD.version, ARRAY[OLD.visiting_city, OLD.host_city]);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        after := seen_by(ARRAY['#', NEW.visiting_city, NEW.host_city], NEW.version, ARRAY[NEW.visiting_city, NEW.host_city]);
    END IF;
    PERFORM tell_change('delegate', coalesce(NEW.id, OLD.id)::text,
        '/tours/' || coalesce(NEW.tour, OLD.tour) || '/delegates/' || coalesce(NEW.id, OLD.id),
        CASE WHEN moved THEN NULL WHEN TG_OP = 'DELETE' THEN OLD.version + 1 ELSE NEW.version END,
        CASE WHEN moved OR TG_OP = 'DELETE' THEN now() ELSE NEW.updated_at END, before, after);
    RETURN NULL;
END $$;
CREATE TRIGGER delegates_tell AFTER INSERT OR UPDATE OR DELETE ON delegates FOR EACH ROW EXECUTE FUNCTION tell_delegate();

-- ---------------------------------------------------------------- contributions

ALTER TABLE contributions ADD COLUMN seen_by text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN contributions.seen_by IS 'Who sees it, kept in step by triggers: cities, and # for admins; or * for everybody.';

CREATE FUNCTION contribution_readers(item contributions) RETURNS text[] LANGUAGE sql STABLE AS $$
    SELECT CASE item.visibility WHEN 'public' THEN '{*}' ELSE ARRAY(
        SELECT '#'
        UNION
        SELECT item.city
        UNION
        SELECT city FROM meeting_cities WHERE item.visibility = 'participants' AND meeting = item.meeting
        UNION
        SELECT other.city FROM pairing_cities AS own JOIN pairing_cities AS other USING (pairing)
        WHERE item.visibility = 'partner' AND own.city = item.city
        ORDER BY 1
    ) END
$$;
COMMENT ON FUNCTION contribution_readers(contributions) IS 'Who sees a contribution, as src/contributions/db.rs says it for lists.';

-- Nobody comes to a pairing or a meeting while a contribution is written, nor the other way round: each would miss the other.
CREATE FUNCTION place_contribution() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('who sees contributions', 0));
    NEW.seen_by := contribution_readers(NEW);
    RETURN NEW;
END $$;
COMMENT ON FUNCTION place_contribution() IS 'Notes in a contribution who sees it, whoever writes.';
CREATE TRIGGER contributions_place BEFORE INSERT OR UPDATE ON contributions FOR EACH ROW EXECUTE FUNCTION place_contribution();
UPDATE contributions SET seen_by = '{}';

CREATE FUNCTION tell_contribution() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before jsonb := '{}';
    after jsonb := '{}';
    stayed boolean := TG_OP = 'UPDATE' AND NEW.version = OLD.version;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        before := seen_by(OLD.seen_by, OLD.version, ARRAY[OLD.city]);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        after := seen_by(NEW.seen_by, NEW.version, ARRAY[NEW.city]);
    END IF;
    PERFORM tell_change('contribution', coalesce(NEW.id, OLD.id)::text, '/contributions/' || coalesce(NEW.id, OLD.id),
        CASE WHEN stayed THEN NULL WHEN TG_OP = 'DELETE' THEN OLD.version + 1 ELSE NEW.version END,
        CASE WHEN stayed OR TG_OP = 'DELETE' THEN now() ELSE NEW.updated_at END, before, after);
    RETURN NULL;
END $$;
CREATE TRIGGER contributions_tell AFTER INSERT OR UPDATE OR DELETE ON contributions FOR EACH ROW EXECUTE FUNCTION tell_contribution();

CREATE FUNCTION read_meeting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('who sees contributions', 0));
    UPDATE contributions AS item SET seen_by = '{}'
    WHERE meeting = coalesce(NEW.meeting, OLD.meeting) AND visibility = 'participants' AND seen_by <> contribution_readers(item);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION read_meeting() IS 'A city that comes to a meeting or leaves it gains or loses sight of what its participants share.';
CREATE TRIGGER meeting_cities_read AFTER INSERT OR DELETE ON meeting_cities FOR EACH ROW EXECUTE FUNCTION read_meeting();

-- ---------------------------------------------------------------- knowledge

CREATE FUNCTION knowledge_sight(item knowledge) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT seen_by(CASE item.status WHEN 'published' THEN '{*}' ELSE '{#}' || item.cities END, item.version, item.cities)
$$;
COMMENT ON FUNCTION knowledge_sight(knowledge) IS 'Who sees a knowledge item, as src/knowledge/db.rs says it for lists.';

CREATE FUNCTION tell_knowledge() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before jsonb := '{}';
    after jsonb := '{}';
BEGIN
    IF TG_OP <> 'INSERT' THEN
        before := knowledge_sight(OLD);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        after := knowledge_sight(NEW);
    END IF;
    PERFORM tell_change('knowledge_item', coalesce(NEW.id, OLD.id)::text, '/knowledge/' || coalesce(NEW.id, OLD.id),
        CASE TG_OP WHEN 'DELETE' THEN OLD.version + 1 ELSE NEW.version END,
        CASE TG_OP WHEN 'DELETE' THEN now() ELSE NEW.updated_at END, before, after);
    RETURN NULL;
END $$;
CREATE TRIGGER knowledge_tell AFTER INSERT OR UPDATE OR DELETE ON knowledge FOR EACH ROW EXECUTE FUNCTION tell_knowledge();

-- ---------------------------------------------------------------- plans, and what belongs to them

CREATE FUNCTION plan_sight(the_plan uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_object_agg(reader, seen(version, proponents)), '{}') FROM (
        SELECT reader, version, proponents FROM action_plan_readers WHERE plan = the_plan
        UNION ALL
        SELECT '#', version, proponents FROM action_plans WHERE id = the_plan
    ) AS readers
$$;
COMMENT ON FUNCTION plan_sight(uuid) IS 'Who sees which version of a plan, for tell_change.';

CREATE FUNCTION comment_sight(of_plan jsonb, version bigint, author text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(jsonb_object_agg(key, seen(version,
        array_remove(ARRAY(SELECT jsonb_array_elements_text(value -> 'cities')) || author, NULL))), '{}')
    FROM jsonb_each(of_plan) WHERE key <> '*'
$$;
COMMENT ON FUNCTION comment_sight(jsonb, bigint, text) IS 'Who sees a comment: who sees the working copy of its plan.';

CREATE FUNCTION measurement_sight(of_plan jsonb, the_plan uuid, the_indicator text) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_object_agg(key, CASE WHEN EXISTS (
            SELECT FROM json_array_elements(known.document -> 'follow_up' -> 'indicators') AS indicator
            WHERE indicator ->> 'key' = the_indicator)
        THEN seen(1, ARRAY(SELECT jsonb_array_elements_text(value -> 'cities'))) END), '{}')
    FROM jsonb_each(of_plan) JOIN action_plan_versions AS known
        ON known.plan = the_plan AND known.version = (value ->> 'version')::bigint
$$;
COMMENT ON FUNCTION measurement_sight(jsonb, uuid, text) IS 'Who sees a measurement: who sees a version of the plan that has its indicator. Who sees another sees nothing of it.';

CREATE FUNCTION tell_plan(the_plan uuid, of_version bigint, happened timestamptz, before jsonb, after jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tell_change('action_plan', the_plan::text, '/action-plans/' || the_plan, of_version, happened, before, after);
    PERFORM tell_change('comment', id::text, '/action-plans/' || the_plan || '/comments/' || id, NULL, happened,
        comment_sight(before, version, city), comment_sight(after, version, city))
    FROM action_plan_comments WHERE plan = the_plan AND comment_sight(before, 1, NULL) <> comment_sight(after, 1, NULL) ORDER BY id;
    PERFORM tell_change('measurement', id::text,
        '/action-plans/' || the_plan || '/indicators/' || indicator || '/measurements/' || id, NULL, happened, had, has)
    FROM (SELECT indicator, measurement_sight(before, the_plan, indicator) AS had, measurement_sight(after, the_plan, indicator) AS has
        FROM (SELECT DISTINCT indicator FROM action_plan_measurements WHERE plan = the_plan) AS measured) AS sight
        JOIN action_plan_measurements USING (indicator)
    WHERE plan = the_plan AND had <> has ORDER BY id;
END $$;
COMMENT ON FUNCTION tell_plan(uuid, bigint, timestamptz, jsonb, jsonb) IS 'Tells of a plan, and of its comments and measurements as far as others see them now.';

CREATE OR REPLACE FUNCTION read_plan() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before jsonb := '{}';
BEGIN
    -- A plan comes to a pairing when nobody is changing that: from then on, who changes it waits for who writes the plan.
    IF TG_OP = 'INSERT' OR NEW.pairing <> OLD.pairing THEN
        PERFORM FROM pairings WHERE id = NEW.pairing FOR SHARE;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        before := plan_sight(NEW.id) || seen_by('{#}', OLD.version, OLD.proponents);
    END IF;
    PERFORM read_by_cities(NEW.id);
    IF NEW.published_version IS NULL THEN
        DELETE FROM action_plan_readers WHERE plan = NEW.id AND reader = '*';
    ELSIF NEW.published_version = NEW.version THEN
        DELETE FROM action_plan_readers WHERE plan = NEW.id AND reader = '*';
        INSERT INTO action_plan_readers
            (reader, plan, version, proponents, pairing, template, status, title_key, sdgs, asked, created_at, updated_at)
        VALUES ('*', NEW.id, NEW.version, NEW.proponents, NEW.pairing, NEW.template, NEW.status, NEW.title_key,
            ARRAY(SELECT code FROM action_plan_sdgs AS of WHERE of.plan = NEW.id), false, NEW.created_at, NEW.updated_at);
    END IF;
    PERFORM tell_plan(NEW.id, NEW.version, NEW.updated_at, before, plan_sight(NEW.id));
    RETURN NULL;
END $$;

CREATE FUNCTION lose_plan() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tell_plan(OLD.id, OLD.version + 1, now(), plan_sight(OLD.id), '{}');
    RETURN OLD;
END $$;
COMMENT ON FUNCTION lose_plan() IS 'Tells of a plan that goes, and of what goes with it, while it is still known who saw it.';
CREATE TRIGGER action_plans_lose BEFORE DELETE ON action_plans FOR EACH ROW EXECUTE FUNCTION lose_plan();

-- A city that joins or leaves a pairing gains or loses sight of what was submitted to it, and of what its partners share.
CREATE OR REPLACE FUNCTION read_pairing() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    of_pairing text := coalesce(NEW.pairing, OLD.pairing);
    plan uuid;
    before jsonb;
BEGIN
    PERFORM FROM action_plans WHERE pairing = of_pairing ORDER BY id FOR NO KEY UPDATE;
    -- A statement of its own sees what was waited for.
    FOR plan IN SELECT id FROM action_plans WHERE pairing = of_pairing AND status = 'submitted' ORDER BY id LOOP
        before := plan_sight(plan);
        PERFORM read_by_cities(plan);
        PERFORM tell_plan(plan, NULL, now(), before, plan_sight(plan));
    END LOOP;
    PERFORM pg_advisory_xact_lock(hashtextextended('who sees contributions', 0));
    UPDATE contributions AS item SET seen_by = '{}'
    WHERE visibility = 'partner' AND seen_by <> contribution_readers(item)
        AND city IN (SELECT member.city FROM pairing_cities AS member WHERE member.pairing = of_pairing
            UNION SELECT coalesce(NEW.city, OLD.city));
    RETURN NULL;
END $$;

-- What is written beside a plan waits for who changes the plan: each would miss the other's readers.
CREATE FUNCTION hold_plan() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM action_plans WHERE id = NEW.plan FOR SHARE;
    RETURN NEW;
END $$;
CREATE TRIGGER action_plan_comments_hold BEFORE INSERT OR UPDATE ON action_plan_comments FOR EACH ROW EXECUTE FUNCTION hold_plan();
CREATE TRIGGER action_plan_measurements_hold BEFORE INSERT ON action_plan_measurements FOR EACH ROW EXECUTE FUNCTION hold_plan();

CREATE FUNCTION tell_comment() RETURNS trigger LANGUAGE plpgsql AS $$
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
        before := comment_sight(of_plan, OLD.version, OLD.city);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        after := comment_sight(of_plan, NEW.version, NEW.city);
    END IF;
    PERFORM tell_change('comment', coalesce(NEW.id, OLD.id)::text,
        '/action-plans/' || coalesce(NEW.plan, OLD.plan) || '/comments/' || coalesce(NEW.id, OLD.id),
        CASE TG_OP WHEN 'DELETE' THEN OLD.version + 1 ELSE NEW.version END,
        CASE TG_OP WHEN 'DELETE' THEN now() ELSE NEW.updated_at END, before, after);
    RETURN NULL;
END $$;
CREATE TRIGGER action_plan_comments_tell AFTER INSERT OR UPDATE OR DELETE ON action_plan_comments
    FOR EACH ROW EXECUTE FUNCTION tell_comment();

CREATE FUNCTION tell_measurement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tell_change('measurement', NEW.id::text,
        '/action-plans/' || NEW.plan || '/indicators/' || NEW.indicator || '/measurements/' || NEW.id, 1, NEW.at,
        '{}', measurement_sight(plan_sight(NEW.plan), NEW.plan, NEW.indicator));
    RETURN NULL;
END $$;
CREATE TRIGGER action_plan_measurements_tell AFTER INSERT ON action_plan_measurements
    FOR EACH ROW EXECUTE FUNCTION tell_measurement();

-- ---------------------------------------------------------------- events

-- The feed has rows of its own now; no program has ever read or written these columns.
-- squawk-ignore ban-drop-column
ALTER TABLE events DROP COLUMN xid;
-- squawk-ignore ban-drop-column
ALTER TABLE events DROP COLUMN seq;
COMMENT ON TABLE events IS 'One row for each change, written in its transaction: the audit trail. Never changed, never deleted.';
