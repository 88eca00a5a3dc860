-- Tours are known to other systems by keys of their own too, as plans and contributions are.

ALTER TABLE tours ADD COLUMN external_refs jsonb NOT NULL DEFAULT '[]';

CREATE TABLE tour_refs (
    city   text NOT NULL,
    system text NOT NULL,
    key    text NOT NULL,
    tour   uuid NOT NULL,
    CONSTRAINT tour_refs_pkey PRIMARY KEY (city, system, key),
    CONSTRAINT tour_refs_tour_fkey FOREIGN KEY (tour) REFERENCES tours (id) ON DELETE CASCADE
);
COMMENT ON TABLE tour_refs IS 'The keys under which other systems know a tour. A key is a city''s own: none takes or sees another''s.';
CREATE INDEX tour_refs_tour ON tour_refs (tour, city);

CREATE FUNCTION link_tour_refs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM tour_refs AS had WHERE had.tour = NEW.id
        AND NOT (had.city IN (NEW.visiting_city, NEW.host_city)
            AND EXISTS (SELECT FROM jsonb_array_elements(NEW.external_refs) AS ref
                WHERE ref ->> 'system' = had.system AND ref ->> 'key' = had.key));
    INSERT INTO tour_refs (city, system, key, tour)
        SELECT city, ref ->> 'system', ref ->> 'key', NEW.id
        FROM unnest(ARRAY[NEW.visiting_city, NEW.host_city]) AS city, jsonb_array_elements(NEW.external_refs) AS ref
        WHERE NOT EXISTS (SELECT FROM tour_refs AS had WHERE had.tour = NEW.id AND had.city = city.city
            AND had.system = ref ->> 'system' AND had.key = ref ->> 'key');
    RETURN NULL;
END $$;
COMMENT ON FUNCTION link_tour_refs() IS 'Keeps tour_refs in step with tours, whoever writes; a key that is taken breaks its primary key.';
CREATE TRIGGER tours_link_refs AFTER INSERT OR UPDATE OF visiting_city, host_city, external_refs ON tours
    FOR EACH ROW EXECUTE FUNCTION link_tour_refs();

-- A new draft is read by its proponents alone: nothing of it has to be brought in step.
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
