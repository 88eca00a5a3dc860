UPDATE webhooks SET kept_by = NULL;
