-- Knowledge items: what cities learned and share with each other, and the files that belong to them.

CREATE TABLE knowledge (
    id            uuid        NOT NULL,
    kind          text        NOT NULL,
    title         jsonb       NOT NULL,
    summary       jsonb,
    body          jsonb,
    body_html     jsonb,
    cities        text[]      NOT NULL,
    pairing       text,
    meeting       text,
    tour          uuid,
    subjects      text[]      NOT NULL,
    sdg_targets   text[]      NOT NULL,
    links         jsonb       NOT NULL,
    files         jsonb       NOT NULL,
    status        text        NOT NULL,
    external_refs jsonb       NOT NULL,
    version       bigint      NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    CONSTRAINT knowledge_pkey PRIMARY KEY (id),
    CONSTRAINT knowledge_pairing_fkey FOREIGN KEY (pairing) REFERENCES pairings (id),
    CONSTRAINT knowledge_meeting_fkey FOREIGN KEY (meeting) REFERENCES meetings (id),
    CONSTRAINT knowledge_tour_fkey FOREIGN KEY (tour) REFERENCES tours (id),
    CONSTRAINT knowledge_kind_known
        CHECK (kind IN ('good_practice', 'lesson', 'presentation', 'article', 'dataset', 'link')),
    CONSTRAINT knowledge_status_known CHECK (status IN ('draft', 'published')),
    CONSTRAINT knowledge_cities_present CHECK (cardinality(cities) > 0),
    CONSTRAINT knowledge_version_positive CHECK (version > 0)
);
COMMENT ON TABLE knowledge IS 'Good practices, lessons, presentations, articles, datasets and links that cities share.';
COMMENT ON COLUMN knowledge.cities IS 'Who shares it, in the order given; kept in step with knowledge_cities, which holds the references.';
COMMENT ON COLUMN knowledge.body_html IS 'The Markdown of body as sanitised HTML, language by language; made by the write path.';
COMMENT ON COLUMN knowledge.files IS 'What is known of each file; its bytes are in the object store under knowledge/<item>/<file>.';
CREATE INDEX knowledge_shared_by ON knowledge USING gin (cities);
CREATE INDEX knowledge_kind ON knowledge (kind, id);
CREATE INDEX knowledge_status ON knowledge (status, id);
CREATE INDEX knowledge_pairing ON knowledge (pairing, id);
CREATE INDEX knowledge_meeting ON knowledge (meeting, id);
CREATE INDEX knowledge_tour ON knowledge (tour, id);
CREATE INDEX knowledge_title ON knowledge ((coalesce(title ->> 'en', title ->> 'ja', '')), id);
CREATE INDEX knowledge_updated_at ON knowledge (updated_at, id);
CREATE INDEX knowledge_created_at ON knowledge (created_at, id);

CREATE TABLE knowledge_cities (
    knowledge uuid NOT NULL,
    city      text NOT NULL,
    CONSTRAINT knowledge_cities_pkey PRIMARY KEY (knowledge, city),
    CONSTRAINT knowledge_cities_knowledge_fkey FOREIGN KEY (knowledge) REFERENCES knowledge (id) ON DELETE CASCADE,
    CONSTRAINT knowledge_cities_city_fkey FOREIGN KEY (city) REFERENCES cities (id)
);
COMMENT ON TABLE knowledge_cities IS 'The references behind knowledge.cities: who shares it.';
CREATE INDEX knowledge_cities_city ON knowledge_cities (city, knowledge);

CREATE TABLE knowledge_subjects (
    knowledge uuid NOT NULL,
    subject   text NOT NULL,
    CONSTRAINT knowledge_subjects_pkey PRIMARY KEY (knowledge, subject),
    CONSTRAINT knowledge_subjects_knowledge_fkey FOREIGN KEY (knowledge) REFERENCES knowledge (id) ON DELETE CASCADE,
    CONSTRAINT knowledge_subjects_subject_fkey FOREIGN KEY (subject) REFERENCES subjects (id)
);
COMMENT ON TABLE knowledge_subjects IS 'The references behind knowledge.subjects.';
CREATE INDEX knowledge_subjects_subject ON knowledge_subjects (subject, knowledge);

CREATE TABLE knowledge_sdgs (
    knowledge uuid NOT NULL,
    code      text NOT NULL,
    CONSTRAINT knowledge_sdgs_pkey PRIMARY KEY (knowledge, code),
    CONSTRAINT knowledge_sdgs_knowledge_fkey FOREIGN KEY (knowledge) REFERENCES knowledge (id) ON DELETE CASCADE,
    CONSTRAINT knowledge_sdgs_code_fkey FOREIGN KEY (code) REFERENCES sdg_codes (code)
);
COMMENT ON TABLE knowledge_sdgs IS 'The references behind knowledge.sdg_targets.';
CREATE INDEX knowledge_sdgs_code ON knowledge_sdgs (code, knowledge);

CREATE TABLE knowledge_refs (
    city      text NOT NULL,
    system    text NOT NULL,
    key       text NOT NULL,
    knowledge uuid NOT NULL,
    CONSTRAINT knowledge_refs_pkey PRIMARY KEY (city, system, key),
    CONSTRAINT knowledge_refs_city_fkey FOREIGN KEY (knowledge, city)
        REFERENCES knowledge_cities (knowledge, city) ON DELETE CASCADE
);
COMMENT ON TABLE knowledge_refs IS 'The keys under which other systems know a knowledge item. A key is a city''s own: none takes or sees another''s.';
CREATE INDEX knowledge_refs_knowledge ON knowledge_refs (knowledge, city);

