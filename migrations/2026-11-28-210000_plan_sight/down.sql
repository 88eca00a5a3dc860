CREATE OR REPLACE FUNCTION plan_sight(the_plan uuid) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_object_agg(reader, seen(version, proponents)), '{}') FROM (
        SELECT reader, version, proponents FROM action_plan_readers WHERE plan = the_plan
        UNION ALL
        SELECT '#', version, proponents FROM action_plans WHERE id = the_plan
    ) AS readers
$$;
