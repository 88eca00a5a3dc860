ALTER TABLE action_plan_sources
    ADD CONSTRAINT action_plan_sources_contribution_fkey FOREIGN KEY (contribution) REFERENCES contributions (id),
    ADD CONSTRAINT action_plan_sources_tour_fkey FOREIGN KEY (tour) REFERENCES tours (id),
    ADD CONSTRAINT action_plan_sources_meeting_fkey FOREIGN KEY (meeting) REFERENCES meetings (id),
    ADD CONSTRAINT action_plan_sources_knowledge_fkey FOREIGN KEY (knowledge) REFERENCES knowledge (id);
DROP TRIGGER action_plan_sources_keep ON action_plan_sources;
DROP FUNCTION keep_sources();
DROP TABLE action_plan_kept_sources;
