DROP FUNCTION referrers_by(text, text[]);
DROP FUNCTION referrers_to(text, text);
DROP FUNCTION referrers(regclass, text);
CREATE FUNCTION referrers(broken text, key text[]) RETURNS SETOF text LANGUAGE plpgsql STABLE AS $$
DECLARE
    statement text;
BEGIN
    SELECT format('SELECT DISTINCT %I::text FROM %s WHERE %s ORDER BY 1 LIMIT 21', owner.attname, rule.conrelid::regclass,
        string_agg(format('%I = $1[%s]::%s', part.attname, place.n, format_type(part.atttypid, part.atttypmod)), ' AND '))
    INTO statement
    FROM pg_constraint AS rule
    JOIN pg_constraint AS primary_key ON primary_key.conrelid = rule.conrelid AND primary_key.contype = 'p'
    JOIN pg_attribute AS owner ON owner.attrelid = rule.conrelid AND owner.attnum = primary_key.conkey[1]
    CROSS JOIN unnest(rule.conkey) WITH ORDINALITY AS place (attnum, n)
    JOIN pg_attribute AS part ON part.attrelid = rule.conrelid AND part.attnum = place.attnum
    WHERE rule.contype = 'f' AND rule.conname = broken AND rule.connamespace = current_schema()::regnamespace
    GROUP BY owner.attname, rule.conrelid;
    IF statement IS NOT NULL THEN
        RETURN QUERY EXECUTE statement USING key;
    END IF;
END $$;
COMMENT ON FUNCTION referrers(text, text[]) IS 'The ids of the things that refer to this key by this foreign key, 21 at most. In every table a primary key begins with the thing''s own id; narrow tables of references are no exception.';
