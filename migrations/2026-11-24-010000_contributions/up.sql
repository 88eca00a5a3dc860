-- The round tables: what the cities answered at the meetings, and which answers a plan does not adopt.

-- ---------------------------------------------------------------- contributions

CREATE TABLE contributions (
    id            uuid        NOT NULL,
    meeting       text        NOT NULL,
    question      text        NOT NULL,
    city          text        NOT NULL,
    text          jsonb       NOT NULL,
    visibility    text        NOT NULL,
    external_refs jsonb       NOT NULL,
    version       bigint      NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    CONSTRAINT contributions_pkey PRIMARY KEY (id),
    CONSTRAINT contributions_one_answer UNIQUE (meeting, question, city),
    CONSTRAINT contributions_city_in_meeting FOREIGN KEY (meeting, city) REFERENCES meeting_cities (meeting, city),
    CONSTRAINT contributions_question_fkey FOREIGN KEY (question) REFERENCES key_questions (id),
    CONSTRAINT contributions_visibility_known CHECK (visibility IN ('partner', 'participants', 'public')),
    CONSTRAINT contributions_version_positive CHECK (version > 0)
);
COMMENT ON TABLE contributions IS 'One city''s answer to one key question at one meeting.';
COMMENT ON COLUMN contributions.visibility IS 'Who reads it beside the city itself: the cities of its pairings, those of the meeting, or everybody.';
COMMENT ON CONSTRAINT contributions_city_in_meeting ON contributions IS 'A city that has answered cannot be taken out of the meeting, nor the meeting be deleted.';
CREATE INDEX contributions_meeting ON contributions (meeting, id);
CREATE INDEX contributions_question ON contributions (question, id);
CREATE INDEX contributions_city ON contributions (city, id);
CREATE INDEX contributions_visibility ON contributions (visibility, id);
CREATE INDEX contributions_updated_at ON contributions (updated_at, id);
CREATE INDEX contributions_created_at ON contributions (created_at, id);

CREATE TABLE contribution_refs (
    city         text NOT NULL,
    system       text NOT NULL,
    key          text NOT NULL,
    contribution uuid NOT NULL,
    CONSTRAINT contribution_refs_pkey PRIMARY KEY (city, system, key),
    CONSTRAINT contribution_refs_contribution_fkey FOREIGN KEY (contribution) REFERENCES contributions (id) ON DELETE CASCADE
);
COMMENT ON TABLE contribution_refs IS 'The keys under which other systems know a contribution. A key is the city''s own: no city takes or sees another''s.';
CREATE INDEX contribution_refs_contribution ON contribution_refs (contribution);

CREATE FUNCTION link_contribution() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM contribution_refs AS had WHERE had.contribution = NEW.id
        AND NOT EXISTS (SELECT FROM jsonb_array_elements(NEW.external_refs) AS ref
            WHERE ref ->> 'system' = had.system AND ref ->> 'key' = had.key);
    INSERT INTO contribution_refs (city, system, key, contribution)
        SELECT NEW.city, ref ->> 'system', ref ->> 'key', NEW.id
        FROM jsonb_array_elements(NEW.external_refs) AS ref
        WHERE NOT EXISTS (SELECT FROM contribution_refs AS had
            WHERE had.contribution = NEW.id AND had.system = ref ->> 'system' AND had.key = ref ->> 'key');
    RETURN NULL;
END $$;
COMMENT ON FUNCTION link_contribution() IS 'Keeps contribution_refs in step with contributions.external_refs, whoever writes; a key that is taken breaks its primary key.';
CREATE TRIGGER contributions_link AFTER INSERT OR UPDATE OF external_refs ON contributions
    FOR EACH ROW EXECUTE FUNCTION link_contribution();

-- ---------------------------------------------------------------- declined lessons

CREATE TABLE contribution_declines (
    contribution uuid        NOT NULL,
    plan         uuid        NOT NULL,
    reason       jsonb       NOT NULL,
    version      bigint      NOT NULL,
    by           uuid,
    at           timestamptz NOT NULL,
    CONSTRAINT contribution_declines_pkey PRIMARY KEY (contribution, plan),
    CONSTRAINT contribution_declines_contribution_fkey FOREIGN KEY (contribution) REFERENCES contributions (id) ON DELETE CASCADE,
    CONSTRAINT contribution_declines_plan_fkey FOREIGN KEY (plan) REFERENCES action_plans (id) ON DELETE CASCADE,
    CONSTRAINT contribution_declines_version_positive CHECK (version > 0)
);
COMMENT ON TABLE contribution_declines IS 'Which plan does not adopt which contribution, and why; gone with either.';
CREATE INDEX contribution_declines_plan ON contribution_declines (plan, contribution);
