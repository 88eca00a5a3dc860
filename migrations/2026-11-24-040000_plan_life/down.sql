DROP TRIGGER pairing_cities_read ON pairing_cities;
DROP TRIGGER action_plans_read ON action_plans;
DROP FUNCTION read_pairing();
DROP FUNCTION read_plan();
DROP FUNCTION read_by_cities(uuid);
DROP TABLE action_plan_readers;
ALTER TABLE action_plan_versions DROP COLUMN comment;
ALTER TABLE action_plans DROP COLUMN asked;
