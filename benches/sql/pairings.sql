-- All pairings: rows! in src/resource/rows.rs, by src/pairings/db.rs. What the service sends for a page that it has not kept.
-- $1 = 51
SELECT "pairings"."id", "pairings"."programme", "pairings"."number", "pairings"."eu_cities", "pairings"."jp_cities",
    "pairings"."joined_year", "pairings"."subjects", "pairings"."subject_text", "pairings"."status", "pairings"."agreement",
    "pairings"."version", "pairings"."created_at", "pairings"."updated_at"
    FROM "pairings" WHERE true ORDER BY id LIMIT $1;

-- Their cities: included in src/resource.rs.
-- $1 = :all_cities::text[]
SELECT "cities"."id", "cities"."side", "cities"."kind", "cities"."name", "cities"."country_code", "cities"."region",
    "cities"."description", "cities"."location", "cities"."time_zone", "cities"."codes", "cities"."population",
    "cities"."area_km2", "cities"."website", "cities"."version", "cities"."created_at", "cities"."updated_at"
    FROM "cities" WHERE ("cities"."id" = ANY($1));
