-- All that stands against a removal is told, not only what broke the first rule.

CREATE FUNCTION referrers(to_table regclass, which text) RETURNS TABLE (rule text, owner text) LANGUAGE plpgsql STABLE AS $$
DECLARE
    link record;
    naming text;
BEGIN
    FOR link IN
        SELECT foreign_key.conname, foreign_key.conrelid::regclass AS of_table, foreign_key.confdeltype AS on_delete,
            (SELECT quote_ident(attname) FROM pg_attribute
                WHERE attrelid = primary_key.conrelid AND attnum = primary_key.conkey[1]) AS own_id,
            (SELECT string_agg(quote_ident(attname), ', ' ORDER BY n) FROM unnest(foreign_key.conkey) WITH ORDINALITY AS part (num, n)
                JOIN pg_attribute ON attrelid = foreign_key.conrelid AND attnum = num) AS theirs,
            (SELECT string_agg(quote_ident(attname), ', ' ORDER BY n) FROM unnest(foreign_key.confkey) WITH ORDINALITY AS part (num, n)
                JOIN pg_attribute ON attrelid = foreign_key.confrelid AND attnum = num) AS ours
        FROM pg_constraint AS foreign_key
        JOIN pg_constraint AS primary_key ON primary_key.conrelid = foreign_key.conrelid AND primary_key.contype = 'p'
        WHERE foreign_key.contype = 'f' AND foreign_key.confrelid = to_table
        ORDER BY foreign_key.conname
    LOOP
        naming := format('(%s) IN (SELECT %s FROM %s WHERE %s)', link.theirs, link.ours, to_table, which);
        IF link.on_delete = 'c' THEN
            RETURN QUERY SELECT deeper.rule, deeper.owner FROM referrers(link.of_table, naming) AS deeper;
        ELSIF link.on_delete IN ('a', 'r') THEN
            -- What goes along stands against nothing.
            IF link.of_table = to_table THEN
                naming := format('%s AND NOT (%s)', naming, which);
            END IF;
            RETURN QUERY EXECUTE format('SELECT DISTINCT %L, %s::text FROM %s WHERE %s ORDER BY 2 LIMIT 21',
                link.conname, link.own_id, link.of_table, naming);
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION referrers(regclass, text) IS 'What stands against the removal of these rows, and of what goes with them: the ids of things by the foreign key with which they refer, 21 at most for each. In every table a primary key begins with the thing''s own id; narrow tables of references are no exception.';

CREATE FUNCTION referrers_to(of_table text, of_id text) RETURNS TABLE (rule text, owner text) LANGUAGE plpgsql STABLE AS $$
DECLARE
    own_id text;
BEGIN
    SELECT quote_ident(attname) INTO own_id
    FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
    WHERE contype = 'p' AND conrelid = of_table::regclass;
    RETURN QUERY SELECT * FROM referrers(of_table::regclass, format('%s = %L', own_id, of_id));
END $$;
COMMENT ON FUNCTION referrers_to(text, text) IS 'What stands against the removal of the thing with this id.';

CREATE FUNCTION referrers_by(broken text, key text[]) RETURNS TABLE (rule text, owner text) LANGUAGE plpgsql STABLE AS $$
DECLARE
    to_table regclass;
    which text;
BEGIN
    SELECT confrelid::regclass, string_agg(format('%I = %L', attname, key[n]), ' AND ')
    INTO to_table, which
    FROM pg_constraint, unnest(confkey) WITH ORDINALITY AS part (num, n)
    JOIN pg_attribute ON attnum = num
    WHERE contype = 'f' AND conname = broken AND connamespace = current_schema()::regnamespace AND attrelid = confrelid
    GROUP BY confrelid;
    IF to_table IS NOT NULL THEN
        RETURN QUERY SELECT * FROM referrers(to_table, which);
    END IF;
END $$;
COMMENT ON FUNCTION referrers_by(text, text[]) IS 'What stands against the removal of the row that this foreign key needs.';

-- No released program calls it.
-- squawk-ignore ban-drop-function
DROP FUNCTION referrers(text, text[]);
