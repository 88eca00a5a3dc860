-- A plan that another one revises stays, as the sources of plans stay.

CREATE TABLE action_plan_revisions (
    plan    uuid   NOT NULL,
    version bigint NOT NULL,
    revised uuid   NOT NULL,
    CONSTRAINT action_plan_revisions_pkey PRIMARY KEY (plan, version),
    CONSTRAINT action_plan_revisions_version_fkey FOREIGN KEY (plan, version)
        REFERENCES action_plan_versions (plan, version) ON DELETE CASCADE,
    CONSTRAINT action_plan_revisions_revised_fkey FOREIGN KEY (revised) REFERENCES action_plans (id)
);
COMMENT ON TABLE action_plan_revisions IS 'The plans that plans revise, of their working copies and published versions: none that one of them names can go.';
CREATE INDEX action_plan_revisions_revised ON action_plan_revisions (revised);

INSERT INTO action_plan_revisions (plan, version, revised)
SELECT plans.id, of.version, revised.id
FROM action_plans AS plans
JOIN action_plan_versions AS of ON of.plan = plans.id AND of.version IN (plans.version, plans.published_version)
JOIN action_plans AS revised ON revised.id::text = of.document #>> '{revises,plan}' AND revised.id <> plans.id;
