-- Whoever made a webhook, or changed it last, answers for it.
ALTER TABLE webhooks VALIDATE CONSTRAINT webhooks_off_because_known;
UPDATE webhooks SET kept_by = (
    SELECT events.by FROM events
    WHERE events.type = 'webhook' AND events.resource = webhooks.id::text AND events.by IS NOT NULL
    ORDER BY events.version DESC LIMIT 1);
