ALTER TABLE action_plans DROP COLUMN proponents;
ALTER TABLE action_plan_versions ALTER COLUMN document TYPE jsonb USING document::jsonb;
ALTER TABLE action_plans ALTER COLUMN document TYPE jsonb USING document::jsonb;
