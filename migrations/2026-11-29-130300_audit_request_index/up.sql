-- Not "if not exists": one that failed before would be taken for it.
-- squawk-ignore prefer-robust-stmts
CREATE INDEX CONCURRENTLY events_request ON events (request_id, id);
