CREATE INDEX CONCURRENTLY action_plans_kind ON action_plans (kind, updated_at, id);
