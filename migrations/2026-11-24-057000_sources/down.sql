DROP TABLE action_plan_sources;
