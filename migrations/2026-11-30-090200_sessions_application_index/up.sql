CREATE INDEX CONCURRENTLY IF NOT EXISTS sessions_application ON sessions (application) WHERE application IS NOT NULL;
