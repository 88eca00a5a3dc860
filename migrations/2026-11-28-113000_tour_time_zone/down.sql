ALTER TABLE tours DROP COLUMN time_zone;
