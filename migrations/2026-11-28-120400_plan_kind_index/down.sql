DROP INDEX action_plans_kind;
