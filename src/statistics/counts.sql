-- What everybody sees, counted.
WITH plans AS (
    SELECT plan, proponents, pairing FROM action_plan_readers WHERE reader = '*'
), counts (place, of, by, value, name, count) AS (
    SELECT 10, 'cities', NULL::text, NULL::text, NULL::jsonb, count(*) FROM cities
    UNION ALL SELECT 11, 'cities', 'side', side, NULL, count(*) FROM cities GROUP BY side
    UNION ALL SELECT 20, 'pairings', NULL, NULL, NULL, count(*) FROM pairings
    UNION ALL SELECT 21, 'pairings', 'year', joined_year::text, NULL, count(*) FROM pairings GROUP BY joined_year
    UNION ALL SELECT 22, 'pairings', 'subject', subject, name, count(*)
        FROM pairing_subjects JOIN subjects ON subjects.id = subject GROUP BY subject, name
    UNION ALL SELECT 23, 'pairings', 'status', status, NULL, count(*) FROM pairings GROUP BY status
    UNION ALL SELECT 30, 'meetings', NULL, NULL, NULL, count(*) FROM meetings
    UNION ALL SELECT 31, 'meetings', 'year', extract(year FROM earliest)::text, NULL, count(*)
        FROM meetings WHERE earliest IS NOT NULL GROUP BY extract(year FROM earliest)
    UNION ALL SELECT 32, 'meetings', 'status', status, NULL, count(*) FROM meetings GROUP BY status
    UNION ALL SELECT 40, 'tours', NULL, NULL, NULL, count(*) FROM tours
    UNION ALL SELECT 41, 'tours', 'year', extract(year FROM earliest)::text, NULL, count(*)
        FROM tours WHERE earliest IS NOT NULL GROUP BY extract(year FROM earliest)
    UNION ALL SELECT 42, 'tours', 'direction', direction, NULL, count(*) FROM tours GROUP BY direction
    UNION ALL SELECT 43, 'tours', 'status', status, NULL, count(*) FROM tours GROUP BY status
    UNION ALL SELECT 50, 'action_plans', NULL, NULL, NULL, count(*) FROM plans
    UNION ALL SELECT 51, 'action_plans', 'side', side, NULL, count(DISTINCT plan)
        FROM plans JOIN cities ON cities.id = ANY (proponents) GROUP BY side
    UNION ALL SELECT 52, 'action_plans', 'subject', subject, name, count(DISTINCT plan)
        FROM plans JOIN pairing_subjects USING (pairing) JOIN subjects ON subjects.id = subject GROUP BY subject, name
)
SELECT of, by, value, name, count FROM counts ORDER BY place, value
