-- Plans are found by their kind, and by the cities whose consent they await.

ALTER TABLE action_plans ADD COLUMN awaits text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN action_plans.awaits IS 'The cities that a joint action asks and that have not answered, while the plan is submitted: before and after that nobody can. Kept in step by a trigger.';
ALTER TABLE action_plan_readers ADD COLUMN kind text NOT NULL DEFAULT 'new';
ALTER TABLE action_plan_readers ADD COLUMN awaits text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN action_plan_readers.awaits IS 'As in action_plans, for who reads the working copy; a published version awaits nobody.';

CREATE FUNCTION note_awaited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.awaits := CASE WHEN NEW.status = 'submitted' THEN ARRAY(
        SELECT DISTINCT consent ->> 'city'
        FROM json_array_elements(NEW.document -> 'joint_actions') AS action, json_array_elements(action -> 'consents') AS consent
        WHERE consent ->> 'decision' = 'pending')
        ELSE '{}' END;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION note_awaited() IS 'Keeps the cities whose consent a plan awaits in step, whoever writes it.';
CREATE TRIGGER action_plans_note_awaited BEFORE INSERT OR UPDATE ON action_plans
    FOR EACH ROW EXECUTE FUNCTION note_awaited();

CREATE OR REPLACE FUNCTION read_by_cities(the_plan uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    WITH plan AS (
        SELECT id, version, proponents, pairing, template, status, title_key, asked, created_at, updated_at, kind, awaits,
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
        (reader, plan, version, proponents, pairing, template, status, title_key, sdgs, asked, created_at, updated_at, kind, awaits)
    SELECT city, id, version, proponents, pairing, template, status, title_key, sdgs, city = ANY (asked),
        created_at, updated_at, kind, awaits
    FROM plan, cities
    ON CONFLICT ON CONSTRAINT action_plan_readers_pkey DO UPDATE
    SET version = excluded.version, proponents = excluded.proponents, pairing = excluded.pairing,
        status = excluded.status, title_key = excluded.title_key, sdgs = excluded.sdgs, asked = excluded.asked,
        updated_at = excluded.updated_at, kind = excluded.kind, awaits = excluded.awaits;
END $$;

-- Who reads the published version sees nothing of whom the working copy awaits.
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
    IF TG_OP = 'INSERT' AND NEW.status <> 'submitted' AND NEW.published_version IS NULL THEN
        INSERT INTO action_plan_readers
            (reader, plan, version, proponents, pairing, template, status, title_key, sdgs, asked, created_at, updated_at, kind)
        SELECT city, NEW.id, NEW.version, NEW.proponents, NEW.pairing, NEW.template, NEW.status, NEW.title_key,
            ARRAY(SELECT code FROM action_plan_sdgs AS of WHERE of.plan = NEW.id), city = ANY (NEW.asked),
            NEW.created_at, NEW.updated_at, NEW.kind
        FROM unnest(NEW.proponents) AS city;
    ELSE
        PERFORM read_by_cities(NEW.id);
        IF NEW.published_version IS NULL THEN
            DELETE FROM action_plan_readers WHERE plan = NEW.id AND reader = '*';
        ELSIF NEW.published_version = NEW.version THEN
            DELETE FROM action_plan_readers WHERE plan = NEW.id AND reader = '*';
            INSERT INTO action_plan_readers
                (reader, plan, version, proponents, pairing, template, status, title_key, sdgs, asked, created_at, updated_at, kind)
            VALUES ('*', NEW.id, NEW.version, NEW.proponents, NEW.pairing, NEW.template, NEW.status, NEW.title_key,
                ARRAY(SELECT code FROM action_plan_sdgs AS of WHERE of.plan = NEW.id), false, NEW.created_at, NEW.updated_at,
                NEW.kind);
        END IF;
    END IF;
    PERFORM tell_plan(NEW.id, NEW.version, NEW.updated_at, before, plan_sight(NEW.id));
    RETURN NULL;
END $$;

UPDATE action_plan_readers AS reader SET kind = version.document ->> 'kind'
FROM action_plan_versions AS version
WHERE version.plan = reader.plan AND version.version = reader.version AND version.document ->> 'kind' <> 'new';
-- The triggers fill in the rest. For nobody does the version change, so the feed tells nothing of it.
UPDATE action_plans SET awaits = '{}' WHERE status = 'submitted' AND asked <> '{}';
