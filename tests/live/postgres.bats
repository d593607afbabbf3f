# The whole path on a real PostgreSQL. PG_BIN chooses the server's programs.
# long
load common
load server

# A fresh database with debt, and a project for it.
mess() { # name, extra target keys
  PGDATABASE=postgres sql "create database $1"
  export PGDATABASE=$1
  "$PSQL" -Xq -v ON_ERROR_STOP=1 -f "$UPKEEP_SOURCE/tests/live/postgres_mess.sql" >/dev/null
  sql "create unique index concurrently bad_v on bad (v)" 2>/dev/null || true
  project_for "$1" "${2:-}"
}

project_for() { # database, extra target keys
  cat >upkeep.yaml <<YAML
version: 1
targets:
  p: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=postgres dbname=$1"${2:+, $2} }
use:
  - name: std/postgres-baseline
    except: [ must-be-on, integrity-index, integrity-table ]
YAML
}

@test "debt is found, planned, applied, and then gone" {
  mess whole
  run upkeep check
  expect_code 2
  for policy in statistics duplicate-index index-valid; do expect_text "$policy"; done
  sql "delete from bad where ctid = '(0,1)'"
  run upkeep plan -o plan.json
  expect_code 0
  run upkeep apply plan.json
  expect_code 0
  expect_clean
  run upkeep plan --detailed-exitcode
  expect_code 0
  expect_text "Nothing to do"
  run upkeep log verify
  expect_code 0
  [ "$(sql "select count(*) from pg_index where not indisvalid")" -eq 0 ]
  [ "$(sql "select count(*) from customer")" -eq 5000 ]
  [ "$(sql "select to_regclass('orders_customer') is not null")" = " t" ]
  [ "$(sql "select count(*) from upkeep.ledger where outcome = 'applied'")" -gt 5 ]
}

@test "YAML and Lua twins, folders, locales and repetition give equal bytes" {
  mess twins
  cat >one.yaml <<'YAML'
policies:
  - name: stats
    for: table
    where: not is_partitioned and rows >= 1_000
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
policy("stats", { ["for"] = "table", where = "not is_partitioned and rows >= 1000",
  ensure = "not (never_analyzed)", by = "refresh_statistics", after = { "duplicates" } })
LUA
  sed -i '/^use:/,$d' upkeep.yaml
  cp upkeep.yaml base.yaml
  { cat base.yaml; echo 'include: [ one.yaml ]'; } >upkeep.yaml
  upkeep inspect -o facts.json.zst
  upkeep plan --facts facts.json.zst -o yaml.json >/dev/null
  mkdir -p elsewhere
  cp upkeep.yaml one.yaml elsewhere/
  (cd elsewhere && LANG=tr_TR.UTF-8 TZ=Pacific/Chatham upkeep plan --facts ../facts.json.zst -o ../again.json >/dev/null)
  cmp yaml.json again.json
  { cat base.yaml; echo 'include: [ two.lua ]'; } >upkeep.yaml
  upkeep plan --facts facts.json.zst -o lua.json >/dev/null
  python3 - <<'PY'
def body(n):
    s = open(n, "rb").read()
    return s[:s.rindex(b',"format":')]
assert body("yaml.json") == body("lua.json")
PY
}

@test "steps run at once where the plan and jobs allow" {
  mess parallel "jobs: 3"
  upkeep plan --only statistics -o plan.json >/dev/null
  run upkeep apply plan.json
  expect_code 0
  expect_clean
  run upkeep plan --only statistics --detailed-exitcode
  expect_code 0
  run upkeep log verify
  expect_code 0
}

@test "an object dropped after planning is skipped; one renamed and rebuilt is not touched" {
  mess drift
  upkeep plan --only statistics,duplicate-index -o plan.json >/dev/null
  sql "drop table fleeting; alter table customer rename to customer_old; drop index orders_customer_again"
  run upkeep apply plan.json
  expect_clean
  expect_code 0
  expect_text "skipped"
}

@test "a plan for another database of the same server is refused" {
  mess first
  upkeep plan -o plan.json >/dev/null
  mess second
  run upkeep apply plan.json
  expect_code 5
  [ "$(sql "select to_regnamespace('upkeep') is null")" = " t" ]
}

@test "a wrong password and a server that is not there are unreachable, and no secret is said" {
  export UPK_CONNECT="host=127.0.0.1 port=$PGPORT user=postgres password=hunter2secret dbname=postgres"
  cat >upkeep.yaml <<'YAML'
version: 1
targets: { p: { engine: postgres, connect: "env:UPK_CONNECT" } }
use: [ std/postgres-baseline ]
YAML
  run upkeep check
  expect_code 12
  expect_no_text hunter2secret
  expect_clean
  UPK_CONNECT="host=127.0.0.1 port=1 password=hunter2secret" run upkeep check
  expect_code 12
  expect_no_text hunter2secret
  UPK_CONNECT="host=127.0.0.1 prt=1" run upkeep check
  expect_code 12
  expect_clean
  unset UPK_CONNECT
  run upkeep check
  expect_code 64
}