CREATE FUNCTION link_knowledge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM knowledge_cities WHERE knowledge = NEW.id AND city <> ALL (NEW.cities);
    INSERT INTO knowledge_cities (knowledge, city)
        SELECT NEW.id, city FROM unnest(NEW.cities) AS city
        ON CONFLICT ON CONSTRAINT knowledge_cities_pkey DO NOTHING;
    DELETE FROM knowledge_subjects WHERE knowledge = NEW.id AND subject <> ALL (NEW.subjects);
    INSERT INTO knowledge_subjects (knowledge, subject)
        SELECT NEW.id, subject FROM unnest(NEW.subjects) AS subject
        ON CONFLICT ON CONSTRAINT knowledge_subjects_pkey DO NOTHING;
    DELETE FROM knowledge_sdgs WHERE knowledge = NEW.id AND code <> ALL (NEW.sdg_targets);
    INSERT INTO knowledge_sdgs (knowledge, code)
        SELECT NEW.id, code FROM unnest(NEW.sdg_targets) AS code
        ON CONFLICT ON CONSTRAINT knowledge_sdgs_pkey DO NOTHING;
    -- Not "on conflict do nothing": a key that is another item's is the mistake of the caller.
    DELETE FROM knowledge_refs WHERE knowledge = NEW.id;
    INSERT INTO knowledge_refs (city, system, key, knowledge)
        SELECT DISTINCT city, reference ->> 'system', reference ->> 'key', NEW.id
        FROM unnest(NEW.cities) AS city, jsonb_array_elements(NEW.external_refs) AS reference;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION link_knowledge() IS 'Keeps the reference tables of a knowledge item in step with its lists, whoever writes.';
CREATE TRIGGER knowledge_link AFTER INSERT OR UPDATE OF cities, subjects, sdg_targets, external_refs ON knowledge
    FOR EACH ROW EXECUTE FUNCTION link_knowledge();

-- ---------------------------------------------------------------- what meetings show

CREATE TABLE meeting_knowledge (
    meeting   text NOT NULL,
    knowledge uuid NOT NULL,
    CONSTRAINT meeting_knowledge_pkey PRIMARY KEY (meeting, knowledge),
    CONSTRAINT meeting_knowledge_meeting_fkey FOREIGN KEY (meeting) REFERENCES meetings (id) ON DELETE CASCADE,
    CONSTRAINT meeting_knowledge_knowledge_fkey FOREIGN KEY (knowledge) REFERENCES knowledge (id)
);
COMMENT ON TABLE meeting_knowledge IS 'The references to knowledge items in the agenda of a meeting.';
CREATE INDEX meeting_knowledge_knowledge ON meeting_knowledge (knowledge, meeting);

CREATE FUNCTION link_agenda() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    shown uuid[] := ARRAY(SELECT DISTINCT id::uuid FROM jsonb_array_elements(NEW.agenda) AS item,
        jsonb_array_elements_text(item -> 'knowledge_items') AS id);
BEGIN
    DELETE FROM meeting_knowledge WHERE meeting = NEW.id AND knowledge <> ALL (shown);
    INSERT INTO meeting_knowledge (meeting, knowledge) SELECT NEW.id, knowledge FROM unnest(shown) AS knowledge
        ON CONFLICT ON CONSTRAINT meeting_knowledge_pkey DO NOTHING;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION link_agenda() IS 'Keeps meeting_knowledge in step with meetings.agenda, whoever writes.';
CREATE TRIGGER meetings_link_agenda AFTER INSERT OR UPDATE OF agenda ON meetings
    FOR EACH ROW EXECUTE FUNCTION link_agenda();

-- ---------------------------------------------------------------- files

CREATE TABLE stray_files (
    key text        NOT NULL,
    due timestamptz NOT NULL,
    CONSTRAINT stray_files_pkey PRIMARY KEY (key)
);
COMMENT ON TABLE stray_files IS 'Objects in the store to which nothing refers: still being uploaded, left over, or deleted. A job removes the object and then the row.';
COMMENT ON COLUMN stray_files.due IS 'From when on the object may be removed; an upload in progress has until then.';
CREATE INDEX stray_files_due ON stray_files (due);

CREATE FUNCTION leave_files() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO stray_files (key, due)
        SELECT format('%s/%s/%s', TG_ARGV[0], OLD.id, file ->> 'id'), statement_timestamp()
        FROM jsonb_array_elements(OLD.files) AS file
        WHERE TG_OP = 'DELETE' OR NOT EXISTS (
            SELECT FROM jsonb_array_elements(NEW.files) AS kept WHERE kept ->> 'id' = file ->> 'id');
    RETURN NULL;
END $$;
COMMENT ON FUNCTION leave_files() IS 'Notes the objects of files that a row no longer names, below the folder given, so that they are removed.';
CREATE TRIGGER knowledge_leave_files AFTER DELETE OR UPDATE OF files ON knowledge
    FOR EACH ROW EXECUTE FUNCTION leave_files('knowledge');
