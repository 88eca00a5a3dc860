-- The ground: the programme's own resources, action plans, accounts, and the events that every change leaves.
-- The database keeps the rules; each constraint is named, and src/problem.rs turns its name into an answer.

-- ---------------------------------------------------------------- readable ids

CREATE TABLE used_ids (
    type text NOT NULL,
    id   text NOT NULL,
    CONSTRAINT used_ids_never_reused PRIMARY KEY (type, id)
);
COMMENT ON TABLE used_ids IS 'Every readable id ever given, also of what was deleted: an id is never given twice.';

CREATE FUNCTION claim_id() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO used_ids (type, id) VALUES (TG_TABLE_NAME, NEW.id);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION claim_id() IS 'After an insert: notes the id as used. The primary key of the table itself has caught living ones before.';

-- ---------------------------------------------------------------- programmes, cities, subjects

CREATE TABLE programmes (
    id         text        NOT NULL,
    name       jsonb       NOT NULL,
    guidelines jsonb       NOT NULL,
    version    bigint      NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT programmes_pkey PRIMARY KEY (id),
    CONSTRAINT programmes_version_positive CHECK (version > 0)
);
COMMENT ON TABLE programmes IS 'A phase of the cooperation with its own guidelines; the rules read them from here.';
CREATE TRIGGER programmes_claim_id AFTER INSERT ON programmes FOR EACH ROW EXECUTE FUNCTION claim_id();
CREATE INDEX programmes_updated_at ON programmes (updated_at, id);
CREATE INDEX programmes_created_at ON programmes (created_at, id);

CREATE TABLE cities (
    id           text             NOT NULL,
    side         text             NOT NULL,
    kind         text             NOT NULL,
    name         jsonb            NOT NULL,
    country_code text             NOT NULL,
    region       jsonb,
    description  jsonb,
    location     jsonb,
    time_zone    text             NOT NULL,
    codes        jsonb            NOT NULL,
    population   jsonb,
    area_km2     double precision,
    website      text,
    version      bigint           NOT NULL,
    created_at   timestamptz      NOT NULL,
    updated_at   timestamptz      NOT NULL,
    CONSTRAINT cities_pkey PRIMARY KEY (id),
    CONSTRAINT cities_id_side_key UNIQUE (id, side),
    CONSTRAINT cities_side_known CHECK (side IN ('eu', 'jp')),
    CONSTRAINT cities_kind_known CHECK (kind IN ('municipality', 'metropolitan_authority')),
    CONSTRAINT cities_side_fits_country CHECK ((side = 'jp') = (country_code = 'JP')),
    CONSTRAINT cities_area_positive CHECK (area_km2 > 0),
    CONSTRAINT cities_version_positive CHECK (version > 0)
);
COMMENT ON TABLE cities IS 'A participating city or metropolitan authority.';
COMMENT ON CONSTRAINT cities_id_side_key ON cities IS 'Target of the references that must hold a city of one side.';
CREATE TRIGGER cities_claim_id AFTER INSERT ON cities FOR EACH ROW EXECUTE FUNCTION claim_id();
CREATE UNIQUE INDEX cities_jis_x0402_key ON cities ((codes ->> 'jis_x0402'));
CREATE UNIQUE INDEX cities_lau_key ON cities (country_code, (codes ->> 'lau'));
CREATE UNIQUE INDEX cities_wikidata_key ON cities ((codes ->> 'wikidata'));
CREATE INDEX cities_side ON cities (side, id);
CREATE INDEX cities_country_code ON cities (country_code, id);
CREATE INDEX cities_kind ON cities (kind, id);
CREATE INDEX cities_name ON cities ((coalesce(name ->> 'en', id)), id);
CREATE INDEX cities_updated_at ON cities (updated_at, id);
CREATE INDEX cities_created_at ON cities (created_at, id);

