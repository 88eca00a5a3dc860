-- The audit trail is walked by the id, which begins with the time.
DROP INDEX CONCURRENTLY IF EXISTS events_at;
