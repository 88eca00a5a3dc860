CREATE INDEX CONCURRENTLY action_plan_readers_kind ON action_plan_readers (reader, kind, updated_at, plan);
