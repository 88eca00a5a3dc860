-- Machine clients: a city's own IT systems, with their secrets and the tokens they have been given.

CREATE TABLE clients (
    id           uuid        NOT NULL,
    name         text        NOT NULL,
    city         text,
    role         text        NOT NULL,
    side         text        GENERATED ALWAYS AS (CASE role WHEN 'eu_city' THEN 'eu' WHEN 'jp_city' THEN 'jp' END) STORED,
    scopes       text[]      NOT NULL,
    active       boolean     NOT NULL,
    secrets      jsonb       NOT NULL,
    last_used_at timestamptz,
    version      bigint      NOT NULL,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    CONSTRAINT clients_pkey PRIMARY KEY (id),
    CONSTRAINT clients_role_known CHECK (role IN ('admin', 'eu_city', 'jp_city')),
    CONSTRAINT clients_city_iff_city_role CHECK ((role = 'admin') = (city IS NULL)),
    CONSTRAINT clients_role_fits_city FOREIGN KEY (city, side) REFERENCES cities (id, side),
    CONSTRAINT clients_scopes_known CHECK (scopes <@ ARRAY['read', 'plans:write', 'contributions:write', 'tours:write',
        'knowledge:write', 'changes:read', 'webhooks:write', 'admin']),
    CONSTRAINT clients_admin_scope_of_programme CHECK (role = 'admin' OR NOT 'admin' = ANY (scopes)),
    CONSTRAINT clients_version_positive CHECK (version > 0)
);
COMMENT ON TABLE clients IS 'Machine clients. One of a city acts in the role of its side; one of the programme has no city.';
COMMENT ON COLUMN clients.secrets IS 'What may be told of its secrets: id, last characters, times. Their digests stand in client_secrets.';
COMMENT ON COLUMN clients.last_used_at IS 'When it was last given a token; makes no version.';
CREATE INDEX clients_city ON clients (city, id);
CREATE INDEX clients_active ON clients (active, id);
CREATE INDEX clients_updated_at ON clients (updated_at, id);
CREATE INDEX clients_created_at ON clients (created_at, id);

CREATE TABLE client_secrets (
    id         uuid        NOT NULL,
    client     uuid        NOT NULL,
    digest     bytea       NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    CONSTRAINT client_secrets_pkey PRIMARY KEY (id),
    CONSTRAINT client_secrets_client_fkey FOREIGN KEY (client) REFERENCES clients (id) ON DELETE CASCADE,
    CONSTRAINT client_secrets_digest_is_sha256 CHECK (octet_length(digest) = 32)
);
COMMENT ON TABLE client_secrets IS 'SHA-256 of each secret that a client may have; one that expires is about to be replaced.';
CREATE INDEX client_secrets_client ON client_secrets (client);

CREATE TABLE client_tokens (
    id         uuid        NOT NULL,
    secret     uuid        NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT client_tokens_pkey PRIMARY KEY (id),
    CONSTRAINT client_tokens_secret_fkey FOREIGN KEY (secret) REFERENCES client_secrets (id) ON DELETE CASCADE
);
COMMENT ON TABLE client_tokens IS 'The access tokens of machine clients that have not been taken back; each ends with the secret it was given for.';
CREATE INDEX client_tokens_secret ON client_tokens (secret);
CREATE INDEX client_tokens_expires_at ON client_tokens (expires_at);

-- Who did something may be a machine client.
ALTER TABLE events ADD COLUMN client uuid;
COMMENT ON COLUMN events.by IS 'The person or the machine client; null when the programme''s data was loaded.';
COMMENT ON COLUMN events.client IS 'The machine client that did it; null when it was a person.';
