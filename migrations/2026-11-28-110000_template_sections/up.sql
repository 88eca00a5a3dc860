-- The sections of a template stay as they are once a plan is written along it.

CREATE FUNCTION keep_sections() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Whoever begins a plan along the template holds its row by the foreign key: they are waited for, and wait for this.
    PERFORM FROM templates WHERE id = NEW.id FOR UPDATE;
    IF EXISTS (SELECT FROM action_plans WHERE template = NEW.id) THEN
        RAISE EXCEPTION USING ERRCODE = 'restrict_violation', TABLE = 'templates', CONSTRAINT = 'templates_sections_stay',
            MESSAGE = 'the sections of a template stay while plans are written along it';
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION keep_sections() IS 'Refuses other sections for a template that a plan names: a plan stays on the template as it was begun with.';
CREATE CONSTRAINT TRIGGER templates_sections_stay AFTER UPDATE ON templates FOR EACH ROW
    WHEN (OLD.sections IS DISTINCT FROM NEW.sections) EXECUTE FUNCTION keep_sections();
