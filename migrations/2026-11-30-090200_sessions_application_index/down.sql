DROP INDEX CONCURRENTLY sessions_application;