@test "the secret stands in no plan, log or facts file" {
  mess secrets
  sql "create role keeper login superuser password 'hunter2secret'"
  export UPK_CONNECT="host=127.0.0.1 port=$PGPORT user=keeper password=hunter2secret dbname=secrets"
  sed -i 's/connect: "[^"]*"/connect: "env:UPK_CONNECT"/' upkeep.yaml
  upkeep inspect -o facts.json
  upkeep plan -o plan.json >/dev/null
  sql "delete from bad"
  run upkeep apply plan.json
  expect_code 0
  refute grep -r hunter2secret . --include='*'
}

@test "a role that may not: nothing is said to be done that was not" {
  mess rights
  sql "drop role if exists poor; create role poor login; grant connect on database rights to poor; grant usage on schema public to poor; grant select on all tables in schema public to poor"
  sed -i 's/user=postgres/user=poor/' upkeep.yaml
  run upkeep plan --only statistics -o plan.json
  expect_clean
  if [ "$status" -eq 0 ]; then
    run upkeep apply plan.json
    expect_clean
    [ "$status" -ne 0 ] || expect_text "0 applied"
  fi
  [ "$(sql "select count(*) from pg_statistic s join pg_class c on c.oid = starelid where relname = 'customer'")" -eq 0 ]
}

@test "a lock held by others: bounded waiting, then said" {
  mess locked
  echo '    override: { statistics: { limits: { lock_wait: 4s } } }' >>upkeep.yaml
  upkeep plan --only statistics -o plan.json >/dev/null
  (echo "begin; lock table customer in access exclusive mode; select 'held';"; while [ ! -e release ]; do sleep 0.1; done; echo "rollback;") |
    "$PSQL" -Xqt >held &
  holder=$!
  while ! grep -q held held; do sleep 0.05; done
  run timeout 120 "$UPKEEP" apply plan.json
  touch release
  wait $holder
  expect_clean
  [ "$status" -eq 9 ] || expect_code 8
  expect_text "lock timeout"
  run upkeep log verify
  expect_code 0
}

# A policy of one step that sleeps for so long, in place of the others.
sleeper() { # seconds
  cat >slow.yaml <<YAML
policies:
  - name: slow
    for: database
    ensure: size <= 1B
    by: run_sql
    with:
      run: [ { sql: "select pg_sleep($1)" } ]
      checks: [ { sql: "select 1 as one", expect: "one = 1" } ]
      irreversible: nothing is changed
YAML
  sed -i '/^use:/,$d' upkeep.yaml
  echo 'include: [ slow.yaml ]' >>upkeep.yaml
}

# How many sleep now.
sleeping() { # seconds
  sql "select count(*) from pg_stat_activity where query like '%pg_sleep($1)%' and pid <> pg_backend_pid()"
}

@test "two executors: one works, the other is told who" {
  mess two
  sql "create table slow (a int)"
  sleeper 4
  run upkeep plan -o plan.json
  expect_code 0
  "$UPKEEP" apply plan.json >first 2>&1 &
  first=$!
  until [ "$(sleeping 4)" -eq 1 ]; do sleep 0.05; done
  run upkeep apply plan.json
  expect_code 6
  wait $first || true
}

@test "SIGTERM: a clean stop, a sealed log, exit 143" {
  mess stopped
  sleeper 600
  upkeep plan -o plan.json >/dev/null
  "$UPKEEP" apply plan.json >out 2>&1 &
  pid=$!
  until [ "$(sleeping 600)" -eq 1 ]; do sleep 0.05; done
  kill -TERM $pid
  sleep 0.3
  kill -TERM $pid
  code=0
  wait $pid || code=$?
  [ $code -eq 143 ]
  run upkeep log verify
  expect_code 0
  [ "$(sleeping 600)" -eq 0 ]
}

@test "integrity: amcheck's findings become facts" {
  PGDATABASE=postgres sql "select 1 from pg_available_extensions where name = 'amcheck'" | grep -q 1 || skip "this server has no amcheck"
  mess checked
  sql "create extension amcheck"
  cat >upkeep.yaml <<YAML
version: 1
targets:
  p: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=postgres dbname=checked" }
use: [ std/postgres-baseline ]
YAML
  run upkeep plan --only 'integrity-*' -o plan.json
  expect_code 0
  expect_text verify_integrity
  run upkeep apply plan.json
  expect_code 0
  expect_clean
  run upkeep plan --only 'integrity-*' --detailed-exitcode
  expect_code 0
}

