-- Plans are answered as they are stored, byte for byte: text keeps the order of the members, and needs no conversion on
-- its way out. Who proposes a plan stands in its row, so that a reader's right to it is told by that row alone.

-- The table is rewritten. No release has been yet, so no older program is serving beside this one.
-- squawk-ignore changing-column-type
ALTER TABLE action_plans ALTER COLUMN document TYPE json USING document::json;
-- squawk-ignore changing-column-type
ALTER TABLE action_plan_versions ALTER COLUMN document TYPE json USING document::json;

ALTER TABLE action_plans ADD COLUMN proponents text[] NOT NULL DEFAULT '{}';
UPDATE action_plans
SET proponents = ARRAY(SELECT city FROM json_array_elements_text(document -> 'proponents') AS city);
-- It was there for the rows that are filled in above; no program has relied on it.
-- squawk-ignore ban-drop-default
ALTER TABLE action_plans ALTER COLUMN proponents DROP DEFAULT;
ALTER TABLE action_plans ADD CONSTRAINT action_plans_proponents_given CHECK (cardinality(proponents) > 0) NOT VALID;
COMMENT ON COLUMN action_plans.document IS 'The working copy as it is answered.';
COMMENT ON COLUMN action_plans.proponents IS 'The cities of the plan in its order; action_plan_proponents has a row for each.';
