ALTER TABLE events ALTER COLUMN change SET COMPRESSION default;
ALTER TABLE action_plan_versions ALTER COLUMN document SET COMPRESSION default;
ALTER TABLE action_plans ALTER COLUMN document SET COMPRESSION default;
