-- Everybody reads the same of the programme's records, and they change seldom: an instance keeps the pages of them that it
-- has answered, and asks here whether they are still right.

CREATE TABLE records (
    one   boolean NOT NULL DEFAULT true,
    stamp uuid    NOT NULL DEFAULT gen_random_uuid(),
    CONSTRAINT records_pkey PRIMARY KEY (one),
    CONSTRAINT records_has_one_row CHECK (one)
);
COMMENT ON TABLE records IS 'How the programme''s records stand.';
COMMENT ON COLUMN records.stamp IS 'Another one after each change of a programme, city, subject, pairing, meeting, key question, template or SDG; never one that was there before, also after a restored backup.';
INSERT INTO records DEFAULT VALUES;

CREATE FUNCTION stamp_records() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Once is enough for a transaction, however many rows it changes.
    IF current_setting('iuc.stamped', true) IS DISTINCT FROM pg_current_xact_id()::text THEN
        UPDATE records SET stamp = gen_random_uuid();
        PERFORM set_config('iuc.stamped', pg_current_xact_id()::text, true);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION stamp_records() IS 'Notes that a record has changed, at the end of the transaction: so nobody waits for this row with another one still to lock.';

CREATE CONSTRAINT TRIGGER programmes_stamp AFTER INSERT OR UPDATE OR DELETE ON programmes
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stamp_records();
CREATE CONSTRAINT TRIGGER cities_stamp AFTER INSERT OR UPDATE OR DELETE ON cities
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stamp_records();
CREATE CONSTRAINT TRIGGER subjects_stamp AFTER INSERT OR UPDATE OR DELETE ON subjects
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stamp_records();
CREATE CONSTRAINT TRIGGER pairings_stamp AFTER INSERT OR UPDATE OR DELETE ON pairings
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stamp_records();
CREATE CONSTRAINT TRIGGER meetings_stamp AFTER INSERT OR UPDATE OR DELETE ON meetings
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stamp_records();
CREATE CONSTRAINT TRIGGER key_questions_stamp AFTER INSERT OR UPDATE OR DELETE ON key_questions
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stamp_records();
CREATE CONSTRAINT TRIGGER templates_stamp AFTER INSERT OR UPDATE OR DELETE ON templates
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stamp_records();
CREATE CONSTRAINT TRIGGER sdgs_stamp AFTER INSERT OR UPDATE OR DELETE ON sdgs
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stamp_records();
