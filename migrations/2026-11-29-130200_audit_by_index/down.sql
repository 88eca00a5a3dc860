DROP INDEX events_by;
