CREATE TABLE search_words (
    type      text     NOT NULL,
    id        text     NOT NULL,
    is_public boolean  NOT NULL,
    version   bigint   NOT NULL,
    words     tsvector NOT NULL,
    CONSTRAINT search_words_pkey PRIMARY KEY (type, id, is_public)
);
COMMENT ON TABLE search_words IS 'The words by which things are found (src/search.rs), written with the event of each change.';
COMMENT ON COLUMN search_words.is_public IS
    'Those of the version that everybody reads, where the cities of a thing read another; else those of the thing.';
COMMENT ON COLUMN search_words.version IS 'The version whose words they are: what an older instance writes meanwhile is known by another.';
CREATE INDEX search_words_words ON search_words USING gin (words);
