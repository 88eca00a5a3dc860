DROP TABLE webhook_deliveries, webhook_secrets, webhooks;
