#!/usr/bin/env bash
# The PostgreSQL driver on a real server.
# Usage: driver_postgres.sh PROGRAM [SERVER_BIN_FOLDER]
# PROGRAM is live_driver_postgres, as built by tests/CMakeLists.txt.
set -u
program=${1:?the path of live_driver_postgres}
. "$(dirname "$0")/postgres.sh"
pg_start "${2:-}" || exit 1
pg_sql "set password_encryption = 'scram-sha-256'" \
  "create role plain login password 'open-sesame'" \
  "create table owned (id int primary key)" \
  "create table crowd as select i from generate_series(1, 20000) i" || exit 1
"$program" "host=$PGHOST port=$PGPORT user=postgres dbname=postgres" \
  "host=127.0.0.1 port=$PGPORT user=plain dbname=postgres"
