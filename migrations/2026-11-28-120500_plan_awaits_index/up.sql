-- Not "if not exists": one that failed before would be taken for it.
-- squawk-ignore prefer-robust-stmts
CREATE INDEX CONCURRENTLY action_plans_awaits ON action_plans (updated_at, id) WHERE awaits <> '{}';
