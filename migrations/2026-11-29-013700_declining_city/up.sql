-- Of whom the feed says first that a decline is theirs: the city that declined, then the others that write the plan, and
-- the city whose lesson it is at the end.

CREATE OR REPLACE FUNCTION place_decline() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    lesson_of text := (SELECT city FROM contributions WHERE id = NEW.contribution);
BEGIN
    NEW.cities := ARRAY(
        SELECT city FROM (SELECT unnest(proponents) AS city FROM action_plans WHERE id = NEW.plan
            UNION SELECT lesson_of WHERE lesson_of IS NOT NULL) AS cities
        ORDER BY city IS NOT DISTINCT FROM NEW.city DESC, city IS NOT DISTINCT FROM lesson_of, city);
    RETURN NEW;
END $$;
UPDATE contribution_declines SET cities = '{}';
