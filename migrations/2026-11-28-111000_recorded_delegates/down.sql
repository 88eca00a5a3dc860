ALTER TABLE tours DROP COLUMN delegates_recorded;
COMMENT ON COLUMN tours.delegates IS NULL;
