ALTER TABLE action_plan_measurements DROP COLUMN latest;
ALTER TABLE action_plan_measurements DROP COLUMN written;
COMMENT ON COLUMN action_plan_measurements."on" IS NULL;
