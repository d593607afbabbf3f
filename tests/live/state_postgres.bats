# The state store with a real PostgreSQL: what is foretold is done, runs teach,
# several processes record, and a crash of the server begins its counters anew.
load common
. "$UPKEEP_SOURCE/tests/live/postgres.sh"

setup_file() {
  PG_NO_TRAP=1 pg_start "${PG_SERVER:-}" || return 1
  export PG_DIR
}

teardown_file() { pg_stop "$PG_DIR"; }

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  export PGDATABASE=d$BATS_TEST_NUMBER
  PGDATABASE=postgres pg_sql "create database $PGDATABASE"
  mkdir policies
  cat >upkeep.yaml <<YAML
version: 1
targets:
  t: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=postgres dbname=$PGDATABASE" }
include: [ policies/* ]
YAML
}

# Rows of a queue: never more than 1,500, and 14 days before that they are
# deleted.
growing() {
  pg_sql "create table event (id bigint generated always as identity primary key, x text)" \
    "insert into event (x) select 'x' from generate_series(1, 1000)" "analyze event"
  cat >policies/p.yaml <<'YAML'
policies:
  - name: keep-small
    for: table
    where: name = 'event' and schema = 'public'
    ensure: rows <= 1_500
    ahead: 14d
    by: run_sql
    with:
      run: [ "delete from public.event where id <= (select max(id) from public.event) - 100", "analyze public.event" ]
      checks: [ { sql: "select count(*) as n from public.event", expect: "n <= 200" } ]
      irreversible: old rows are not wanted
      risk: low
YAML
}

# Facts as they were on each of the last twenty days, 40 rows fewer a day.
record_days() {
  "$UPKEEP" inspect -o now.json 2>/dev/null
  python3 - <<'PY'
import json
now = json.load(open("now.json"))
for day in range(20, 0, -1):
    facts = json.loads(json.dumps(now))
    facts["taken_at"] -= day * 86400 * 1000000
    table = facts["kinds"]["table"]
    names = [c["name"] for c in table["columns"]]
    kept = [i for i, n in enumerate(names) if "_trend" not in n]
    for row in table["rows"]:
        if row[names.index("name")] == "event":
            row[names.index("rows")] = 1000 - 40 * day
    table["rows"] = [[row[i] for i in kept] for row in table["rows"]]
    table["columns"] = [table["columns"][i] for i in kept]
    open("day%02d.json" % (99 - day), "w").write(
        json.dumps(facts, sort_keys=True, separators=(",", ":")) + "\n")
PY
  local file
  for file in day*.json; do
    "$UPKEEP" inspect -q --record --facts "$file"
  done
}

plan_json() { # Python over `body` and `steps`
  python3 -c 'import json, sys
body = json.load(open("plan.json"))["body"]
steps = body["steps"]
exec(sys.argv[1])' "$1"
}

# KIND NAME ATTRIBUTE: its value and the reason of the column.
fact() {
  python3 -c 'import json, sys
kind = json.load(open("facts.json"))["kinds"][sys.argv[1]]
names = [c["name"] for c in kind["columns"]]
at = names.index(sys.argv[3])
for row in kind["rows"]:
    if row[names.index("name")] == sys.argv[2]:
        print(row[at], kind["columns"][at].get("reason", "-"))' "$@"
}

@test "twenty days of samples foretell a break on PostgreSQL: planned with its date, applied, and gone afterwards" {
  growing
  run upkeep plan
  expect_text "Nothing to do"
  rm -r .upkeep
  record_days
  run upkeep plan -o plan.json
  expect_code 0
  expect_clean
  expect_text "rows 1000 grows by 560 within 14d, breaks about 20"
  plan_json 'assert steps[-1]["action"] == "run_sql"; assert steps[-1]["pre"][0]["expect"] == "not ((rows + 560) <= 1500)"'
  run upkeep apply plan.json
  expect_code 0
  expect_text "2 applied, 0 skipped of 2 steps"
  [ "$(pg_sql 'select count(*) from event')" -eq 100 ]
  run upkeep plan --detailed-exitcode
  expect_code 0
  expect_text "Nothing to do"
}

@test "five runs on PostgreSQL teach how long a step takes, also one whose process had died before it was noted" {
  growing
  sed -i 's/rows <= 1_500/rows <= 100/; s/ahead: 14d/ahead: 0s/' policies/p.yaml
  for round in 1 2 3 4 5; do
    pg_sql "insert into event (x) select 'x' from generate_series(1, 200)" 'vacuum analyze event'
    upkeep plan -o plan.json
    plan_json 'assert all(s["estimate"]["basis"] == "prior" for s in steps); assert "history" not in body["inputs"]'
    upkeep apply plan.json
  done
  sqlite3 .upkeep/state.db 'delete from run; delete from outcome'
  pg_sql "insert into event (x) select 'x' from generate_series(1, 200)" 'vacuum analyze event'
  upkeep plan -o plan.json
  plan_json 'assert steps[-1]["estimate"]["basis"] == "history of 5 runs", steps[-1]["estimate"]'
  [ "$(sqlite3 .upkeep/state.db "select count(*) from run where status = 'done' and target = 't' and engine = 'postgres'")" -eq 5 ]
}

@test "six processes record one PostgreSQL at once" {
  growing
  for i in 1 2 3 4 5 6; do
    upkeep check >out.$i 2>&1 &
  done
  wait
  for i in 1 2 3 4 5 6; do
    output=$(cat out.$i)
    expect_text "0 broken"
    expect_no_text "UPK315"
  done
  [ "$(sqlite3 .upkeep/state.db 'select count(*) from target')" -eq 1 ]
}

# Counters, told to the server by a session that has ended.
used() { # table
  pg_sql "set enable_seqscan = off" "select count(*) from $1 where id = 5" >/dev/null
  pg_sql "update $1 set x = 'y' where id <= 300"
  for _ in $(seq 100); do
    [ "$(pg_sql "select n_tup_upd >= 300 from pg_stat_user_tables where relname = '$1'")" = t ] && return
    sleep 0.1
  done
  return 1
}

crash() {
  pg_as_user "$(cat "$PG_DIR/bin")/pg_ctl" -D "$PG_DIR/data" -m immediate -w -t 60 \
    -l "$PG_DIR/server.log" restart >"$PG_DIR/restart.log" 2>&1 3>&-
}

@test "a crash of the server between two samples: its counters are unknown once, and no trend crosses it" {
  pg_sql "create table event (id bigint primary key, x text)" \
    "insert into event select i, 'x' from generate_series(1, 1000) i" "analyze event"
  cat >policies/p.yaml <<'YAML'
policies:
  - name: indexes-are-used
    for: index
    where: name = 'event_pkey'
    ensure: scans >= 1 and counted_for >= 0s
  - name: few-dead-rows
    for: table
    where: name = 'event' and schema = 'public'
    ensure: dead_ratio <= 90% and updated_rows_trend <= 1M / 1d and rows >= 1
  - name: long-counted
    for: database
    where: is_current
    ensure: stats_valid_for <= 10min
YAML
  used event
  # Days of samples of this epoch, and more updates on each.
  upkeep inspect -o now.json 2>/dev/null
  python3 - <<'PY'
import json
now = json.load(open("now.json"))
assert now["counters_since"] > 0, now.keys()
for day in range(9, 0, -1):
    facts = json.loads(json.dumps(now))
    facts["taken_at"] -= day * 86400 * 1000000
    table = facts["kinds"]["table"]
    names = [c["name"] for c in table["columns"]]
    kept = [i for i, n in enumerate(names) if "_trend" not in n]
    for row in table["rows"]:
        if row[names.index("name")] == "event":
            row[names.index("updated_rows")] = 300 - 10 * day
    table["rows"] = [[row[i] for i in kept] for row in table["rows"]]
    table["columns"] = [table["columns"][i] for i in kept]
    open("day%d.json" % (9 - day), "w").write(
        json.dumps(facts, sort_keys=True, separators=(",", ":")) + "\n")
PY
  for file in day*.json; do upkeep inspect -q --record --facts "$file"; done
  upkeep inspect --record -o facts.json 2>/dev/null
  [ "$(fact index event_pkey scans)" = "1 -" ]
  [ "$(fact table event updated_rows)" = "300 -" ]
  [ "$(fact table event updated_rows_trend)" = "10 -" ]

  crash
  pg_sql "select 1" >/dev/null
  upkeep inspect -o facts.json 2>/dev/null
  output=$(fact index event_pkey scans)
  expect_text "None the counters were reset at 20"
  output=$(fact table event dead_rows)
  [ -z "$output" ] || expect_text "None the counters were reset at 20"
  output=$(fact table event dead_ratio)
  expect_text "None the counters were reset at 20"
  output=$(fact table event rows)
  [ "$output" = "1000 -" ] # the catalogue lost nothing
  run upkeep check
  expect_clean
  expect_text "the counters were reset at 20"
  expect_no_text "indexes-are-used: broken"

  # That was the first sample of the new epoch: now they are known, and trends
  # begin anew.
  upkeep inspect --record -o facts.json 2>/dev/null
  [ "$(fact index event_pkey scans)" = "0 -" ]
  output=$(fact table event updated_rows_trend)
  expect_text "None a trend needs 5 samples over 1 d"
}

@test "pg_stat_reset begins the counters anew too" {
  pg_sql "create table event (id bigint primary key, x text)" \
    "insert into event select i, 'x' from generate_series(1, 1000) i" "analyze event"
  printf 'policies:\n  - name: used\n    for: index\n    where: name = '"'event_pkey'"'\n    ensure: scans >= 1\n' >policies/p.yaml
  used event
  upkeep inspect --record -o facts.json 2>/dev/null
  upkeep inspect --record -o facts.json 2>/dev/null
  [ "$(fact index event_pkey scans)" = "1 -" ]
  pg_sql "select pg_stat_reset()" >/dev/null
  upkeep inspect --record -o facts.json 2>/dev/null
  output=$(fact index event_pkey scans)
  expect_text "None the counters were reset"
}

@test "work of others is a fact, and a throttle waits for it: a dump, a job, an advisory lock" {
  printf 'policies:\n  - name: alone\n    for: instance\n    ensure: not dump_running and not backup_running and jobs_running = 0 and advisory_locks = 0\n' >policies/p.yaml
  run upkeep check
  expect_code 0
  expect_text "0 broken"
  PGAPPNAME=pg_dump pg_sql "select pg_advisory_lock(7), pg_sleep(60)" >/dev/null 2>&1 3>&- &
  for _ in $(seq 100); do
    [ "$(pg_sql "select count(*) from pg_locks where locktype = 'advisory'")" = 1 ] && break
    sleep 0.1
  done
  run upkeep check
  expect_code 2
  upkeep inspect -o facts.json 2>/dev/null
  [ "$(python3 -c 'import json
k = json.load(open("facts.json"))["kinds"]["instance"]
row = dict(zip([c["name"] for c in k["columns"]], k["rows"][0]))
print(row["dump_running"], row["jobs_running"], row["advisory_locks"])')" = "True 0 1" ]
  # No step begins while it goes on; when it has ended, the step runs.
  pg_sql "create table event (id int)" "insert into event values (0)" "analyze event"
  cat >policies/p.yaml <<'YAML'
policies:
  - name: dated
    for: table
    where: name = 'event'
    ensure: rows >= 5
    by: run_sql
    throttle: [ not dump_running, advisory_locks = 0 ]
    with:
      run: [ "insert into public.event select generate_series(1, 10)", "analyze public.event" ]
      checks: [ { sql: "select count(*) as n from public.event", expect: "n = 11" } ]
      irreversible: it is a test
      risk: low
YAML
  upkeep plan -o plan.json
  upkeep apply plan.json >apply.out 2>&1 3>&- &
  apply=$!
  for _ in $(seq 200); do
    upkeep status --format json 2>/dev/null | grep -q '"gate":"throttle"' && break
    sleep 0.1
  done
  upkeep status --format json | grep -q '"gate":"throttle"'
  [ "$(pg_sql 'select count(*) from event')" = 1 ]
  pg_sql "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pg_dump'" >/dev/null
  wait "$apply"
  [ "$(pg_sql 'select count(*) from event')" = 11 ]
}
