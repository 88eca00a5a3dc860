-- What stands beside plans: comments, and measurements of their indicators.

CREATE TABLE action_plan_comments (
    id           uuid        NOT NULL,
    plan         uuid        NOT NULL,
    path         text        NOT NULL,
    made_version bigint      NOT NULL,
    made_pointer text        NOT NULL,
    text         jsonb       NOT NULL,
    reply_to     uuid,
    thread       uuid        NOT NULL,
    resolved     boolean     NOT NULL,
    resolved_by  uuid,
    city         text,
    by           uuid,
    version      bigint      NOT NULL,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,
    CONSTRAINT action_plan_comments_pkey PRIMARY KEY (id),
    CONSTRAINT action_plan_comments_plan_id_key UNIQUE (plan, id),
    CONSTRAINT action_plan_comments_plan_fkey FOREIGN KEY (plan) REFERENCES action_plans (id) ON DELETE CASCADE,
    CONSTRAINT action_plan_comments_reply_fkey FOREIGN KEY (plan, reply_to) REFERENCES action_plan_comments (plan, id),
    CONSTRAINT action_plan_comments_city_fkey FOREIGN KEY (city) REFERENCES cities (id),
    CONSTRAINT action_plan_comments_thread_begins CHECK (reply_to IS NOT NULL OR thread = id),
    CONSTRAINT action_plan_comments_version_positive CHECK (version > 0)
);
COMMENT ON TABLE action_plan_comments IS 'Comments on places in plans, by those who work on them or are asked about them; never public.';
COMMENT ON COLUMN action_plan_comments.path IS 'The place by the keys of parts: it stays when parts move.';
COMMENT ON COLUMN action_plan_comments.thread IS 'The comment that the thread began with.';
COMMENT ON COLUMN action_plan_comments.city IS 'Whose comment it is; null: the programme''s.';
CREATE INDEX action_plan_comments_created_at ON action_plan_comments (plan, created_at, id);
CREATE INDEX action_plan_comments_updated_at ON action_plan_comments (plan, updated_at, id);
CREATE INDEX action_plan_comments_resolved ON action_plan_comments (plan, resolved, id);
CREATE INDEX action_plan_comments_thread ON action_plan_comments (thread, id);
CREATE INDEX action_plan_comments_reply ON action_plan_comments (plan, reply_to);
CREATE INDEX action_plan_comments_city ON action_plan_comments (city);

CREATE TABLE action_plan_measurements (
    id        uuid             NOT NULL,
    plan      uuid             NOT NULL,
    indicator text             NOT NULL,
    value     double precision NOT NULL,
    "on"      date             NOT NULL,
    note      jsonb,
    by        uuid,
    at        timestamptz      NOT NULL,
    CONSTRAINT action_plan_measurements_pkey PRIMARY KEY (id),
    CONSTRAINT action_plan_measurements_plan_fkey FOREIGN KEY (plan) REFERENCES action_plans (id) ON DELETE CASCADE
);
COMMENT ON TABLE action_plan_measurements IS 'What was measured of an indicator of a plan: added to, never changed.';
COMMENT ON COLUMN action_plan_measurements.indicator IS 'The key of the indicator in the plan.';
CREATE INDEX action_plan_measurements_on ON action_plan_measurements (plan, indicator, "on", id);
CREATE INDEX action_plan_measurements_at ON action_plan_measurements (plan, indicator, at, id);
CREATE INDEX action_plan_measurements_id ON action_plan_measurements (plan, indicator, id);
CREATE TRIGGER action_plan_measurements_immutable BEFORE UPDATE ON action_plan_measurements
    FOR EACH ROW EXECUTE FUNCTION refuse_update();

-- Which translations are behind the text in a plan's own language; versions keep theirs, so that a restored one is as it was.
ALTER TABLE action_plans ADD COLUMN translations jsonb NOT NULL DEFAULT '{}';
ALTER TABLE action_plan_versions ADD COLUMN translations jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN action_plans.translations IS 'The stale translations, by path and language: since when, and of which text.';
COMMENT ON COLUMN action_plan_versions.translations IS 'The stale translations of this version, as in action_plans.';
