COMMENT ON COLUMN refresh_tokens.replaced IS 'Its answer was lost and another of the same generation was given: using it is reuse.';
ALTER TABLE sessions DROP COLUMN unseen_token;
