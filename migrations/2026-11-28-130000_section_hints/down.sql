DROP TRIGGER templates_sections_stay ON templates;
DROP FUNCTION without_hints(jsonb);
CREATE CONSTRAINT TRIGGER templates_sections_stay AFTER UPDATE ON templates FOR EACH ROW
    WHEN (OLD.sections IS DISTINCT FROM NEW.sections) EXECUTE FUNCTION keep_sections();
