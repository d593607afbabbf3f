# The whole path on PostgreSQL of other majors than Debian's, and the samples on all of them. Servers: versions.sh.
# long
load common

setup_file() {
  export PG_NO_TRAP=1
  . "$UPKEEP_SOURCE/tests/live/postgres.sh"
  . "$UPKEEP_SOURCE/tests/live/versions.sh"
  PSQL=$(pg_find_psql)
  export PSQL
  local major
  for major in 13 16 18; do
    if ! versions_get "$major"; then
      echo "$VERSIONS_WHY" >"$BATS_FILE_TMPDIR/why-$major"
    elif PG_OPTIONS="-c wal_level=logical -c max_prepared_transactions=4" pg_start "$VERSIONS_BIN"; then
      printf 'export PG_DIR=%q PGHOST=%q PGPORT=%q PGUSER=%q\n' \
        "$PG_DIR" "$PGHOST" "$PGPORT" "$PGUSER" >"$BATS_FILE_TMPDIR/server-$major"
    else
      return 1
    fi
  done
}

teardown_file() {
  . "$UPKEEP_SOURCE/tests/live/postgres.sh"
  local file
  for file in "$BATS_FILE_TMPDIR"/server-*; do
    [ -e "$file" ] || continue
    . "$file"
    pg_stop "$PG_DIR"
  done
}

# The server of that major, or the test is skipped with the reason.
on() { # major
  [ -e "$BATS_FILE_TMPDIR/server-$1" ] || skip "$(cat "$BATS_FILE_TMPDIR/why-$1")"
  . "$BATS_FILE_TMPDIR/server-$1"
}

sql() { "$PSQL" -Xqtc "$1" "${@:2}"; }

# A fresh database from a file of tests/live, and a project with the whole baseline.
sample() { # name, file
  PGDATABASE=postgres sql "create database $1"
  export PGDATABASE=$1
  sql "create extension amcheck"
  "$PSQL" -Xq -v ON_ERROR_STOP=1 -f "$UPKEEP_SOURCE/tests/live/$2" >/dev/null
  cat >upkeep.yaml <<YAML
version: 1
targets:
  p: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=postgres dbname=$1", jobs: 2 }
use: [ { name: std/postgres-baseline, except: [ must-be-on ] } ]
YAML
}

# check, plan, apply; then the second plan is empty, the log is whole, and nothing is broken but what $1 names: a
# policy without a remedy.
maintain() { # policy
  rm -rf .upkeep
  run upkeep check
  expect_code 2
  run upkeep plan -o plan.json
  expect_code 0
  run upkeep apply plan.json
  expect_code 0
  expect_clean
  expect_no_text "failed"
  run upkeep plan --detailed-exitcode
  expect_code 0
  expect_text "Nothing to do"
  run upkeep log verify
  expect_code 0
  run upkeep check
  if [ -z "${1:-}" ]; then
    expect_code 0
  else
    expect_code 2
    expect_text "$1"
    expect_text "policies, 1 broken"
  fi
}

is() { # query, its answer
  local answer
  answer=$(sql "$1" | xargs)
  [ "$answer" = "$2" ] || { echo "$1: $answer, expected $2" >&2; return 1; }
}

hostile() { # major
  on "$1"
  sample hostile postgres_mess.sql
  maintain
  is "select count(*) from customer" 5000
  is "select count(*) from pg_index i join pg_class c on c.oid = i.indexrelid where c.relname like 'i;%'" 1
  is "select count(*) from upkeep.ledger where outcome <> 'applied'" 0
}

samples() { # major
  on "$1"
  sample pagila samples/pagila.sql
  maintain
  is "select count(*) from pg_class where relname in ('film_recent', 'film_recent_too', 'actor_lower_name', 'actor_lower_name_again')" 2
  is "select count(*) from pg_class where relname in ('film_title_hash', 'film_title_pattern', 'film_title', 'film_title_covering')" 4
  sample chinook samples/chinook.sql
  maintain
  is "select count(*) from pg_class where relname in ('IFK_TrackAlbumId', 'ifk_trackalbumid', 'IPK_ProductItem', 'PK_Album')" 2
  is "select count(*) from pg_constraint where conname = 'FK_TrackAlbumId' and not convalidated" 1
  sample northwind samples/northwind.sql
  maintain
  is "select count(*) from pg_class where relname in ('no_overlap', 'identity_a_too', 'wide_c', 'wide_posix', 'orders_date_brin')" 5
  is "select count(*) from pg_class where relname like '_1234567890%bc' and relkind = 'i'" 1
}

strange() { # major
  on "$1"
  sample strange samples/strange.sql
  maintain
  is "select count(*) from pg_catalog.pg_stat_user_tables where relname = 'many_dead' and vacuum_count > 0" 1
}

