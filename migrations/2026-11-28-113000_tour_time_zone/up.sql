-- The days and times of a tour are those of the city that is visited.

ALTER TABLE tours ADD COLUMN time_zone text NOT NULL DEFAULT 'UTC';
COMMENT ON COLUMN tours.time_zone IS 'The time zone of its days (IANA): that of the host city.';
UPDATE tours SET time_zone = cities.time_zone FROM cities WHERE cities.id = tours.host_city;
