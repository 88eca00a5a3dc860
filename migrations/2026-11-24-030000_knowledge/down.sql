DROP TABLE stray_files, knowledge_refs, knowledge_sdgs, knowledge_subjects, knowledge_cities, knowledge;
DROP FUNCTION leave_files(), link_knowledge();
