DROP FUNCTION referrers(text, text[]);
