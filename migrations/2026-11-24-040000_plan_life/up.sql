-- Who reads which version of a plan: its proponents and admins the working copy, the partners of its pairing a submitted
-- one, everybody the published one.

ALTER TABLE action_plans ADD COLUMN asked text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN action_plans.asked IS 'The cities that a joint action names: their consent is asked for.';
UPDATE action_plans
SET asked = ARRAY(SELECT DISTINCT city FROM json_array_elements(document -> 'joint_actions') AS action,
    json_array_elements_text(action -> 'with') AS city);

ALTER TABLE action_plan_versions ADD COLUMN comment text;
COMMENT ON COLUMN action_plan_versions.comment IS 'What was said when this version came to its status; null when nothing was.';

CREATE TABLE action_plan_readers (
    reader     text        NOT NULL,
    plan       uuid        NOT NULL,
    version    bigint      NOT NULL,
    proponents text[]      NOT NULL,
    pairing    text        NOT NULL,
    template   text        NOT NULL,
    status     text        NOT NULL,
    title_key  text        NOT NULL,
    sdgs       text[]      NOT NULL,
    asked      boolean     NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT action_plan_readers_pkey PRIMARY KEY (plan, reader),
    CONSTRAINT action_plan_readers_version_fkey FOREIGN KEY (plan, version)
        REFERENCES action_plan_versions (plan, version) ON DELETE CASCADE
);
COMMENT ON TABLE action_plan_readers IS 'Which version of a plan a reader gets, with all that its lists are filtered and sorted by. Kept in step by triggers.';
COMMENT ON COLUMN action_plan_readers.reader IS 'A city; or * for everybody.';
COMMENT ON COLUMN action_plan_readers.asked IS 'Whether a joint action names the reader.';
CREATE INDEX action_plan_readers_id ON action_plan_readers (reader, plan);
CREATE INDEX action_plan_readers_updated_at ON action_plan_readers (reader, updated_at, plan);
CREATE INDEX action_plan_readers_created_at ON action_plan_readers (reader, created_at, plan);
CREATE INDEX action_plan_readers_title ON action_plan_readers (reader, title_key, plan);
CREATE INDEX action_plan_readers_status ON action_plan_readers (reader, status, updated_at, plan);
CREATE INDEX action_plan_readers_pairing ON action_plan_readers (reader, pairing, updated_at, plan);
CREATE INDEX action_plan_readers_proponents ON action_plan_readers USING gin (proponents);
CREATE INDEX action_plan_readers_sdgs ON action_plan_readers USING gin (sdgs);
CREATE INDEX action_plan_readers_version ON action_plan_readers (plan, version);

CREATE FUNCTION read_by_cities(the_plan uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    WITH plan AS (
        SELECT id, version, proponents, pairing, template, status, title_key, asked, created_at, updated_at,
            ARRAY(SELECT code FROM action_plan_sdgs AS of WHERE of.plan = action_plans.id) AS sdgs
        FROM action_plans WHERE id = the_plan
    ), cities AS (
        SELECT unnest(proponents) AS city FROM plan
        UNION
        SELECT city FROM plan JOIN pairing_cities USING (pairing) WHERE status = 'submitted'
    ), gone AS (
        DELETE FROM action_plan_readers AS had
        WHERE had.plan = the_plan AND had.reader <> '*' AND NOT EXISTS (SELECT FROM cities WHERE city = had.reader)
    )
    INSERT INTO action_plan_readers
        (reader, plan, version, proponents, pairing, template, status, title_key, sdgs, asked, created_at, updated_at)
    SELECT city, id, version, proponents, pairing, template, status, title_key, sdgs, city = ANY (asked),
        created_at, updated_at
    FROM plan, cities
    ON CONFLICT ON CONSTRAINT action_plan_readers_pkey DO UPDATE
    SET version = excluded.version, proponents = excluded.proponents, pairing = excluded.pairing,
        status = excluded.status, title_key = excluded.title_key, sdgs = excluded.sdgs, asked = excluded.asked,
        updated_at = excluded.updated_at;
END $$;
COMMENT ON FUNCTION read_by_cities(uuid) IS 'Brings the cities that read the working copy of a plan in step.';

CREATE FUNCTION read_plan() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A plan comes to a pairing when nobody is changing that: from then on, who changes it waits for who writes the plan.
    IF TG_OP = 'INSERT' OR NEW.pairing <> OLD.pairing THEN
        PERFORM FROM pairings WHERE id = NEW.pairing FOR SHARE;
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
    RETURN NULL;
END $$;
CREATE TRIGGER action_plans_read AFTER INSERT OR UPDATE ON action_plans
    FOR EACH ROW EXECUTE FUNCTION read_plan();

-- A city that joins or leaves a pairing gains or loses sight of what was submitted to it.
CREATE FUNCTION read_pairing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM action_plans WHERE pairing = coalesce(NEW.pairing, OLD.pairing) ORDER BY id FOR NO KEY UPDATE;
    -- A statement of its own sees what was waited for.
    PERFORM read_by_cities(id) FROM action_plans
    WHERE pairing = coalesce(NEW.pairing, OLD.pairing) AND status = 'submitted' ORDER BY id;
    RETURN NULL;
END $$;
CREATE TRIGGER pairing_cities_read AFTER INSERT OR DELETE ON pairing_cities
    FOR EACH ROW EXECUTE FUNCTION read_pairing();

DO $$ BEGIN PERFORM read_by_cities(id) FROM action_plans ORDER BY id; END $$;
