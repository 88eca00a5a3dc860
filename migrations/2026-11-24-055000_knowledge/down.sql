DROP TRIGGER meetings_link_agenda ON meetings;
DROP TABLE stray_files, meeting_knowledge, knowledge_refs, knowledge_sdgs, knowledge_subjects, knowledge_cities, knowledge;
DROP FUNCTION leave_files(), link_agenda(), link_knowledge();
