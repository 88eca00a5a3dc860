DROP TRIGGER action_plans_note_awaited ON action_plans;
CREATE TRIGGER action_plans_note_awaited BEFORE INSERT OR UPDATE ON action_plans
    FOR EACH ROW EXECUTE FUNCTION note_awaited();

DROP TRIGGER action_plans_read_new ON action_plans;
DROP FUNCTION read_new_plans();

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
COMMENT ON FUNCTION read_plan() IS NULL;
DROP TRIGGER action_plans_read ON action_plans;
CREATE TRIGGER action_plans_read AFTER INSERT OR UPDATE ON action_plans
    FOR EACH ROW EXECUTE FUNCTION read_plan();
