DROP TABLE action_plan_revisions;
