ALTER TABLE action_plan_versions DROP COLUMN translations;
ALTER TABLE action_plans DROP COLUMN translations;
DROP TABLE action_plan_measurements;
DROP TABLE action_plan_comments;
