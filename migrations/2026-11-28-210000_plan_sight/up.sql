-- In plpgsql, which keeps its plan: PostgreSQL parses and plans the body of a function in SQL with each statement that calls
-- it, and each write of a plan calls this one.
CREATE OR REPLACE FUNCTION plan_sight(the_plan uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        SELECT coalesce(jsonb_object_agg(reader, seen(version, proponents)), '{}') FROM (
            SELECT reader, version, proponents FROM action_plan_readers WHERE plan = the_plan
            UNION ALL
            SELECT '#', version, proponents FROM action_plans WHERE id = the_plan
        ) AS readers
    );
END $$;