# A policy of one run_sql step on the table customer, never analysed; its `with` from standard input.
own_sql() {
  sed -i '/^use:/,$d' upkeep.yaml
  echo 'include: [ own.yaml ]' >>upkeep.yaml
  { cat <<'HEAD'
policies:
  - name: own
    for: table
    where: schema = 'public' and name = 'customer'
    ensure: not never_analyzed
    throttle: replica_lag <= 10s
    by: run_sql
    with:
HEAD
    cat; } >own.yaml
}

@test "a failed validation rolls the step's transaction back, ledger row and all" {
  mess rolledback
  own_sql <<'YAML'
      run: [ { sql: "update public.customer set email = 'x'" } ]
      checks: [ { sql: "select count(*) as n from public.customer where email = 'y'", expect: n > 0 } ]
      undo: [ { sql: "select 1" } ]
YAML
  upkeep plan -o plan.json >/dev/null
  run upkeep apply plan.json
  expect_clean
  [ "$status" -ne 0 ]
  [ "$(sql "select count(*) from customer where email = 'x'")" -eq 0 ]
  [ "$(sql "select count(*) from upkeep.ledger where action = 'run_sql' and outcome = 'applied'")" -eq 0 ]
  run upkeep log verify
  expect_code 0
}

@test "outside a transaction a failed validation is undone by the inverse" {
  mess inverse
  own_sql <<'YAML'
      transaction: false
      run: [ { sql: "create index concurrently fresh on public.customer (email)" } ]
      checks: [ { sql: "select 1 as one", expect: one = 2 } ]
      done: [ { sql: "select count(*) as n from pg_catalog.pg_class where relname = 'fresh'", expect: n = 1 } ]
      undo: [ { sql: "drop index concurrently if exists public.fresh" } ]
YAML
  upkeep plan -o plan.json >/dev/null
  run upkeep apply plan.json
  expect_clean
  [ "$status" -ne 0 ]
  expect_text undone
  [ "$(sql "select count(*) from pg_class where relname = 'fresh'")" -eq 0 ]
}

@test "the ledger row is written by the transaction that did the work" {
  mess together
  own_sql <<'YAML'
      run: [ { sql: "update public.customer set email = 'seen' where id = 1" }, { sql: "analyze public.customer" } ]
      checks: [ { sql: "select email from public.customer where id = 1", expect: email = 'seen' } ]
      irreversible: a test
YAML
  upkeep plan -o plan.json >/dev/null
  run upkeep apply plan.json
  expect_code 0
  expect_clean
  [ "$(sql "select c.xmin = l.xmin from customer c, upkeep.ledger l where c.id = 1 and l.action = 'run_sql'")" = " t" ]
}

@test "statements have a deadline and a lock timeout on the server" {
  mess limits
  own_sql <<'YAML'
      run: [ { sql: "create table public.limits as select name, setting from pg_catalog.pg_settings where name in ('lock_timeout', 'statement_timeout')" }, { sql: "analyze public.customer" } ]
      checks: [ { sql: "select count(*) as n from public.limits where setting <> '0'", expect: n = 2 } ]
      undo: [ { sql: "drop table public.limits" } ]
YAML
  upkeep plan -o plan.json >/dev/null
  run upkeep apply plan.json
  expect_code 0
}

@test "how far a statement is, is told while it runs" {
  mess progress
  sql "create index told on orders (customer_id)"
  cat >upkeep.yaml <<YAML
version: 1
targets:
  p: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=postgres dbname=progress" }
include: [ p.yaml ]
YAML
  cat >p.yaml <<'YAML'
policies:
  - name: small
    for: index
    where: name = 'told'
    ensure: measured_size <= 0B
    by: rebuild_index
YAML
  upkeep plan -o plan.json >/dev/null
  # An old snapshot, for which REINDEX CONCURRENTLY waits.
  "$PSQL" -Xq >/dev/null 2>&1 3>&- <<'SQL' &
begin isolation level repeatable read;
select count(*) from orders;
\! touch held; while [ ! -e let_go ]; do sleep 0.05; done
commit;
SQL
  until [ -e held ]; do sleep 0.02; done
  "$UPKEEP" apply plan.json >out 2>&1 3>&- &
  applier=$!
  for _ in $(seq 100); do
    run upkeep status last
    case "$output" in *"waiting for"*"sessions waited for"*) break ;; esac
    sleep 0.1
  done
  touch let_go
  wait "$applier" || true
  expect_text "running    rebuild_index:public.told"
  expect_text "sessions waited for"
  run upkeep log verify
  expect_code 0
}
