-- Documents are compressed by LZ4 from now on, which takes a fraction of the processor time of PostgreSQL's own method and reads
-- faster, for a little more room; what is stored stays as it is. A server that was built without LZ4 keeps its own.

DO $$ BEGIN
    ALTER TABLE action_plans ALTER COLUMN document SET COMPRESSION lz4;
    ALTER TABLE action_plan_versions ALTER COLUMN document SET COMPRESSION lz4;
    ALTER TABLE events ALTER COLUMN change SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN
    RAISE NOTICE 'this server was built without LZ4';
END $$;