CREATE TABLE subjects (
    id         text        NOT NULL,
    name       jsonb       NOT NULL,
    version    bigint      NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT subjects_pkey PRIMARY KEY (id),
    CONSTRAINT subjects_version_positive CHECK (version > 0)
);
COMMENT ON TABLE subjects IS 'The controlled list of topics of cooperation.';
CREATE TRIGGER subjects_claim_id AFTER INSERT ON subjects FOR EACH ROW EXECUTE FUNCTION claim_id();
CREATE INDEX subjects_name ON subjects ((coalesce(name ->> 'en', id)), id);
CREATE INDEX subjects_updated_at ON subjects (updated_at, id);
CREATE INDEX subjects_created_at ON subjects (created_at, id);

-- ---------------------------------------------------------------- pairings

CREATE TABLE pairings (
    id           text        NOT NULL,
    programme    text        NOT NULL,
    number       integer     NOT NULL,
    eu_cities    text[]      NOT NULL,
    jp_cities    text[]      NOT NULL,
    joined_year  integer     NOT NULL,
    subjects     text[]      NOT NULL,
    subject_text jsonb,
    status       text        NOT NULL,
    agreement    jsonb,
    version      bigint      NOT NULL,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    CONSTRAINT pairings_pkey PRIMARY KEY (id),
    CONSTRAINT pairings_number_key UNIQUE (programme, number),
    CONSTRAINT pairings_programme_fkey FOREIGN KEY (programme) REFERENCES programmes (id),
    CONSTRAINT pairings_number_positive CHECK (number > 0),
    CONSTRAINT pairings_eu_cities_present CHECK (cardinality(eu_cities) > 0),
    CONSTRAINT pairings_jp_cities_present CHECK (cardinality(jp_cities) > 0),
    CONSTRAINT pairings_status_known CHECK (status IN ('active', 'completed', 'withdrawn')),
    CONSTRAINT pairings_version_positive CHECK (version > 0)
);
COMMENT ON TABLE pairings IS 'A cooperation of one or more EU cities with one or more Japanese cities.';
COMMENT ON COLUMN pairings.eu_cities IS 'In the order given; kept in step with pairing_cities, which holds the references.';
CREATE TRIGGER pairings_claim_id AFTER INSERT ON pairings FOR EACH ROW EXECUTE FUNCTION claim_id();
CREATE INDEX pairings_eu_cities ON pairings USING gin (eu_cities);
CREATE INDEX pairings_jp_cities ON pairings USING gin (jp_cities);
CREATE INDEX pairings_subjects ON pairings USING gin (subjects);
CREATE INDEX pairings_status ON pairings (status, id);
CREATE INDEX pairings_joined_year ON pairings (joined_year, id);
CREATE INDEX pairings_number ON pairings (number, id);
CREATE INDEX pairings_updated_at ON pairings (updated_at, id);
CREATE INDEX pairings_created_at ON pairings (created_at, id);

CREATE TABLE pairing_cities (
    pairing text NOT NULL,
    city    text NOT NULL,
    side    text NOT NULL,
    CONSTRAINT pairing_cities_pkey PRIMARY KEY (pairing, city),
    CONSTRAINT pairing_cities_side_key UNIQUE (pairing, city, side),
    CONSTRAINT pairing_cities_pairing_fkey FOREIGN KEY (pairing) REFERENCES pairings (id) ON DELETE CASCADE,
    CONSTRAINT pairing_cities_side_fits_city FOREIGN KEY (city, side) REFERENCES cities (id, side)
);
COMMENT ON TABLE pairing_cities IS 'Which city takes part in which pairing, on the side that is its own.';
CREATE INDEX pairing_cities_city ON pairing_cities (city, pairing);

CREATE TABLE pairing_subjects (
    pairing text NOT NULL,
    subject text NOT NULL,
    CONSTRAINT pairing_subjects_pkey PRIMARY KEY (pairing, subject),
    CONSTRAINT pairing_subjects_pairing_fkey FOREIGN KEY (pairing) REFERENCES pairings (id) ON DELETE CASCADE,
    CONSTRAINT pairing_subjects_subject_fkey FOREIGN KEY (subject) REFERENCES subjects (id)
);
COMMENT ON TABLE pairing_subjects IS 'The references behind pairings.subjects.';
CREATE INDEX pairing_subjects_subject ON pairing_subjects (subject, pairing);

