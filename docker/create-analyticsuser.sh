#!/bin/sh
# Run once by the postgres image, when it creates the database: the user that gdbt and dbt log in as.
# It may create the schemas raw, staging, dwh, mart and dq, and owns what it builds there.
set -eu

psql --no-psqlrc --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" \
    --set=password="$ANALYTICS_DB_PASSWORD" --set=database="$POSTGRES_DB" <<'SQL'
create role analyticsuser login password :'password';
grant connect, temporary, create on database :"database" to analyticsuser;
grant usage, create on schema public to analyticsuser;
SQL
