# plan --rehearse: steps are tried and rolled back; nothing of it stays.
load common

setup_file() {
  export PG_NO_TRAP=1
  . "$UPKEEP_SOURCE/tests/live/postgres.sh"
  pg_start ${PG_BIN_FOLDER:-} || return 1
  export PG_DIR PGHOST PGPORT PGUSER
  PSQL=$(pg_find_psql)
  export PSQL
}

teardown_file() {
  . "$UPKEEP_SOURCE/tests/live/postgres.sh"
  pg_stop "$PG_DIR"
}

sql() { "$PSQL" -Xqtc "$1" "${@:2}" | tr -d ' '; }

until_true() { # sql
  local i
  for ((i = 0; i < 200; i++)); do
    [ "$(sql "$1")" = t ] && return 0
    sleep 0.05
  done
  return 1
}

# A step of one's own SQL on table t.
own() { # name, check, run, more parameters
  cat >>policies/p.yaml <<YAML
  - name: $1
    for: table
    where: name = 't'
    ensure: size < 0B
    by: run_sql
    limits: { retries: 1 }
    with: { irreversible: a test, checks: [ { sql: "$2", expect: ok } ], run: [ $3 ]${4:+, $4} }
YAML
}

sqlite_begin() {
  sqlite3 t.db "create table t (a); insert into t values (1), (2); pragma journal_mode = ${1:-wal}" >/dev/null
  sqlite_project t.db <<<"policies:"
  sed -i 's/size < 0B/rows > 100/' policies/p.yaml
}

# What people have in the database, and what upkeep would put there.
sqlite_dump() { sqlite3 t.db .dump; }

sqlite_own() {
  own "$@"
  sed -i 's/size < 0B/rows > 2/; s/expect: ok }/expect: ok = 1 }/' policies/p.yaml
}

