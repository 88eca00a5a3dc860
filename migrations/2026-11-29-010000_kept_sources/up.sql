-- What any version of a plan names as a source stays: a version is never changed, so what it names cannot go either.

CREATE TABLE action_plan_kept_sources (
    plan         uuid NOT NULL,
    type         text NOT NULL,
    source       text NOT NULL,
    contribution uuid GENERATED ALWAYS AS (CASE WHEN type = 'contribution' THEN source::uuid END) STORED,
    tour         uuid GENERATED ALWAYS AS (CASE WHEN type = 'tour' THEN source::uuid END) STORED,
    meeting      text GENERATED ALWAYS AS (CASE WHEN type = 'meeting' THEN source END) STORED,
    knowledge    uuid GENERATED ALWAYS AS (CASE WHEN type = 'knowledge' THEN source::uuid END) STORED,
    CONSTRAINT action_plan_kept_sources_pkey PRIMARY KEY (plan, type, source),
    CONSTRAINT action_plan_kept_sources_plan_fkey FOREIGN KEY (plan) REFERENCES action_plans (id) ON DELETE CASCADE,
    CONSTRAINT action_plan_kept_sources_contribution_fkey FOREIGN KEY (contribution) REFERENCES contributions (id),
    CONSTRAINT action_plan_kept_sources_tour_fkey FOREIGN KEY (tour) REFERENCES tours (id),
    CONSTRAINT action_plan_kept_sources_meeting_fkey FOREIGN KEY (meeting) REFERENCES meetings (id),
    CONSTRAINT action_plan_kept_sources_knowledge_fkey FOREIGN KEY (knowledge) REFERENCES knowledge (id)
);
COMMENT ON TABLE action_plan_kept_sources IS 'The sources that any version of a plan names, once each, kept by a trigger as long as the plan: nothing that one of them names can go.';
CREATE INDEX action_plan_kept_sources_contribution ON action_plan_kept_sources (contribution) WHERE contribution IS NOT NULL;
CREATE INDEX action_plan_kept_sources_tour ON action_plan_kept_sources (tour) WHERE tour IS NOT NULL;
CREATE INDEX action_plan_kept_sources_meeting ON action_plan_kept_sources (meeting) WHERE meeting IS NOT NULL;
CREATE INDEX action_plan_kept_sources_knowledge ON action_plan_kept_sources (knowledge) WHERE knowledge IS NOT NULL;

CREATE FUNCTION keep_sources() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO action_plan_kept_sources (plan, type, source)
    SELECT DISTINCT plan, type, source FROM named
    ON CONFLICT ON CONSTRAINT action_plan_kept_sources_pkey DO NOTHING;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION keep_sources() IS 'Keeps what versions name as sources, whoever writes.';
CREATE TRIGGER action_plan_sources_keep AFTER INSERT ON action_plan_sources REFERENCING NEW TABLE AS named
    FOR EACH STATEMENT EXECUTE FUNCTION keep_sources();

-- What older versions name, as far as it is still there.
INSERT INTO action_plan_kept_sources (plan, type, source)
SELECT DISTINCT plan, source ->> 'type', source ->> 'id'
FROM action_plan_versions AS of, LATERAL (
    SELECT json_array_elements(of.document #> '{inputs,sources}') AS source
    WHERE json_typeof(of.document #> '{inputs,sources}') = 'array'
    UNION ALL
    SELECT json_array_elements(part -> 'sources') FROM json_array_elements(of.document -> 'activities') AS part
) AS named
WHERE CASE source ->> 'type'
    WHEN 'contribution' THEN EXISTS (SELECT FROM contributions WHERE id = (source ->> 'id')::uuid)
    WHEN 'tour' THEN EXISTS (SELECT FROM tours WHERE id = (source ->> 'id')::uuid)
    WHEN 'meeting' THEN EXISTS (SELECT FROM meetings WHERE id = source ->> 'id')
    WHEN 'knowledge' THEN EXISTS (SELECT FROM knowledge WHERE id = (source ->> 'id')::uuid)
END;

-- What is named is kept, and what is kept is there: held once for each plan, and not once more for each place that names it.
-- squawk-ignore ban-drop-constraint
ALTER TABLE action_plan_sources DROP CONSTRAINT action_plan_sources_contribution_fkey;
-- squawk-ignore ban-drop-constraint
ALTER TABLE action_plan_sources DROP CONSTRAINT action_plan_sources_tour_fkey;
-- squawk-ignore ban-drop-constraint
ALTER TABLE action_plan_sources DROP CONSTRAINT action_plan_sources_meeting_fkey;
-- squawk-ignore ban-drop-constraint
ALTER TABLE action_plan_sources DROP CONSTRAINT action_plan_sources_knowledge_fkey;
