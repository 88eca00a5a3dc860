-- Declines in the change feed: told to the plan's proponents, to the city whose lesson it is, and to admins.

ALTER TABLE contribution_declines ADD COLUMN cities text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN contribution_declines.cities IS 'Who sees it beside admins, kept in step by triggers: the proponents of its plan, and the city whose lesson it is.';

CREATE FUNCTION place_decline() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.cities := ARRAY(SELECT unnest(proponents) FROM action_plans WHERE id = NEW.plan
        UNION SELECT contributions.city FROM contributions WHERE id = NEW.contribution ORDER BY 1);
    RETURN NEW;
END $$;
COMMENT ON FUNCTION place_decline() IS 'Notes in a decline whose it is, whoever writes.';
CREATE TRIGGER contribution_declines_place BEFORE INSERT OR UPDATE ON contribution_declines FOR EACH ROW EXECUTE FUNCTION place_decline();
UPDATE contribution_declines SET cities = '{}';

CREATE FUNCTION decline_sight(item contribution_declines) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT seen_by('{#}' || item.cities, item.version, item.cities)
$$;
COMMENT ON FUNCTION decline_sight(contribution_declines) IS 'Who sees a decline, as src/uptake/db.rs says it for lists.';

CREATE FUNCTION tell_decline() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before jsonb := '{}';
    after jsonb := '{}';
    stayed boolean := TG_OP = 'UPDATE' AND NEW.version = OLD.version;
    lesson uuid := coalesce(NEW.contribution, OLD.contribution);
    of_plan uuid := coalesce(NEW.plan, OLD.plan);
BEGIN
    IF TG_OP <> 'INSERT' THEN
        before := decline_sight(OLD);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        after := decline_sight(NEW);
    END IF;
    PERFORM tell_change('decline', lesson || '/' || of_plan, '/contributions/' || lesson || '/declines/' || of_plan,
        CASE WHEN stayed THEN NULL WHEN TG_OP = 'DELETE' THEN OLD.version + 1 ELSE NEW.version END,
        CASE WHEN stayed OR TG_OP = 'DELETE' THEN now() ELSE NEW.at END, before, after);
    RETURN NULL;
END $$;
CREATE TRIGGER contribution_declines_tell AFTER INSERT OR UPDATE OR DELETE ON contribution_declines FOR EACH ROW EXECUTE FUNCTION tell_decline();

CREATE FUNCTION read_declines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE contribution_declines SET cities = '{}' WHERE plan = NEW.id;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION read_declines() IS 'A city that comes to a plan or leaves it gains or loses sight of what the plan declines.';
CREATE TRIGGER action_plans_read_declines AFTER UPDATE OF proponents ON action_plans
    FOR EACH ROW WHEN (OLD.proponents IS DISTINCT FROM NEW.proponents) EXECUTE FUNCTION read_declines();

-- What was declined before stands in nobody's copy yet.
DO $$ BEGIN
    PERFORM tell_change('decline', contribution || '/' || plan, '/contributions/' || contribution || '/declines/' || plan,
        version, at, '{}', decline_sight(item))
    FROM contribution_declines AS item ORDER BY at;
END $$;
