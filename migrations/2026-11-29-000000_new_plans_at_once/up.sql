-- New plans come many at a time: who reads them, and what the feed tells of them, is noted by statement and not by row.

CREATE FUNCTION read_new_plans() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Plans come to a pairing when nobody is changing that: from then on, who changes it waits for who writes the plans.
    PERFORM FROM pairings WHERE id IN (SELECT pairing FROM new_plans) ORDER BY id FOR SHARE;
    -- A statement of its own sees who is in the pairing now.
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
    ) AS readers (reader);
    INSERT INTO unnumbered_changes (type, resource, path, version, at, before, after)
    SELECT 'action_plan', id::text, '/action-plans/' || id, version, updated_at, '{}', plan_sight(id)
    FROM new_plans;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION read_new_plans() IS 'Notes who reads which version of the new plans, and tells of them; nothing belongs to them yet.';

CREATE OR REPLACE FUNCTION read_plan() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before jsonb;
BEGIN
    IF NEW.pairing <> OLD.pairing THEN
        PERFORM FROM pairings WHERE id = NEW.pairing FOR SHARE;
    END IF;
    before := plan_sight(NEW.id) || seen_by('{#}', OLD.version, OLD.proponents);
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
    PERFORM tell_plan(NEW.id, NEW.version, NEW.updated_at, before, plan_sight(NEW.id));
    RETURN NULL;
END $$;
COMMENT ON FUNCTION read_plan() IS 'Notes who reads which version of a changed plan, and tells of it.';
DROP TRIGGER action_plans_read ON action_plans;
CREATE TRIGGER action_plans_read AFTER UPDATE ON action_plans
    FOR EACH ROW EXECUTE FUNCTION read_plan();
CREATE TRIGGER action_plans_read_new AFTER INSERT ON action_plans REFERENCING NEW TABLE AS new_plans
    FOR EACH STATEMENT EXECUTE FUNCTION read_new_plans();

-- Called only where there is something to note, or to take back.
DROP TRIGGER action_plans_note_awaited ON action_plans;
CREATE TRIGGER action_plans_note_awaited BEFORE INSERT OR UPDATE ON action_plans
    FOR EACH ROW WHEN (NEW.status = 'submitted' OR NEW.awaits <> '{}') EXECUTE FUNCTION note_awaited();
