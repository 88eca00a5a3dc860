-- A refresh token that was used already is forgiven only as long as nothing of what it was answered was seen used, and once.

ALTER TABLE sessions ADD COLUMN unseen_token uuid;
COMMENT ON COLUMN sessions.unseen_token IS 'The access token that came with the newest refresh token, as long as neither was seen used, and no second answer was given in their place: the first may have been lost.';

-- Each answer has a generation of its own now, so that a replaced token is an old one; an older instance still writes this.
DELETE FROM refresh_tokens WHERE replaced;
COMMENT ON COLUMN refresh_tokens.replaced IS 'No longer read; it goes when no older program runs.';
