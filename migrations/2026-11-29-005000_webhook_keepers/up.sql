-- A webhook tells no more than as long as somebody answers for it.
ALTER TABLE webhooks ADD COLUMN kept_by uuid;
COMMENT ON COLUMN webhooks.kept_by IS 'The account that answers for it: once that is gone, it is switched off. No foreign key, as it tells who that was.';
-- squawk-ignore ban-drop-constraint
ALTER TABLE webhooks DROP CONSTRAINT webhooks_off_because_known;
ALTER TABLE webhooks ADD CONSTRAINT webhooks_off_because_known
    CHECK (off_because IN ('switched_off', 'gone', 'failing', 'restored', 'expired', 'keeper_gone')) NOT VALID;
