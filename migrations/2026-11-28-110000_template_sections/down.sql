DROP TRIGGER templates_sections_stay ON templates;
DROP FUNCTION keep_sections();
