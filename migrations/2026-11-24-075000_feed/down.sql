ALTER TABLE events ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id();
ALTER TABLE events ADD COLUMN seq bigint;
ALTER TABLE events ADD CONSTRAINT events_seq_key UNIQUE (seq);
CREATE INDEX events_unnumbered ON events (xid) WHERE seq IS NULL;
COMMENT ON TABLE events IS 'One row for each change, written in its transaction: the change feed, the audit trail and webhooks read it.';
COMMENT ON COLUMN events.seq IS 'Place in the feed: given once the transaction is older than every running one; null until then.';

DROP TRIGGER action_plan_measurements_tell ON action_plan_measurements;
DROP TRIGGER action_plan_measurements_hold ON action_plan_measurements;
DROP TRIGGER action_plan_comments_tell ON action_plan_comments;
DROP TRIGGER action_plan_comments_hold ON action_plan_comments;
DROP TRIGGER action_plans_lose ON action_plans;
DROP FUNCTION tell_measurement, tell_comment, hold_plan, lose_plan;
CREATE OR REPLACE FUNCTION read_pairing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM action_plans WHERE pairing = coalesce(NEW.pairing, OLD.pairing) ORDER BY id FOR NO KEY UPDATE;
    -- A statement of its own sees what was waited for.
    PERFORM read_by_cities(id) FROM action_plans
    WHERE pairing = coalesce(NEW.pairing, OLD.pairing) AND status = 'submitted' ORDER BY id;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION read_plan() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A plan comes to a pairing when nobody is changing that: from then on, who changes it waits for who writes the plan.
    IF TG_OP = 'INSERT' OR NEW.pairing <> OLD.pairing THEN
        PERFORM FROM pairings WHERE id = NEW.pairing FOR SHARE;
    END IF;
    PERFORM read_by_cities(NEW.id);
    IF NEW.published_version IS NULL THEN
        DELETE FROM action_plan_readers WHERE plan = NEW.id AND reader = '*';
    ELSIF NEW.published_version = NEW.version THEN
        DELETE FROM action_plan_readers WHERE plan = NEW.id AND reader = '*';
        INSERT INTO action_plan_readers
            (reader, plan, version, proponents, pairing, template, status, title_key, sdgs, asked, created_at, updated_at)
        VALUES ('*', NEW.id, NEW.version, NEW.proponents, NEW.pairing, NEW.template, NEW.status, NEW.title_key,
            ARRAY(SELECT code FROM action_plan_sdgs AS of WHERE of.plan = NEW.id), false, NEW.created_at, NEW.updated_at);
    END IF;
    RETURN NULL;
END $$;
DROP FUNCTION tell_plan, measurement_sight, comment_sight, plan_sight;

DROP TRIGGER knowledge_tell ON knowledge;
DROP FUNCTION tell_knowledge, knowledge_sight;

DROP TRIGGER meeting_cities_read ON meeting_cities;
DROP TRIGGER contributions_tell ON contributions;
DROP TRIGGER contributions_place ON contributions;
DROP FUNCTION read_meeting, tell_contribution, place_contribution, contribution_readers;
ALTER TABLE contributions DROP COLUMN seen_by;

DROP TRIGGER delegates_tell ON delegates;
DROP FUNCTION tell_delegate;
DROP TRIGGER programmes_tell ON programmes;
DROP TRIGGER cities_tell ON cities;
DROP TRIGGER subjects_tell ON subjects;
DROP TRIGGER pairings_tell ON pairings;
DROP TRIGGER meetings_tell ON meetings;
DROP TRIGGER tours_tell ON tours;
DROP TRIGGER waivers_tell ON waivers;
DROP TRIGGER key_questions_tell ON key_questions;
DROP TRIGGER templates_tell ON templates;
DROP TRIGGER sdgs_tell ON sdgs;
DROP FUNCTION tell_public, cities_of, tell_change, seen_by, seen, forget_changes, number_changes;
DROP TABLE change_cities, changes, unnumbered_changes, feed;
