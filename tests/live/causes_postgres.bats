# A pinned horizon: vacuum is not planned while it can remove nothing, and the plan says who; where a policy ends the holder, that comes first.
load common
load server

setup_file() {
  export PG_OPTIONS="-c max_prepared_transactions=5 -c archive_mode=on -c archive_command=false"
  server_start
}

fresh() { # name
  PGDATABASE=postgres sql "create database $1"
  export PGDATABASE=$1
  cat >upkeep.yaml <<YAML
version: 1
targets: { p: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=postgres dbname=$1" } }
include: [ p.yaml ]
YAML
  cat >p.yaml <<'YAML'
policies:
  - { name: dead, for: table, where: "name = 't'", ensure: dead_rows <= 100, by: vacuum }
YAML
}

# Rows that die after the horizon was pinned.
fill() {
  sql "create table t as select g as a from generate_series(1, 5000) g"
  sql "delete from t where a % 2 = 0"
}

# A session that runs one text and stays until its pipe is closed.
session() { # text
  mkfifo "$BATS_TEST_TMPDIR/in"
  "$PSQL" -Xqt <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/said" 2>&1 3>&- &
  exec 8>"$BATS_TEST_TMPDIR/in"
  echo "$1" >&8
  for _ in $(seq 100); do
    grep -q '[0-9]' "$BATS_TEST_TMPDIR/said" && return 0
    sleep 0.1
  done
  return 1
}

teardown() { exec 8>&-; }

dead() { sql "select pg_stat_get_dead_tuples('t'::regclass)" | xargs; }

@test "a session's snapshot: the vacuum is refused with its process, or its end comes first" {
  fresh snap
  session "begin isolation level repeatable read; select pg_backend_pid();"
  pid=$(xargs <"$BATS_TEST_TMPDIR/said")
  fill
  run upkeep plan
  expect_code 0
  expect_text "an old snapshot is older than all its dead rows: pid $pid, role postgres, psql, idle in transaction, transaction"
  expect_text "deferred  vacuum"
  cat >>p.yaml <<'YAML'
  - { name: idle, for: session, where: "database = 'snap' and starts_with(state, 'idle in')", ensure: idle_age <= 0s, by: end_session }
YAML
  upkeep plan -o plan.json
  python3 - <<'PY'
import json
steps = [s["id"] for s in json.load(open("plan.json"))["body"]["steps"]]
end = next(i for i, s in enumerate(steps) if s.startswith("end_session:"))
assert end < steps.index("vacuum:public.t"), steps
PY
  run upkeep apply plan.json
  expect_code 0
  [ "$(dead)" = 0 ]
  run upkeep plan --detailed-exitcode
  expect_code 0
}

@test "a transaction id without a snapshot holds as well" {
  fresh ids
  sql "create table mark (a int)"
  session "begin; insert into mark values (1) returning 1;"
  fill
  run upkeep plan
  expect_code 0
  expect_text "an old snapshot is older than all its dead rows: pid"
}

@test "a prepared transaction: named; rolled back, the vacuum goes; another database is not held" {
  fresh twop
  sql "create table mark (a int)"
  sql "begin; insert into mark values (1); prepare transaction 'held'"
  fill
  run upkeep plan
  expect_text "prepared transaction 'held', role postgres, transaction"
  # Only the database that it is in.
  (
    fresh other
    fill
    run upkeep plan
    expect_text "vacuum"
    expect_no_text "prepared transaction"
  )
  fresh_policies='  - { name: prepared, for: transaction, ensure: prepared_age <= 0s, by: resolve_prepared, with: { how: rollback } }'
  export PGDATABASE=twop
  cat >upkeep.yaml <<YAML
version: 1
targets: { p: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=postgres dbname=twop" } }
include: [ p.yaml ]
YAML
  echo "$fresh_policies" >>p.yaml
  upkeep plan -o plan.json
  run upkeep apply plan.json
  expect_code 0
  [ "$(dead)" = 0 ]
}

@test "of two holders only one is ended: the vacuum looks again, and does not claim to have helped" {
  fresh twoholders
  sql "create table mark (a int)"
  sql "begin; insert into mark values (1); prepare transaction 'first'"
  session "begin isolation level repeatable read; select pg_backend_pid();" # sees the first one run: its horizon is as old
  fill
  cat >>p.yaml <<'YAML'
  - { name: prepared, for: transaction, where: "name = 'first'", ensure: prepared_age <= 0s, by: resolve_prepared, with: { how: rollback } }
YAML
  sed -i 's/by: vacuum }/by: vacuum, limits: { lock_wait: 1s } }/' p.yaml
  upkeep plan -o plan.json
  run upkeep apply plan.json
  [ "$status" -ne 0 ]
  expect_text "no snapshot is older than all its dead rows"
  [ "$(dead)" = 2500 ]
}

@test "archiving fails: moving a slot ahead and a checkpoint would free nothing, and the plan says why" {
  fresh archive
  [ "$(sql "select count(*) from pg_create_physical_replication_slot('back', true), pg_switch_wal()" | xargs)" = 1 ]
  for _ in $(seq 100); do
    [ "$(sql "select count(*) from pg_stat_archiver where failed_count > 0" | xargs)" = 1 ] && break
    sleep 0.1
  done
  cat >p.yaml <<'YAML'
policies:
  - { name: slot, for: slot, ensure: retained_size <= 0B, by: advance_slot, with: { keep: 0B } }
YAML
  run upkeep plan
  expect_code 0
  expect_text "archiving fails, and WAL that is not archived stays whatever the slot gives up: 0000000100000000000000"
  expect_text "nothing was archived since the counters began"
  sql "select pg_drop_replication_slot('back')"
}
