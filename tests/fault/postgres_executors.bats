# PostgreSQL: many executors at one database.
load postgres
load executors

setup_file() {
  export PG_NO_TRAP=1 HERE=$BATS_FILE_TMPDIR
  PG_OPTIONS="-c max_connections=120" pg_start || return 1
  PSQL=$(pg_find_psql)
  export PG_DIR PG_BIN PGHOST PGPORT PGUSER PSQL
  sql "create role keeper superuser login password 'kept'"
  sql "create database calm"
  "$PSQL" -Xq -v ON_ERROR_STOP=1 -d calm -f "$UPKEEP_SOURCE/tests/fault/postgres.sql"
  sql "create table waiter (id bigint)" -d calm
  reach "$PGPORT"
}

@test "PostgreSQL: fifty executors at once: one proceeds, the others end with 6 and name it" {
  database_anew 2>/dev/null
  waiting_project has_primary_key "alter table public.waiter add primary key (id)" "select count(*) as one from pg_catalog.pg_index where indrelid = 'public.waiter'::regclass"
  upkeep plan -o plan.json >/dev/null 2>&1
  crowd 50
  expect=$(upkeep show plan.json --format json | python3 -c 'import json, sys; print(len(json.load(sys.stdin)["body"]["steps"]))')
  [ "$(on_fault "select count(*) from upkeep.ledger where outcome = 'applied'")" -eq "$expect" ]
  [ "$(on_fault "select count(distinct step) from upkeep.ledger")" -eq "$expect" ]
  [ "$(on_fault 'select count(*) from effects')" -eq 2 ]
  [ "$(ls .upkeep/runs | wc -l)" -eq 1 ]
  [ "$(grep -c 'deadlock' "$PG_DIR/server.log")" -eq 0 ]
}
