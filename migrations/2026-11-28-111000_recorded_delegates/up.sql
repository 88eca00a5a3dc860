-- How many delegates a tour was said to have stays beside how many of them are listed.

ALTER TABLE tours ADD COLUMN delegates_recorded jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN tours.delegates IS 'As it is answered: the numbers recorded, and never fewer than are listed.';
COMMENT ON COLUMN tours.delegates_recorded IS 'The numbers that were written, or that were left when the list was erased; empty where none were.';
-- Where people are listed, the numbers were counted from them.
UPDATE tours SET delegates_recorded = delegates WHERE delegates_named = 0;
