-- Beside the account that wrote something: the city that it belonged to then, so that other cities read who it was. What was
-- written before, or by an older program that still runs, keeps none.

ALTER TABLE action_plan_versions ADD COLUMN city text;
ALTER TABLE action_plan_measurements ADD COLUMN city text;
ALTER TABLE action_plan_comments ADD COLUMN resolved_by_city text;
ALTER TABLE contribution_declines ADD COLUMN city text;
COMMENT ON COLUMN action_plan_versions.city IS 'The city of its author when it was written; null: the programme''s. A record, as "by": it refers to nothing.';
COMMENT ON COLUMN action_plan_measurements.city IS 'The city of its author when it was written; null: the programme''s. A record, as "by": it refers to nothing.';
COMMENT ON COLUMN action_plan_comments.resolved_by_city IS 'The city of "resolved_by" at that time; null: the programme''s. A record: it refers to nothing.';
COMMENT ON COLUMN contribution_declines.city IS 'The city of its author when it was written; null: the programme''s. A record, as "by": it refers to nothing.';
