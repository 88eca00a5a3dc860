CREATE OR REPLACE FUNCTION place_decline() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.cities := ARRAY(SELECT unnest(proponents) FROM action_plans WHERE id = NEW.plan
        UNION SELECT contributions.city FROM contributions WHERE id = NEW.contribution ORDER BY 1);
    RETURN NEW;
END $$;
UPDATE contribution_declines SET cities = '{}';
