-- A measurement holds for a date of honest precision, as everything else in the programme: "2024" and "2024-05" beside a day.
-- An older program that still runs reads and writes days.

ALTER TABLE action_plan_measurements ADD COLUMN written text;
ALTER TABLE action_plan_measurements ADD COLUMN latest date;
COMMENT ON COLUMN action_plan_measurements."on" IS 'The first day that it can mean, or where its beginning is open the last: what is sorted by.';
COMMENT ON COLUMN action_plan_measurements.written IS 'The date as it was written (EDTF); null where it is the day in "on".';
COMMENT ON COLUMN action_plan_measurements.latest IS 'The last day that it can mean; null where that is the day in "on", or its end is open.';