CREATE FUNCTION link_pairing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM pairing_cities WHERE pairing = NEW.id
        AND city <> ALL (CASE side WHEN 'eu' THEN NEW.eu_cities ELSE NEW.jp_cities END);
    INSERT INTO pairing_cities (pairing, city, side)
        SELECT NEW.id, city, 'eu' FROM unnest(NEW.eu_cities) AS city
        UNION ALL
        SELECT NEW.id, city, 'jp' FROM unnest(NEW.jp_cities) AS city
        ON CONFLICT ON CONSTRAINT pairing_cities_pkey DO UPDATE SET side = excluded.side
        WHERE pairing_cities.side <> excluded.side;
    DELETE FROM pairing_subjects WHERE pairing = NEW.id AND subject <> ALL (NEW.subjects);
    INSERT INTO pairing_subjects (pairing, subject)
        SELECT NEW.id, subject FROM unnest(NEW.subjects) AS subject
        ON CONFLICT ON CONSTRAINT pairing_subjects_pkey DO NOTHING;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION link_pairing() IS 'Keeps the reference tables of a pairing in step with its lists, whoever writes.';
CREATE TRIGGER pairings_link AFTER INSERT OR UPDATE OF eu_cities, jp_cities, subjects ON pairings
    FOR EACH ROW EXECUTE FUNCTION link_pairing();

-- ---------------------------------------------------------------- meetings

CREATE TABLE meetings (
    id          text        NOT NULL,
    programme   text        NOT NULL,
    kind        text        NOT NULL,
    number      integer,
    title       jsonb       NOT NULL,
    place       jsonb,
    "when"      text,
    when_reason jsonb,
    earliest    date,
    latest      date,
    status      text        NOT NULL,
    agenda      jsonb       NOT NULL,
    cities      text[]      NOT NULL,
    version     bigint      NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    CONSTRAINT meetings_pkey PRIMARY KEY (id),
    CONSTRAINT meetings_number_key UNIQUE (programme, kind, number),
    CONSTRAINT meetings_programme_fkey FOREIGN KEY (programme) REFERENCES programmes (id),
    CONSTRAINT meetings_kind_known CHECK (kind IN ('exchange_meeting', 'webinar', 'workshop')),
    CONSTRAINT meetings_status_known CHECK (status IN ('planned', 'confirmed', 'held', 'postponed', 'cancelled')),
    CONSTRAINT meetings_days_in_order CHECK (earliest <= latest),
    CONSTRAINT meetings_version_positive CHECK (version > 0)
);
COMMENT ON TABLE meetings IS 'Exchange meetings, webinars and workshops of the cities.';
COMMENT ON COLUMN meetings."when" IS 'EDTF, as written; null when no date is known.';
COMMENT ON COLUMN meetings.earliest IS 'First day that "when" can mean; null when open or unknown.';
CREATE TRIGGER meetings_claim_id AFTER INSERT ON meetings FOR EACH ROW EXECUTE FUNCTION claim_id();
CREATE INDEX meetings_cities ON meetings USING gin (cities);
CREATE INDEX meetings_programme ON meetings (programme, id);
CREATE INDEX meetings_kind ON meetings (kind, id);
CREATE INDEX meetings_status ON meetings (status, id);
CREATE INDEX meetings_number ON meetings ((coalesce(number, 2147483647)), id);
CREATE INDEX meetings_earliest ON meetings ((coalesce(earliest, 'infinity'::date)), id);
CREATE INDEX meetings_latest ON meetings (latest);
CREATE INDEX meetings_updated_at ON meetings (updated_at, id);
CREATE INDEX meetings_created_at ON meetings (created_at, id);

