-- Not "if not exists": one that failed before would be taken for it.
-- squawk-ignore prefer-robust-stmts
CREATE INDEX CONCURRENTLY action_plan_readers_kind ON action_plan_readers (reader, kind, updated_at, plan);
