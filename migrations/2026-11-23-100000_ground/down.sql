DROP TABLE idempotency_keys, loaded_items, events, meeting_dates, action_plan_refs, action_plan_sdgs, action_plan_proponents,
    action_plan_versions, action_plans, keys, sign_in_failures, refresh_tokens, sessions, users, sdg_codes, sdgs,
    templates, key_questions, tours, meeting_cities, meetings, pairing_subjects, pairing_cities, pairings, subjects,
    cities, programmes, used_ids;
DROP FUNCTION refuse_update(), link_sdg(), link_meeting(), link_pairing(), claim_id();