twins() { # major
  on "$1"
  sample twins samples/chinook.sql
  cat >one.yaml <<'YAML'
policies:
  - name: stats
    for: table
    where: rows >= 1_000 or not is_system
    ensure: not never_analyzed
    by: refresh_statistics
    after: [ duplicates ]
  - name: duplicates
    for: index
    where: not supports_constraint
    ensure: duplicate_of is null
    by: drop_index
YAML
  cat >two.lua <<'LUA'
local u = require "upkeep"
policy("duplicates", { ["for"] = "index", where = "NOT supports_constraint",
  ensure = "duplicate_of  IS NULL", by = u.drop_index {} })
policy("stats", { ["for"] = "table", where = "rows >= 1000 or not (is_system)",
  ensure = "not (never_analyzed)", by = "refresh_statistics", after = { "duplicates" } })
LUA
  sed '/^use:/d' upkeep.yaml >base.yaml
  upkeep inspect -o facts.json
  { cat base.yaml; echo 'include: [ one.yaml ]'; } >upkeep.yaml
  upkeep plan --facts facts.json -o yaml.json >/dev/null
  { cat base.yaml; echo 'include: [ two.lua ]'; } >upkeep.yaml
  LANG=tr_TR.UTF-8 TZ=Pacific/Chatham upkeep plan --facts facts.json -o lua.json >/dev/null
  python3 - <<'PY'
def body(name):
    text = open(name, "rb").read()
    return text[:text.rindex(b',"format":')]
assert b'"steps":[{' in body("yaml.json")
assert body("yaml.json") == body("lua.json")
PY
}

@test "PostgreSQL 13: the whole path, on names that hurt" { hostile 13; }
@test "PostgreSQL 13: sample databases" { samples 13; }
@test "PostgreSQL 13: strange settings, triggers and functions" { strange 13; }
@test "PostgreSQL 13: YAML and Lua twins" { twins 13; }

@test "PostgreSQL 16: the whole path, on names that hurt" { hostile 16; }
@test "PostgreSQL 16: sample databases" { samples 16; }
@test "PostgreSQL 16: strange settings, triggers and functions" { strange 16; }
@test "PostgreSQL 16: YAML and Lua twins" { twins 16; }

@test "PostgreSQL 18: the whole path, on names that hurt" { hostile 18; }
@test "PostgreSQL 18: sample databases" { samples 18; }
@test "PostgreSQL 18: strange settings, triggers and functions" { strange 18; }
@test "PostgreSQL 18: YAML and Lua twins" { twins 18; }

@test "PostgreSQL 16: what the session got for one vacuum does not stay" {
  on 16
  PGDATABASE=postgres sql "create database rest"
  export PGDATABASE=rest
  sql "create table a as select i from generate_series(1, 20000) i"
  sql "delete from a where i % 2 = 0"
  cat >upkeep.yaml <<YAML
version: 1
targets: { p: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=postgres dbname=rest" } }
include: [ rest.yaml ]
YAML
  cat >rest.yaml <<'YAML'
policies:
  - name: rest
    for: table
    where: name = 'a'
    ensure: vacuum_due_ratio <= 100%
    by: vacuum
    with: { cost_delay_us: 100 }
    limits: { retries: 0, lock_wait: 0 }
  - name: after
    for: database
    where: is_current
    ensure: size <= 1B
    by: run_sql
    after: [ rest ]
    with:
      run: [ { sql: "select 1" } ]
      checks: [ { sql: "select count(*) as changed from pg_settings where name = 'vacuum_cost_delay' and source = 'session'", expect: "changed = 0" } ]
      irreversible: nothing is changed
YAML
  upkeep plan -o plan.json >/dev/null
  (echo "begin; lock table a in share update exclusive mode; select 'held';"; while [ ! -e release ]; do sleep 0.1; done; echo "rollback;") |
    "$PSQL" -Xqt >held &
  holder=$!
  while ! grep -q held held; do sleep 0.05; done
  run upkeep apply plan.json
  touch release
  wait $holder
  expect_text "lock timeout"
  run upkeep log show
  expect_text 'run_sql:rest#after  check=check 1  holds=true'
}

@test "PostgreSQL 18: equal rows under a unique index, a publication of everything, somebody's schema, a prepared transaction" {
  on 18
  sample inval samples/chinook.sql
  sql "create table d (v int)"
  sql "insert into d values (1), (1)"
  sql "create unique index concurrently d_v on d (v)" 2>/dev/null || true
  upkeep plan --only index-valid -o plan.json >/dev/null
  run upkeep apply plan.json
  [ "$status" -ne 0 ]
  expect_text "change or delete all but one of each"
  is "select count(*) from pg_class where relname like 'd_v%'" 1

  sample pub samples/chinook.sql
  sql "create publication everything for all tables"
  upkeep plan -o plan.json >/dev/null
  run upkeep apply plan.json
  expect_code 4
  expect_text "ledger: none"
  is "select to_regnamespace('upkeep') is null" t

  sample theirs samples/chinook.sql
  sql "create schema upkeep"
  sql "create table upkeep.ledger (mine int)"
  upkeep plan -o plan.json >/dev/null
  run upkeep apply plan.json
  expect_code 4
  expect_text "ledger: none"

  sample prepared samples/chinook.sql
  sql "begin; update \"Track\" set \"Bytes\" = 1 where \"TrackId\" = 1; prepare transaction 'it''s \"mine\"; --'"
  upkeep plan --only duplicate-index -o plan.json >/dev/null
  run timeout 60 "$UPKEEP" apply plan.json
  sql "rollback prepared 'it''s \"mine\"; --'"
  expect_text "no prepared transaction holds the table"
  is "select count(*) from pg_class where relname = 'ifk_trackalbumid'" 1
}
