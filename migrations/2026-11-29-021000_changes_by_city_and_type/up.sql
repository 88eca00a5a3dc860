-- Of a city and one type a page is walked along its own index, however rare the type is.
-- squawk-ignore prefer-robust-stmts
CREATE INDEX CONCURRENTLY change_cities_type ON change_cities (reader, city, type, seq);