CREATE TABLE meeting_cities (
    meeting text NOT NULL,
    city    text NOT NULL,
    CONSTRAINT meeting_cities_pkey PRIMARY KEY (meeting, city),
    CONSTRAINT meeting_cities_meeting_fkey FOREIGN KEY (meeting) REFERENCES meetings (id) ON DELETE CASCADE,
    CONSTRAINT meeting_cities_city_fkey FOREIGN KEY (city) REFERENCES cities (id)
);
COMMENT ON TABLE meeting_cities IS 'The references behind meetings.cities: who takes part.';
CREATE INDEX meeting_cities_city ON meeting_cities (city, meeting);

CREATE FUNCTION link_meeting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM meeting_cities WHERE meeting = NEW.id AND city <> ALL (NEW.cities);
    INSERT INTO meeting_cities (meeting, city)
        SELECT NEW.id, city FROM unnest(NEW.cities) AS city
        ON CONFLICT ON CONSTRAINT meeting_cities_pkey DO NOTHING;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION link_meeting() IS 'Keeps meeting_cities in step with meetings.cities, whoever writes.';
CREATE TRIGGER meetings_link AFTER INSERT OR UPDATE OF cities ON meetings
    FOR EACH ROW EXECUTE FUNCTION link_meeting();

-- ---------------------------------------------------------------- tours

CREATE TABLE tours (
    id            uuid        NOT NULL,
    pairing       text        NOT NULL,
    visiting_city text        NOT NULL,
    host_city     text        NOT NULL,
    direction     text        NOT NULL,
    visiting_side text        NOT NULL GENERATED ALWAYS AS (CASE direction WHEN 'eu_to_jp' THEN 'eu' ELSE 'jp' END) STORED,
    host_side     text        NOT NULL GENERATED ALWAYS AS (CASE direction WHEN 'eu_to_jp' THEN 'jp' ELSE 'eu' END) STORED,
    "when"        text        NOT NULL,
    earliest      date,
    latest        date,
    status        text        NOT NULL,
    programme     jsonb       NOT NULL,
    report        jsonb,
    delegates     jsonb       NOT NULL,
    version       bigint      NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    CONSTRAINT tours_pkey PRIMARY KEY (id),
    CONSTRAINT tours_pairing_fkey FOREIGN KEY (pairing) REFERENCES pairings (id),
    CONSTRAINT tours_visiting_city_in_pairing FOREIGN KEY (pairing, visiting_city, visiting_side)
        REFERENCES pairing_cities (pairing, city, side),
    CONSTRAINT tours_host_city_in_pairing FOREIGN KEY (pairing, host_city, host_side)
        REFERENCES pairing_cities (pairing, city, side),
    CONSTRAINT tours_direction_known CHECK (direction IN ('eu_to_jp', 'jp_to_eu')),
    CONSTRAINT tours_status_known CHECK (status IN ('planned', 'confirmed', 'completed', 'cancelled')),
    CONSTRAINT tours_days_in_order CHECK (earliest <= latest),
    CONSTRAINT tours_version_positive CHECK (version > 0)
);
COMMENT ON TABLE tours IS 'Study tours: a city visits its partner of the other side.';
COMMENT ON COLUMN tours.delegates IS 'Counts by who pays; null when unknown. The people themselves are not in this table.';
CREATE INDEX tours_pairing ON tours (pairing, id);
CREATE INDEX tours_visiting_city ON tours (visiting_city, id);
CREATE INDEX tours_host_city ON tours (host_city, id);
CREATE INDEX tours_status ON tours (status, id);
CREATE INDEX tours_direction ON tours (direction, id);
CREATE INDEX tours_earliest ON tours ((coalesce(earliest, 'infinity'::date)), id);
CREATE INDEX tours_latest ON tours (latest);
CREATE INDEX tours_updated_at ON tours (updated_at, id);
CREATE INDEX tours_created_at ON tours (created_at, id);

-- ---------------------------------------------------------------- key questions, templates, SDGs

