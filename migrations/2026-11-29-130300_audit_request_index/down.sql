DROP INDEX events_request;
