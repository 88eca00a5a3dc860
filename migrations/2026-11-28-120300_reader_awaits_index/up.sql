-- Few plans await somebody: the others are not in it.
-- Not "if not exists": one that failed before would be taken for it.
-- squawk-ignore prefer-robust-stmts
CREATE INDEX CONCURRENTLY action_plan_readers_awaits ON action_plan_readers (reader, updated_at, plan) WHERE awaits <> '{}';