CREATE TABLE key_questions (
    id         text        NOT NULL,
    "group"    jsonb       NOT NULL,
    text       jsonb       NOT NULL,
    position   integer     NOT NULL,
    version    bigint      NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT key_questions_pkey PRIMARY KEY (id),
    CONSTRAINT key_questions_version_positive CHECK (version > 0)
);
COMMENT ON TABLE key_questions IS 'The fixed questions of the round tables.';
CREATE TRIGGER key_questions_claim_id AFTER INSERT ON key_questions FOR EACH ROW EXECUTE FUNCTION claim_id();
CREATE INDEX key_questions_group ON key_questions (("group" ->> 'id'), id);
CREATE INDEX key_questions_position ON key_questions (position, id);
CREATE INDEX key_questions_updated_at ON key_questions (updated_at, id);
CREATE INDEX key_questions_created_at ON key_questions (created_at, id);

CREATE TABLE templates (
    id         text        NOT NULL,
    programme  text        NOT NULL,
    name       jsonb       NOT NULL,
    sections   jsonb       NOT NULL,
    version    bigint      NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT templates_pkey PRIMARY KEY (id),
    CONSTRAINT templates_programme_fkey FOREIGN KEY (programme) REFERENCES programmes (id),
    CONSTRAINT templates_version_positive CHECK (version > 0)
);
COMMENT ON TABLE templates IS 'The sections of an action plan, as the programme lists them.';
CREATE TRIGGER templates_claim_id AFTER INSERT ON templates FOR EACH ROW EXECUTE FUNCTION claim_id();
CREATE INDEX templates_programme ON templates (programme, created_at, id);
CREATE INDEX templates_updated_at ON templates (updated_at, id);
CREATE INDEX templates_created_at ON templates (created_at, id);

CREATE TABLE sdgs (
    number     integer     NOT NULL,
    title      jsonb       NOT NULL,
    colour     text        NOT NULL,
    targets    jsonb       NOT NULL,
    version    bigint      NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT sdgs_pkey PRIMARY KEY (number),
    CONSTRAINT sdgs_number_in_range CHECK (number BETWEEN 1 AND 17),
    CONSTRAINT sdgs_version_positive CHECK (version > 0)
);
COMMENT ON TABLE sdgs IS 'The 17 Sustainable Development Goals with their 169 targets.';
CREATE INDEX sdgs_updated_at ON sdgs (updated_at, number);
CREATE INDEX sdgs_created_at ON sdgs (created_at, number);

CREATE TABLE sdg_codes (
    code text    NOT NULL,
    goal integer NOT NULL,
    CONSTRAINT sdg_codes_pkey PRIMARY KEY (code),
    CONSTRAINT sdg_codes_goal_fkey FOREIGN KEY (goal) REFERENCES sdgs (number) ON DELETE CASCADE
);
COMMENT ON TABLE sdg_codes IS 'What a plan can name: a goal ("11") or a target ("11.2").';
CREATE INDEX sdg_codes_goal ON sdg_codes (goal);

CREATE FUNCTION link_sdg() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM sdg_codes WHERE goal = NEW.number AND code <> NEW.number::text
        AND NOT EXISTS (SELECT FROM jsonb_array_elements(NEW.targets) AS target WHERE target ->> 'code' = sdg_codes.code);
    INSERT INTO sdg_codes (code, goal)
        SELECT NEW.number::text, NEW.number
        UNION ALL
        SELECT target ->> 'code', NEW.number FROM jsonb_array_elements(NEW.targets) AS target
        ON CONFLICT ON CONSTRAINT sdg_codes_pkey DO NOTHING;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION link_sdg() IS 'Keeps sdg_codes in step with the goal and its targets, whoever writes.';
CREATE TRIGGER sdgs_link AFTER INSERT OR UPDATE OF targets ON sdgs FOR EACH ROW EXECUTE FUNCTION link_sdg();

-- ---------------------------------------------------------------- accounts

