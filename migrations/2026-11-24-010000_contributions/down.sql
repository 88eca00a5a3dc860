DROP TABLE contribution_declines, contribution_refs, contributions;
DROP FUNCTION link_contribution();
