COMMENT ON COLUMN events.by IS NULL;
ALTER TABLE events DROP COLUMN client;
DROP TABLE client_tokens, client_secrets, clients;
