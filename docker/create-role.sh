#!/bin/bash
# Run once by the PostgreSQL image when its volume is empty: the service's role owns its database and may
# create roles, and is no superuser (the image's own user is one).
set -euo pipefail
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    --set password="$IUC_DATABASE_PASSWORD" <<'SQL'
CREATE ROLE iuc LOGIN CREATEROLE NOSUPERUSER PASSWORD :'password';
CREATE DATABASE iuc OWNER iuc TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
REVOKE ALL ON DATABASE iuc FROM PUBLIC;
SQL
