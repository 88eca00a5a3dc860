-- A key under which a city's own system knows a thing is that city's alone, also where the thing is shared: before, it was
-- taken in the name of each of its cities, so that one could take another's keys, and find out which are taken.
-- `city` in a reference says whose it is; where it is left out, it is the thing's first city's.

DELETE FROM action_plan_refs AS had USING action_plans AS plan
WHERE plan.id = had.plan AND had.city IS DISTINCT FROM plan.proponents[1];
DELETE FROM tour_refs AS had USING tours AS tour
WHERE tour.id = had.tour AND had.city <> tour.visiting_city;
DELETE FROM knowledge_refs AS had USING knowledge AS item
WHERE item.id = had.knowledge AND had.city IS DISTINCT FROM item.cities[1];

CREATE OR REPLACE FUNCTION link_tour_refs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM tour_refs AS had WHERE had.tour = NEW.id
        AND NOT EXISTS (SELECT FROM jsonb_array_elements(NEW.external_refs) AS ref
            WHERE coalesce(ref ->> 'city', NEW.visiting_city) = had.city
                AND ref ->> 'system' = had.system AND ref ->> 'key' = had.key);
    INSERT INTO tour_refs (city, system, key, tour)
        SELECT coalesce(ref ->> 'city', NEW.visiting_city), ref ->> 'system', ref ->> 'key', NEW.id
        FROM jsonb_array_elements(NEW.external_refs) AS ref
        WHERE NOT EXISTS (SELECT FROM tour_refs AS had WHERE had.tour = NEW.id
            AND had.city = coalesce(ref ->> 'city', NEW.visiting_city)
            AND had.system = ref ->> 'system' AND had.key = ref ->> 'key');
    RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION link_knowledge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM knowledge_cities WHERE knowledge = NEW.id AND city <> ALL (NEW.cities);
    INSERT INTO knowledge_cities (knowledge, city)
        SELECT NEW.id, city FROM unnest(NEW.cities) AS city
        ON CONFLICT ON CONSTRAINT knowledge_cities_pkey DO NOTHING;
    DELETE FROM knowledge_subjects WHERE knowledge = NEW.id AND subject <> ALL (NEW.subjects);
    INSERT INTO knowledge_subjects (knowledge, subject)
        SELECT NEW.id, subject FROM unnest(NEW.subjects) AS subject
        ON CONFLICT ON CONSTRAINT knowledge_subjects_pkey DO NOTHING;
    DELETE FROM knowledge_sdgs WHERE knowledge = NEW.id AND code <> ALL (NEW.sdg_targets);
    INSERT INTO knowledge_sdgs (knowledge, code)
        SELECT NEW.id, code FROM unnest(NEW.sdg_targets) AS code
        ON CONFLICT ON CONSTRAINT knowledge_sdgs_pkey DO NOTHING;
    -- Not "on conflict do nothing": a key that is another item's is the mistake of the caller.
    DELETE FROM knowledge_refs WHERE knowledge = NEW.id;
    INSERT INTO knowledge_refs (city, system, key, knowledge)
        SELECT DISTINCT coalesce(ref ->> 'city', NEW.cities[1]), ref ->> 'system', ref ->> 'key', NEW.id
        FROM jsonb_array_elements(NEW.external_refs) AS ref;
    RETURN NULL;
END $$;

COMMENT ON TABLE action_plan_refs IS 'The keys under which other systems know a plan. A key is one city''s own: no other takes it, or finds out that it is taken.';
COMMENT ON TABLE tour_refs IS 'The keys under which other systems know a tour. A key is one city''s own: no other takes it, or finds out that it is taken.';
COMMENT ON TABLE knowledge_refs IS 'The keys under which other systems know a knowledge item. A key is one city''s own: no other takes it, or finds out that it is taken.';
