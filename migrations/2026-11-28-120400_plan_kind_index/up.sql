-- Not "if not exists": one that failed before would be taken for it.
-- squawk-ignore prefer-robust-stmts
CREATE INDEX CONCURRENTLY action_plans_kind ON action_plans (kind, updated_at, id);