CREATE TABLE users (
    id            uuid        NOT NULL,
    email         text        NOT NULL,
    name          text        NOT NULL,
    role          text        NOT NULL,
    city          text,
    side          text        GENERATED ALWAYS AS (CASE role WHEN 'eu_city' THEN 'eu' WHEN 'jp_city' THEN 'jp' END) STORED,
    active        boolean     NOT NULL,
    password_hash text        NOT NULL,
    version       bigint      NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_role_known CHECK (role IN ('admin', 'eu_city', 'jp_city')),
    CONSTRAINT users_city_iff_city_role CHECK ((role = 'admin') = (city IS NULL)),
    CONSTRAINT users_role_fits_city FOREIGN KEY (city, side) REFERENCES cities (id, side),
    CONSTRAINT users_version_positive CHECK (version > 0)
);
COMMENT ON TABLE users IS 'People who sign in. A city user belongs to exactly one city, whose side is the role''s side.';
CREATE UNIQUE INDEX users_email_key ON users (lower(email));
CREATE INDEX users_city ON users (city, id);
CREATE INDEX users_role ON users (role, id);
CREATE INDEX users_active ON users (active, id);
CREATE INDEX users_updated_at ON users (updated_at, id);
CREATE INDEX users_created_at ON users (created_at, id);

CREATE TABLE sessions (
    id           uuid        NOT NULL,
    "user"       uuid        NOT NULL,
    scope        text        NOT NULL,
    generation   integer     NOT NULL,
    user_agent   text        NOT NULL,
    address      text        NOT NULL,
    created_at   timestamptz NOT NULL,
    used_at      timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    ended_at     timestamptz,
    ended_reason text,
    CONSTRAINT sessions_pkey PRIMARY KEY (id),
    CONSTRAINT sessions_user_fkey FOREIGN KEY ("user") REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT sessions_ended_reason_known CHECK (ended_reason IN ('signed_out', 'reused_token')),
    CONSTRAINT sessions_ended_with_reason CHECK ((ended_at IS NULL) = (ended_reason IS NULL))
);
COMMENT ON TABLE sessions IS 'One sign-in of one person; the family of its refresh tokens.';
COMMENT ON COLUMN sessions.generation IS 'Of the newest refresh token.';
CREATE INDEX sessions_user ON sessions ("user", id);
CREATE INDEX sessions_expires_at ON sessions (expires_at);

CREATE TABLE refresh_tokens (
    digest     bytea       NOT NULL,
    session    uuid        NOT NULL,
    generation integer     NOT NULL,
    replaced   boolean     NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    CONSTRAINT refresh_tokens_pkey PRIMARY KEY (digest),
    CONSTRAINT refresh_tokens_session_fkey FOREIGN KEY (session) REFERENCES sessions (id) ON DELETE CASCADE,
    CONSTRAINT refresh_tokens_digest_is_sha256 CHECK (octet_length(digest) = 32)
);
COMMENT ON TABLE refresh_tokens IS 'SHA-256 of each refresh token ever given in a living session, so that a reused one is known.';
COMMENT ON COLUMN refresh_tokens.replaced IS 'Its answer was lost and another of the same generation was given: using it is reuse.';
CREATE INDEX refresh_tokens_session ON refresh_tokens (session, generation);

CREATE TABLE sign_in_failures (
    key   text        NOT NULL,
    count integer     NOT NULL,
    since timestamptz NOT NULL,
    CONSTRAINT sign_in_failures_pkey PRIMARY KEY (key)
);
COMMENT ON TABLE sign_in_failures IS 'Failed sign-ins per account and per address in the present window; keys are digests.';
CREATE INDEX sign_in_failures_since ON sign_in_failures (since);

CREATE TABLE keys (
    id         text        NOT NULL,
    purpose    text        NOT NULL,
    secret     bytea       NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT keys_pkey PRIMARY KEY (id),
    CONSTRAINT keys_purpose_known CHECK (purpose IN ('cursor', 'access_token'))
);
COMMENT ON TABLE keys IS 'What all instances sign with: Ed25519 (PKCS #8) for access tokens, 256 bits for cursors.';

-- ---------------------------------------------------------------- action plans

