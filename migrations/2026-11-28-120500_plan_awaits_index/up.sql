CREATE INDEX CONCURRENTLY action_plans_awaits ON action_plans (updated_at, id) WHERE awaits <> '{}';
