DROP TRIGGER tours_link_refs ON tours;
DROP FUNCTION link_tour_refs();
DROP TABLE tour_refs;
ALTER TABLE tours DROP COLUMN external_refs;
