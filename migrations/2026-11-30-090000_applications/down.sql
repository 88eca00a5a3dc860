ALTER TABLE sessions DROP COLUMN application, DROP COLUMN narrowed;
DROP TABLE authorization_codes;
DROP TABLE applications;
DELETE FROM used_ids WHERE type = 'applications';
