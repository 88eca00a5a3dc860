-- A hint helps who writes and asks nothing of a plan: it may be bettered while plans are written along the template.

CREATE FUNCTION without_hints(sections jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_agg(section - 'hint' ORDER BY place) FROM jsonb_array_elements(sections) WITH ORDINALITY AS of (section, place)
$$;
COMMENT ON FUNCTION without_hints(jsonb) IS 'What the sections of a template ask of a plan.';
DROP TRIGGER templates_sections_stay ON templates;
CREATE CONSTRAINT TRIGGER templates_sections_stay AFTER UPDATE ON templates FOR EACH ROW
    WHEN (without_hints(OLD.sections) IS DISTINCT FROM without_hints(NEW.sections)) EXECUTE FUNCTION keep_sections();
