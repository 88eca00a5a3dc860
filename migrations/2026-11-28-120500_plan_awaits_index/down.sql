DROP INDEX action_plans_awaits;
