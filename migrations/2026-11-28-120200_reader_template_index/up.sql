CREATE INDEX CONCURRENTLY action_plan_readers_template ON action_plan_readers (reader, template, updated_at, plan);
