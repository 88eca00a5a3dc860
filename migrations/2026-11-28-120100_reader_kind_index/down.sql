DROP INDEX action_plan_readers_kind;
