-- Webhooks: readers of the change feed whose place the service keeps, and what it has to bring them.

CREATE TABLE webhooks (
    id              uuid        NOT NULL,
    city            text,
    url             text        NOT NULL,
    description     text,
    types           text[]      NOT NULL,
    cities          text[]      NOT NULL,
    active          boolean     NOT NULL,
    off_because     text,
    failing_since   timestamptz,
    last_success_at timestamptz,
    secrets         jsonb       NOT NULL,
    version         bigint      NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    epoch           uuid        NOT NULL,
    seq             bigint      NOT NULL,
    failures        integer     NOT NULL DEFAULT 0,
    rests_until     timestamptz NOT NULL DEFAULT now(),
    claim           uuid,
    leased_until    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT webhooks_pkey PRIMARY KEY (id),
    CONSTRAINT webhooks_city_fkey FOREIGN KEY (city) REFERENCES cities (id),
    CONSTRAINT webhooks_off_because_known CHECK (off_because IN ('switched_off', 'gone', 'failing', 'restored', 'expired')),
    CONSTRAINT webhooks_off_has_reason CHECK (active = (off_because IS NULL)),
    CONSTRAINT webhooks_version_positive CHECK (version > 0)
);
COMMENT ON TABLE webhooks IS 'Where a city''s systems, or the programme''s, are told what changes. Without a city it sees what admins see.';
COMMENT ON COLUMN webhooks.secrets IS 'What may be told of its secrets: id, last characters, times. The secrets themselves stand in webhook_secrets.';
COMMENT ON COLUMN webhooks.seq IS 'With epoch its place in the feed: what comes after it has no delivery yet.';
COMMENT ON COLUMN webhooks.failures IS 'Failed attempts in a row; while there are any, deliveries are tried one at a time, after a rest.';
COMMENT ON COLUMN webhooks.claim IS 'Of the worker that serves it, until leased_until: then another one takes it.';
CREATE INDEX webhooks_city ON webhooks (city, id);
CREATE INDEX webhooks_active ON webhooks (active, id);
CREATE INDEX webhooks_updated_at ON webhooks (updated_at, id);
CREATE INDEX webhooks_created_at ON webhooks (created_at, id);

CREATE TABLE webhook_secrets (
    id         uuid        NOT NULL,
    webhook    uuid        NOT NULL,
    secret     text        NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    CONSTRAINT webhook_secrets_pkey PRIMARY KEY (id),
    CONSTRAINT webhook_secrets_webhook_fkey FOREIGN KEY (webhook) REFERENCES webhooks (id) ON DELETE CASCADE
);
COMMENT ON TABLE webhook_secrets IS 'What deliveries are signed with. The service has to know it, as it knows its own keys in the table keys.';
CREATE INDEX webhook_secrets_webhook ON webhook_secrets (webhook);

CREATE TABLE webhook_deliveries (
    id              uuid        NOT NULL,
    webhook         uuid        NOT NULL,
    type            text        NOT NULL,
    seq             bigint,
    body            text        NOT NULL,
    state           text        NOT NULL,
    attempts        integer     NOT NULL DEFAULT 0,
    due_at          timestamptz,
    tried_since     timestamptz,
    last_at         timestamptz,
    last_status     integer,
    last_error      text,
    last_millis     integer,
    created_at      timestamptz NOT NULL,
    ended_at        timestamptz,
    CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (id),
    CONSTRAINT webhook_deliveries_webhook_fkey FOREIGN KEY (webhook) REFERENCES webhooks (id) ON DELETE CASCADE,
    CONSTRAINT webhook_deliveries_seq_key UNIQUE (webhook, seq),
    CONSTRAINT webhook_deliveries_state_known CHECK (state IN ('pending', 'delivered', 'failed')),
    CONSTRAINT webhook_deliveries_due_iff_pending CHECK ((state = 'pending') = (due_at IS NOT NULL)),
    CONSTRAINT webhook_deliveries_ended_iff_not_pending CHECK ((state = 'pending') = (ended_at IS NULL))
);
COMMENT ON TABLE webhook_deliveries IS 'What is brought to webhooks, until 30 days after it ended.';
COMMENT ON COLUMN webhook_deliveries.seq IS 'The change that it tells of; null when it is a test.';
COMMENT ON COLUMN webhook_deliveries.body IS 'Letter by letter what is sent and signed.';
COMMENT ON COLUMN webhook_deliveries.tried_since IS 'Its first attempt, since it was last asked for: from then on it is tried for a time.';
CREATE INDEX webhook_deliveries_newest ON webhook_deliveries (webhook, id);
CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (webhook, seq NULLS FIRST) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_ended_at ON webhook_deliveries (ended_at);
