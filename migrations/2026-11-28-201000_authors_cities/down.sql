ALTER TABLE contribution_declines DROP COLUMN city;
ALTER TABLE action_plan_comments DROP COLUMN resolved_by_city;
ALTER TABLE action_plan_measurements DROP COLUMN city;
ALTER TABLE action_plan_versions DROP COLUMN city;