pg_begin() { # database
  PGDATABASE=postgres sql "create database $1"
  export PGDATABASE=$1
  sql "create table t (id int, v text); insert into t select i, 'x' from generate_series(1, 100) i; create sequence q; analyze t"
  cat >upkeep.yaml <<YAML
version: 1
targets:
  p: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=${2:-postgres} dbname=$1" }
include: [ policies/* ]
YAML
  mkdir -p policies
  echo "policies:" >policies/p.yaml
}

# Schema, rows, ledger, and locks that somebody of ours still has.
pg_state() {
  sql "select string_agg(format('%s.%s:%s:%s', n.nspname, c.relname, c.relkind, c.oid), ',' order by c.oid)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname !~ '^pg_|^information'"
  sql "select md5(string_agg(t::text, ',' order by t::text)) from t"
  sql "select count(*) from pg_locks l join pg_stat_activity a using (pid) where a.application_name like 'upkeep%'"
  sql "select count(*) from pg_namespace where nspname = 'upkeep'"
  sql "select count(*) from pg_prepared_xacts"
}

@test "SQLite: what holds, what fails, what is not tried, and nothing stays" {
  sqlite_begin
  sqlite_own a-good "select count(*) = 3 as ok from t" "insert into t values (3)"
  sqlite_own b-bad "select 1 as ok" "insert into nowhere values (1)"
  sqlite_own c-commits "select 1 as ok" "insert into t values (9), \"/* so */ COMMIT\""
  sqlite_own d-post "select count(*) = 77 as ok from t" "insert into t values (4)"
  before=$(sqlite_dump)
  run upkeep plan --rehearse -o plan.json
  expect_code 4
  expect_clean
  expect_text "Rehearsal on t: 2 rehearsed and rolled back, 2 failed, 0 skipped, 1 not rehearsed"
  expect_text "no such table: nowhere"
  expect_text "a statement of it may end its transaction"
  expect_text "post-check \`check 1\` does not hold"
  expect_text "UPK3291"
  expect_no_text "Next:"
  [ "$(sqlite_dump)" = "$before" ]
  [ ! -e .upkeep/runs ]
  python3 - <<'PY'
import json
r = json.load(open("plan.rehearsal.json"))
p = json.load(open("plan.json"))
assert r["plan"] == p["digest"]
assert [s["outcome"] for s in r["steps"]] == ["rehearsed", "rehearsed", "failed", "not rehearsed", "failed"], r
assert r["steps"][1]["post_checks"] == 2 and r["steps"][1]["elapsed_us"] > 0
PY
}

@test "SQLite: the plan's bytes are those of a plan without a rehearsal" {
  sqlite_begin delete
  sqlite_own a "select count(*) = 3 as ok from t" "insert into t values (3)"
  upkeep inspect -o facts.json
  upkeep plan --facts facts.json -o one.json >/dev/null
  run upkeep plan --facts facts.json --rehearse -o two.json
  expect_code 0
  expect_text "2 post-checks held"
  cmp one.json two.json
  # and it applies as it did in the rehearsal
  run upkeep apply two.json
  expect_code 0
  [ "$(sqlite3 t.db 'select count(*) from t')" = 3 ]
}

@test "SQLite: not beside a run, and not in a blackout" {
  sqlite_begin
  sqlite_own a "select count(*) = 3 as ok from t" "insert into t values (3)"
  upkeep plan >/dev/null
  python3 - "$PWD/t.db.upkeep-lock" <<'PY' &
import fcntl, struct, sys, time
f = open(sys.argv[1], "w+")
F_OFD_SETLK = 37
fcntl.fcntl(f, F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
open("held", "w").close()
time.sleep(30)
PY
  holder=$!
  for _ in $(seq 100); do [ -e held ] && break; sleep 0.05; done
  run upkeep plan --rehearse
  kill "$holder"
  expect_code 6
  printf 'blackouts:\n  - { from: 2020-01-01T00:00Z, to: 2090-01-01T00:00Z, reason: freeze }\n' >>upkeep.yaml
  before=$(sqlite_dump)
  run upkeep plan --rehearse
  [ "$status" -ne 0 ] || expect_text "0 steps"
  [ "$(sqlite_dump)" = "$before" ]
}

@test "PostgreSQL: DDL and rows are tried, and schema, rows, ledger and locks are as they were" {
  pg_begin r1
  own a-column "select true as ok from pg_attribute where attrelid = 'public.t'::regclass and attname = 'n'" \
    "alter table public.t add column n int, update public.t set n = id, \"select nextval('public.q')\""
  own b-denied "select true as ok" "insert into nowhere values (1)"
  own c-alone "select true as ok" "select 1" "transaction: false, done: [ { sql: select true as ok, expect: ok } ]"
  own d-dropped "select to_regclass('public.t') is null as ok" "drop table public.t"
  own e-call "select true as ok" "\"prepare transaction 'x'\""
  # what the table holds decides nothing here
  sed -i 's/ensure: size < 0B/ensure: has_primary_key/' policies/p.yaml
  before=$(pg_state)
  run upkeep plan --rehearse
  expect_code 4
  expect_clean
  expect_text "it commits by itself"
  expect_text "relation \"nowhere\" does not exist"
  expect_text "a statement of it may end its transaction"
  expect_text "numbers drawn from sequences"
  [ "$(pg_state)" = "$before" ] || { pg_state; echo "$before"; false; } >&2
  # which is true: sequences go on
  [ "$(sql 'select last_value from q')" -ge 1 ]
}

@test "PostgreSQL: a step that locks out all others is tried only when asked" {
  pg_begin r2
  mkdir -p actions
  cat >actions/widen.lua <<'LUA'
return action {
  name = "widen", engine = "postgres", kind = "table", doc = "adds a key",
  atomicity = "transaction", risk = "low", post = "holds",
  locks = function(o, p) return { { mode = "access exclusive", object = { o.schema, o.name } } } end,
  undo = { class = "none", why = "a test" },
  plan = function(o, p) return { run = { { sql = "alter table " .. o.sql .. " add primary key (id)" } } } end,
}
LUA
  echo 'actions: [ actions/*.lua ]' >>upkeep.yaml
  cat >policies/p.yaml <<'YAML'
policies:
  - { name: keyed, for: table, where: name = 't', ensure: has_primary_key, by: widen }
YAML
  before=$(pg_state)
  run upkeep plan --rehearse
  expect_code 0
  expect_text "it locks out all others; --rehearse-all tries it too"
  run upkeep plan --rehearse-all
  expect_code 0
  expect_text "2 rehearsed and rolled back"
  [ "$(pg_state)" = "$before" ]
}

@test "PostgreSQL: others are not kept waiting longer than max_blocking" {
  pg_begin r3
  own slow "select true as ok" "lock table public.t in exclusive mode, select pg_sleep(30)"
  sed -i 's/ensure: size < 0B/ensure: has_primary_key/; s/limits: .*/limits: { max_blocking: 1s }/' policies/p.yaml
  upkeep plan --rehearse >out 2>&1 &
  rehearsal=$!
  until_true "select count(*) > 0 from pg_locks where mode = 'ExclusiveLock' and relation = 't'::regclass and granted"
  start=$(date +%s%N)
  sql "insert into t values (1000, 'mine')"
  took_ms=$((($(date +%s%N) - start) / 1000000))
  wait "$rehearsal" && status=0 || status=$?
  output=$(cat out)
  expect_code 0
  expect_text "it was cancelled: it kept 1 session waiting"
  [ "$took_ms" -lt 5000 ]
  [ "$(sql 'select count(*) from t')" = 101 ]
}

@test "PostgreSQL: a lock that somebody has is waited for no longer than lock_timeout" {
  pg_begin r4
  own a "select true as ok" "alter table public.t add column n int"
  sed -i 's/ensure: size < 0B/ensure: has_primary_key/; s/limits: .*/limits: { lock_timeout: 300ms, retries: 1 }/' policies/p.yaml
  "$PSQL" -Xqc "begin; lock table t in access share mode; select pg_sleep(20)" >/dev/null &
  holder=$!
  until_true "select count(*) > 0 from pg_locks where mode = 'AccessShareLock' and relation = 't'::regclass and granted"
  run upkeep plan --rehearse
  sql "select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(20)%' and pid <> pg_backend_pid()"
  wait "$holder" || true
  expect_code 0
  expect_text "not rehearsed"
  expect_text "lock timeout"
}

@test "PostgreSQL: kill -9 in the middle leaves nothing, and the next one is not locked out" {
  pg_begin r5
  own a "select true as ok" "create table public.made (a int), insert into public.t values (1), select pg_sleep(2)"
  sed -i 's/ensure: size < 0B/ensure: has_primary_key/' policies/p.yaml
  before=$(pg_state)
  "$UPKEEP" plan --rehearse >/dev/null 2>&1 &
  rehearsal=$!
  until_true "select count(*) > 0 from pg_stat_activity where query like 'select pg_sleep(2)%' and state = 'active' and pid <> pg_backend_pid()"
  kill -9 "$rehearsal"
  wait "$rehearsal" || true
  until_true "select count(*) = 0 from pg_stat_activity where application_name like 'upkeep%'"
  [ "$(pg_state)" = "$before" ]
  [ ! -e .upkeep/runs ]
  sed -i 's/pg_sleep(2)/1/' policies/p.yaml
  run upkeep plan --rehearse
  expect_text "failed" # the invariant does not come to hold
  [ "$(pg_state)" = "$before" ]
}

@test "SQLite: kill -9 in the middle leaves nothing" {
  sqlite_begin delete
  sqlite_own a "select 1 as ok" "create table made (a)" ""
  sed -i 's/run: \[ create table made (a) \]/run: [ create table made (a), "with recursive n(i) as (select 1 union all select i + 1 from n where i < 200000000) insert into made select i from n" ]/' policies/p.yaml
  before=$(sqlite_dump)
  "$UPKEEP" plan --rehearse >/dev/null 2>&1 &
  rehearsal=$!
  for _ in $(seq 200); do [ -s t.db-journal ] && break; sleep 0.05; done
  [ -s t.db-journal ]
  kill -9 "$rehearsal"
  wait "$rehearsal" || true
  [ "$(sqlite_dump)" = "$before" ]
}

@test "a role that may not is told before the window" {
  pg_begin r6 clerk
  sql "create role clerk login; grant connect on database r6 to clerk; grant create on database r6 to clerk; grant select on t to clerk" || true
  own a "select true as ok" "alter table public.t add column n int"
  sed -i 's/ensure: size < 0B/ensure: has_primary_key/' policies/p.yaml
  run upkeep plan --rehearse
  expect_code 4
  expect_text "must be owner of table t"
}

# Here because a server is: what lint knows of one comes from its facts.
@test "lint asks the server for the use of an index and for standbys that a commit waits for" {
  pg_begin r7
  sql "create index t_id on t (id)"
  sql "alter system set synchronous_commit = local"
  sql "alter system set synchronous_standby_names = 'nobody'"
  sql "select pg_reload_conf()"
  until_true "select count(*) = 1 from pg_settings where name = 'synchronous_standby_names' and setting = 'nobody'"
  cat >policies/p.yaml <<'YAML'
policies:
  - { name: p, for: index, where: name = 't_id', ensure: size <= 1B, by: drop_index }
YAML
  run upkeep plan
  sql "alter system reset synchronous_standby_names"
  sql "select pg_reload_conf()"
  expect_code 0
  expect_text "UPK2020"
  expect_text "a commit waits for 1 synchronous standby, and 0 can answer"
}
