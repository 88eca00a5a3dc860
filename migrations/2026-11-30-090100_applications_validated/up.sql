ALTER TABLE sessions VALIDATE CONSTRAINT sessions_application_fkey;
