UPDATE webhooks SET off_because = 'switched_off' WHERE off_because = 'keeper_gone';
ALTER TABLE webhooks DROP CONSTRAINT webhooks_off_because_known;
ALTER TABLE webhooks ADD CONSTRAINT webhooks_off_because_known
    CHECK (off_because IN ('switched_off', 'gone', 'failing', 'restored', 'expired'));
ALTER TABLE webhooks DROP COLUMN kept_by;
