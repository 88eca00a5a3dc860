-- What plans came from: the sources that they and their activities name, of the working copy and of the published version.

CREATE TABLE action_plan_sources (
    plan         uuid   NOT NULL,
    version      bigint NOT NULL,
    activity     text   NOT NULL,
    type         text   NOT NULL,
    source       text   NOT NULL,
    contribution uuid GENERATED ALWAYS AS (CASE WHEN type = 'contribution' THEN source::uuid END) STORED,
    tour         uuid GENERATED ALWAYS AS (CASE WHEN type = 'tour' THEN source::uuid END) STORED,
    meeting      text GENERATED ALWAYS AS (CASE WHEN type = 'meeting' THEN source END) STORED,
    knowledge    uuid GENERATED ALWAYS AS (CASE WHEN type = 'knowledge' THEN source::uuid END) STORED,
    CONSTRAINT action_plan_sources_pkey PRIMARY KEY (plan, version, activity, type, source),
    CONSTRAINT action_plan_sources_version_fkey FOREIGN KEY (plan, version)
        REFERENCES action_plan_versions (plan, version) ON DELETE CASCADE,
    CONSTRAINT action_plan_sources_contribution_fkey FOREIGN KEY (contribution) REFERENCES contributions (id),
    CONSTRAINT action_plan_sources_tour_fkey FOREIGN KEY (tour) REFERENCES tours (id),
    CONSTRAINT action_plan_sources_meeting_fkey FOREIGN KEY (meeting) REFERENCES meetings (id),
    CONSTRAINT action_plan_sources_knowledge_fkey FOREIGN KEY (knowledge) REFERENCES knowledge (id),
    CONSTRAINT action_plan_sources_type_known CHECK (type IN ('contribution', 'tour', 'meeting', 'knowledge'))
);
COMMENT ON TABLE action_plan_sources IS 'The sources that plans name, of their working copies and published versions: nothing that one of them names can go.';
COMMENT ON COLUMN action_plan_sources.activity IS 'Key of the activity that names it; empty: the section of inputs does.';
CREATE INDEX action_plan_sources_contribution ON action_plan_sources (contribution, plan, activity)
    WHERE contribution IS NOT NULL;
CREATE INDEX action_plan_sources_tour ON action_plan_sources (tour, plan, activity) WHERE tour IS NOT NULL;
CREATE INDEX action_plan_sources_meeting ON action_plan_sources (meeting, plan, activity) WHERE meeting IS NOT NULL;
CREATE INDEX action_plan_sources_knowledge ON action_plan_sources (knowledge, plan, activity) WHERE knowledge IS NOT NULL;

INSERT INTO action_plan_sources (plan, version, activity, type, source)
SELECT DISTINCT of.plan, of.version, named.activity, named.source ->> 'type', named.source ->> 'id'
FROM action_plans AS plans
JOIN action_plan_versions AS of ON of.plan = plans.id AND of.version IN (plans.version, plans.published_version),
LATERAL (
    SELECT '' AS activity, json_array_elements(of.document #> '{inputs,sources}') AS source
    WHERE json_typeof(of.document #> '{inputs,sources}') = 'array'
    UNION ALL
    SELECT part ->> 'key', json_array_elements(part -> 'sources') FROM json_array_elements(of.document -> 'activities') AS part
) AS named;
