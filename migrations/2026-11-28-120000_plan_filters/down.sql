DROP TRIGGER action_plans_note_awaited ON action_plans;
DROP FUNCTION note_awaited();
CREATE OR REPLACE FUNCTION read_by_cities(the_plan uuid) RETURNS void LANGUAGE plpgsql AS $$
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
            (reader, plan, version, proponents, pairing, template, status, title_key, sdgs, asked, created_at, updated_at)
        SELECT city, NEW.id, NEW.version, NEW.proponents, NEW.pairing, NEW.template, NEW.status, NEW.title_key,
            ARRAY(SELECT code FROM action_plan_sdgs AS of WHERE of.plan = NEW.id), city = ANY (NEW.asked),
            NEW.created_at, NEW.updated_at
        FROM unnest(NEW.proponents) AS city;
    ELSE
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
    END IF;
    PERFORM tell_plan(NEW.id, NEW.version, NEW.updated_at, before, plan_sight(NEW.id));
    RETURN NULL;
END $$;
ALTER TABLE action_plan_readers DROP COLUMN awaits;
ALTER TABLE action_plan_readers DROP COLUMN kind;
ALTER TABLE action_plans DROP COLUMN awaits;