CREATE TABLE action_plans (
    id                uuid        NOT NULL,
    pairing           text        NOT NULL,
    template          text        NOT NULL,
    kind              text        NOT NULL,
    status            text        NOT NULL,
    language          text        NOT NULL,
    title_key         text        NOT NULL,
    document          jsonb       NOT NULL,
    published_version bigint,
    version           bigint      NOT NULL,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL,
    CONSTRAINT action_plans_pkey PRIMARY KEY (id),
    CONSTRAINT action_plans_pairing_fkey FOREIGN KEY (pairing) REFERENCES pairings (id),
    CONSTRAINT action_plans_template_fkey FOREIGN KEY (template) REFERENCES templates (id),
    CONSTRAINT action_plans_kind_known CHECK (kind IN ('new', 'revision')),
    CONSTRAINT action_plans_status_known CHECK (status IN ('draft', 'submitted', 'returned', 'approved', 'withdrawn')),
    CONSTRAINT action_plans_version_positive CHECK (version > 0)
);
COMMENT ON TABLE action_plans IS 'Local Action Plans: the working copy as one document; what is filtered is beside it.';
COMMENT ON COLUMN action_plans.title_key IS 'The title in the plan''s own language, for sorting; its first 200 characters.';
CREATE INDEX action_plans_updated_at ON action_plans (updated_at, id);
CREATE INDEX action_plans_created_at ON action_plans (created_at, id);
CREATE INDEX action_plans_title ON action_plans (title_key, id);
CREATE INDEX action_plans_status ON action_plans (status, updated_at, id);
CREATE INDEX action_plans_pairing ON action_plans (pairing, updated_at, id);
CREATE INDEX action_plans_template ON action_plans (template);

CREATE TABLE action_plan_versions (
    plan     uuid        NOT NULL,
    version  bigint      NOT NULL,
    document jsonb       NOT NULL,
    status   text        NOT NULL,
    minor    boolean     NOT NULL DEFAULT false,
    at       timestamptz NOT NULL,
    by       uuid,
    CONSTRAINT action_plan_versions_pkey PRIMARY KEY (plan, version),
    CONSTRAINT action_plan_versions_plan_fkey FOREIGN KEY (plan) REFERENCES action_plans (id) ON DELETE CASCADE
);
COMMENT ON TABLE action_plan_versions IS 'Every version of every plan, never changed after it was written.';

CREATE FUNCTION refuse_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a row of % is never changed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER action_plan_versions_immutable BEFORE UPDATE ON action_plan_versions
    FOR EACH ROW EXECUTE FUNCTION refuse_update();

CREATE TABLE action_plan_proponents (
    plan       uuid        NOT NULL,
    city       text        NOT NULL,
    pairing    text        NOT NULL,
    status     text        NOT NULL,
    title_key  text        NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT action_plan_proponents_pkey PRIMARY KEY (plan, city),
    CONSTRAINT action_plan_proponents_plan_fkey FOREIGN KEY (plan) REFERENCES action_plans (id) ON DELETE CASCADE,
    CONSTRAINT action_plan_proponents_city_in_pairing FOREIGN KEY (pairing, city) REFERENCES pairing_cities (pairing, city)
);
COMMENT ON TABLE action_plan_proponents IS 'Which city proposes which plan, with what a city''s list is filtered and sorted by.';
CREATE INDEX action_plan_proponents_updated_at ON action_plan_proponents (city, updated_at, plan);
CREATE INDEX action_plan_proponents_created_at ON action_plan_proponents (city, created_at, plan);
CREATE INDEX action_plan_proponents_title ON action_plan_proponents (city, title_key, plan);
CREATE INDEX action_plan_proponents_status ON action_plan_proponents (city, status, updated_at, plan);
CREATE INDEX action_plan_proponents_pairing ON action_plan_proponents (pairing, city);

CREATE TABLE action_plan_sdgs (
    plan uuid NOT NULL,
    code text NOT NULL,
    CONSTRAINT action_plan_sdgs_pkey PRIMARY KEY (plan, code),
    CONSTRAINT action_plan_sdgs_plan_fkey FOREIGN KEY (plan) REFERENCES action_plans (id) ON DELETE CASCADE,
    CONSTRAINT action_plan_sdgs_code_fkey FOREIGN KEY (code) REFERENCES sdg_codes (code)
);
COMMENT ON TABLE action_plan_sdgs IS 'Every goal and target that a plan or one of its activities names.';
CREATE INDEX action_plan_sdgs_code ON action_plan_sdgs (code, plan);

