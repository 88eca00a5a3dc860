CREATE TABLE applications (
    id            text        NOT NULL,
    name          jsonb       NOT NULL,
    website       text,
    redirect_uris text[]      NOT NULL,
    scopes        text[]      NOT NULL,
    active        boolean     NOT NULL,
    version       bigint      NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    CONSTRAINT applications_pkey PRIMARY KEY (id),
    CONSTRAINT applications_redirect_uris_given CHECK (cardinality(redirect_uris) > 0),
    CONSTRAINT applications_scopes_known CHECK (scopes <@ ARRAY['read', 'plans:write', 'contributions:write', 'tours:write',
        'knowledge:write', 'changes:read', 'webhooks:write', 'admin']),
    CONSTRAINT applications_version_positive CHECK (version > 0)
);
COMMENT ON TABLE applications IS 'Frontends of others to which people sign in (OAuth 2: public clients). They have no secret and no rights of their own.';
COMMENT ON COLUMN applications.scopes IS 'What a person''s tokens in it allow at the most.';
CREATE TRIGGER applications_claim_id AFTER INSERT ON applications FOR EACH ROW EXECUTE FUNCTION claim_id();
CREATE INDEX applications_name ON applications ((coalesce(name ->> 'en', id)), id);
CREATE INDEX applications_active ON applications (active, id);
CREATE INDEX applications_updated_at ON applications (updated_at, id);
CREATE INDEX applications_created_at ON applications (created_at, id);

CREATE TABLE authorization_codes (
    digest       bytea       NOT NULL,
    application  text,
    "user"       uuid        NOT NULL,
    redirect_uri text        NOT NULL,
    challenge    text        NOT NULL,
    scope        text        NOT NULL,
    narrowed     boolean     NOT NULL,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    session      uuid,
    CONSTRAINT authorization_codes_pkey PRIMARY KEY (digest),
    CONSTRAINT authorization_codes_application_fkey FOREIGN KEY (application) REFERENCES applications (id) ON DELETE CASCADE,
    CONSTRAINT authorization_codes_user_fkey FOREIGN KEY ("user") REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT authorization_codes_digest_is_sha256 CHECK (octet_length(digest) = 32)
);
COMMENT ON TABLE authorization_codes IS 'SHA-256 of each code that a sign-in page gave an application, to be exchanged for tokens once.';
COMMENT ON COLUMN authorization_codes.application IS 'Null for Swagger UI, the service''s own.';
COMMENT ON COLUMN authorization_codes.challenge IS 'SHA-256 of the verifier, in base64url (RFC 7636, S256).';
COMMENT ON COLUMN authorization_codes.session IS 'What it was exchanged for; shown again, the code ends it.';
CREATE INDEX authorization_codes_application ON authorization_codes (application);
CREATE INDEX authorization_codes_user ON authorization_codes ("user");
CREATE INDEX authorization_codes_expires_at ON authorization_codes (expires_at);

ALTER TABLE sessions ADD COLUMN application text, ADD COLUMN narrowed boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN sessions.narrowed IS 'Whether its tokens allow no more than its scope, whatever the person may.';
COMMENT ON COLUMN sessions.application IS 'The application that the person signed in to; null for the service itself.';
ALTER TABLE sessions ADD CONSTRAINT sessions_application_fkey FOREIGN KEY (application) REFERENCES applications (id)
    ON DELETE CASCADE NOT VALID;
