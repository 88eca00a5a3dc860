CREATE OR REPLACE FUNCTION link_tour_refs() RETURNS trigger LANGUAGE plpgsql AS $$
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
        SELECT DISTINCT city, reference ->> 'system', reference ->> 'key', NEW.id
        FROM unnest(NEW.cities) AS city, jsonb_array_elements(NEW.external_refs) AS reference;
    RETURN NULL;
END $$;

COMMENT ON TABLE action_plan_refs IS 'The keys under which other systems know a plan. A key is a proponent''s own: no city takes or sees another''s.';
COMMENT ON TABLE tour_refs IS 'The keys under which other systems know a tour. A key is a city''s own: none takes or sees another''s.';
COMMENT ON TABLE knowledge_refs IS 'The keys under which other systems know a knowledge item. A key is a city''s own: none takes or sees another''s.';
