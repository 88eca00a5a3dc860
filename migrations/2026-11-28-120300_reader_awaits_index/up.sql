-- Few plans await somebody: the others are not in it.
CREATE INDEX CONCURRENTLY action_plan_readers_awaits ON action_plan_readers (reader, updated_at, plan) WHERE awaits <> '{}';
