DROP TRIGGER action_plan_sources_keep ON action_plan_sources;
DROP FUNCTION keep_source();
DROP TABLE action_plan_kept_sources;
