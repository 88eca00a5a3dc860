-- The people on a tour, and the guidelines that an admin has waived for it.

-- What the rows below come to, kept in step by triggers, so that a tour is judged by its own row.
ALTER TABLE tours ADD COLUMN delegates_named integer NOT NULL DEFAULT 0;
ALTER TABLE tours ADD COLUMN funded_named integer NOT NULL DEFAULT 0;
ALTER TABLE tours ADD COLUMN funded_max integer;
ALTER TABLE tours ADD COLUMN waived text[] NOT NULL DEFAULT '{}';
ALTER TABLE tours ADD CONSTRAINT tours_funded_named_within_guideline CHECK (funded_named <= funded_max) NOT VALID;
COMMENT ON COLUMN tours.delegates_named IS 'How many delegates the tour has in the table of them.';
COMMENT ON COLUMN tours.funded_named IS 'How many of them the programme pays for.';
COMMENT ON COLUMN tours.funded_max IS 'How many the guidelines allowed when one was last added; null before.';
COMMENT ON COLUMN tours.waived IS 'The checks that an admin has waived.';

-- ---------------------------------------------------------------- delegates

CREATE TABLE delegates (
    id            uuid        NOT NULL,
    tour          uuid        NOT NULL,
    visiting_city text        NOT NULL,
    host_city     text        NOT NULL,
    name          text        NOT NULL,
    organisation  text,
    position      text,
    funding       text        NOT NULL,
    version       bigint      NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    CONSTRAINT delegates_pkey PRIMARY KEY (id),
    CONSTRAINT delegates_tour_fkey FOREIGN KEY (tour) REFERENCES tours (id),
    CONSTRAINT delegates_funding_known CHECK (funding IN ('programme', 'own')),
    CONSTRAINT delegates_version_positive CHECK (version > 0)
);
COMMENT ON TABLE delegates IS 'The people on a tour: personal data, seen by the two cities and admins alone, erased some time after it.';
COMMENT ON COLUMN delegates.visiting_city IS 'Of the tour, kept in step by triggers: who may see the row is told by the row.';
COMMENT ON COLUMN delegates.host_city IS 'Of the tour, kept in step by triggers.';
CREATE INDEX delegates_tour ON delegates (tour, id);
CREATE INDEX delegates_tour_created_at ON delegates (tour, created_at, id);
CREATE INDEX delegates_tour_updated_at ON delegates (tour, updated_at, id);

CREATE FUNCTION place_delegate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT visiting_city, host_city INTO NEW.visiting_city, NEW.host_city FROM tours WHERE id = NEW.tour;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION place_delegate() IS 'Gives a delegate the cities of its tour, whoever writes.';
CREATE TRIGGER delegates_place BEFORE INSERT OR UPDATE ON delegates FOR EACH ROW EXECUTE FUNCTION place_delegate();

CREATE FUNCTION move_delegates() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE delegates SET visiting_city = NEW.visiting_city, host_city = NEW.host_city WHERE tour = NEW.id;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION move_delegates() IS 'Lets the delegates of a tour follow its cities.';
CREATE TRIGGER tours_move_delegates AFTER UPDATE ON tours FOR EACH ROW
    WHEN (OLD.visiting_city <> NEW.visiting_city OR OLD.host_city <> NEW.host_city) EXECUTE FUNCTION move_delegates();

CREATE FUNCTION count_delegates() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.tour = NEW.tour AND OLD.funding = NEW.funding THEN
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        UPDATE tours SET delegates_named = delegates_named - 1,
            funded_named = funded_named - (OLD.funding = 'programme')::integer WHERE id = OLD.tour;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        UPDATE tours SET delegates_named = delegates_named + 1,
            funded_named = funded_named + (NEW.funding = 'programme')::integer,
            funded_max = CASE WHEN NEW.funding <> 'programme' THEN funded_max ELSE
                (SELECT (guidelines -> 'programme_funded_delegates' ->> 'max')::integer FROM programmes
                 JOIN pairings ON pairings.programme = programmes.id WHERE pairings.id = tours.pairing) END
            WHERE id = NEW.tour;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION count_delegates() IS 'Counts the delegates of a tour in its row, one after the other: never more paid by the programme than its guidelines allow.';
CREATE TRIGGER delegates_count AFTER INSERT OR UPDATE OR DELETE ON delegates FOR EACH ROW EXECUTE FUNCTION count_delegates();

-- ---------------------------------------------------------------- waivers

CREATE TABLE waivers (
    id         text        NOT NULL,
    tour       uuid        NOT NULL,
    "check"    text        NOT NULL,
    reason     text        NOT NULL,
    by         uuid,
    version    bigint      NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT waivers_pkey PRIMARY KEY (id),
    CONSTRAINT waivers_tour_fkey FOREIGN KEY (tour) REFERENCES tours (id) ON DELETE CASCADE,
    CONSTRAINT waivers_id_made_of_both CHECK (id = tour::text || '/' || "check"),
    CONSTRAINT waivers_check_known CHECK ("check" IN ('programme_funded_delegates_min', 'tour_full_days_min')),
    CONSTRAINT waivers_version_positive CHECK (version > 0)
);
COMMENT ON TABLE waivers IS 'Guidelines that an admin does not ask of a tour, with the reason.';
COMMENT ON COLUMN waivers.id IS 'Tour and check: each is waived once.';
CREATE INDEX waivers_tour ON waivers (tour, id);
CREATE INDEX waivers_tour_created_at ON waivers (tour, created_at, id);
CREATE INDEX waivers_tour_updated_at ON waivers (tour, updated_at, id);

CREATE FUNCTION note_waiver() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        UPDATE tours SET waived = array_remove(waived, OLD."check") WHERE id = OLD.tour;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        UPDATE tours SET waived = array_append(waived, NEW."check") WHERE id = NEW.tour;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION note_waiver() IS 'Keeps the waived checks in the row of their tour.';
CREATE TRIGGER waivers_note AFTER INSERT OR UPDATE OR DELETE ON waivers FOR EACH ROW EXECUTE FUNCTION note_waiver();