CREATE TABLE action_plan_refs (
    city   text NOT NULL,
    system text NOT NULL,
    key    text NOT NULL,
    plan   uuid NOT NULL,
    CONSTRAINT action_plan_refs_pkey PRIMARY KEY (city, system, key),
    CONSTRAINT action_plan_refs_proponent_fkey FOREIGN KEY (plan, city)
        REFERENCES action_plan_proponents (plan, city) ON DELETE CASCADE
);
COMMENT ON TABLE action_plan_refs IS 'The keys under which other systems know a plan. A key is a proponent''s own: no city takes or sees another''s.';
CREATE INDEX action_plan_refs_plan ON action_plan_refs (plan, city);

-- ---------------------------------------------------------------- meeting dates

CREATE TABLE meeting_dates (
    meeting text        NOT NULL,
    version bigint      NOT NULL,
    "when"  text,
    status  text        NOT NULL,
    reason  jsonb,
    since   timestamptz NOT NULL,
    by      uuid,
    CONSTRAINT meeting_dates_pkey PRIMARY KEY (meeting, version),
    CONSTRAINT meeting_dates_meeting_fkey FOREIGN KEY (meeting) REFERENCES meetings (id) ON DELETE CASCADE
);
COMMENT ON TABLE meeting_dates IS 'What was planned, since when and why: a row for each write that changed a meeting''s date or status.';

-- ---------------------------------------------------------------- writes

CREATE TABLE events (
    id         uuid        NOT NULL,
    xid        xid8        NOT NULL DEFAULT pg_current_xact_id(),
    seq        bigint,
    at         timestamptz NOT NULL,
    type       text        NOT NULL,
    resource   text        NOT NULL,
    action     text        NOT NULL,
    version    bigint      NOT NULL,
    cities     text[]      NOT NULL,
    by         uuid,
    request_id text        NOT NULL,
    address    text        NOT NULL,
    change     jsonb       NOT NULL,
    CONSTRAINT events_pkey PRIMARY KEY (id),
    CONSTRAINT events_seq_key UNIQUE (seq),
    CONSTRAINT events_action_known CHECK (action IN ('created', 'updated', 'deleted'))
);
COMMENT ON TABLE events IS 'One row for each change, written in its transaction: the change feed, the audit trail and webhooks read it.';
COMMENT ON COLUMN events.seq IS 'Place in the feed: given once the transaction is older than every running one; null until then.';
COMMENT ON COLUMN events.change IS 'JSON Patch (RFC 6902) from the state before to the state after.';
CREATE INDEX events_unnumbered ON events (xid) WHERE seq IS NULL;
CREATE INDEX events_resource ON events (type, resource, version);
CREATE INDEX events_at ON events (at);

CREATE TABLE loaded_items (
    type     text NOT NULL,
    key      text NOT NULL,
    resource text NOT NULL,
    CONSTRAINT loaded_items_pkey PRIMARY KEY (type, key)
);
COMMENT ON TABLE loaded_items IS 'Which thing was made of which item of the programme''s files: none is made twice, also after it was moved or deleted.';

CREATE TABLE idempotency_keys (
    caller      uuid        NOT NULL,
    key         text        NOT NULL,
    fingerprint bytea       NOT NULL,
    status      integer,
    headers     jsonb,
    body        bytea,
    created_at  timestamptz NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (caller, key),
    CONSTRAINT idempotency_keys_answered CHECK ((status IS NULL) = (body IS NULL))
);
COMMENT ON TABLE idempotency_keys IS 'The first answer to each keyed POST, kept for 24 hours in the transaction of its effect.';
CREATE INDEX idempotency_keys_created_at ON idempotency_keys (created_at);
