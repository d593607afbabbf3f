# Runs on PostgreSQL that were cut off: a statement outlives its client.
load common
load server

sql() { "$PSQL" -Xqtc "$1" "${@:2}" | tr -d ' '; }

# A table with an invalid index, and a plan that rebuilds it.
broken() { # database
  PGDATABASE=postgres sql "create database $1"
  export PGDATABASE=$1
  "$PSQL" -Xq <<SQL
create table t (id int, v text);
insert into t select i, repeat('x', 50) from generate_series(1, 1000) i;
create index t_v on t (v, id);
update pg_index set indisvalid = false where indexrelid = 't_v'::regclass;
analyze t;
SQL
  cat >upkeep.yaml <<YAML
version: 1
targets:
  p: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=postgres dbname=$1" }
include: [ policies/* ]
YAML
  mkdir -p policies
  cat >policies/p.yaml <<YAML
policies:
  - name: lean
    for: index
    where: name = 't_v'
    ensure: is_valid
    by: rebuild_index
  - name: filled
    for: table
    where: name = 't'
    ensure: has_primary_key
    by: run_sql
    with: { irreversible: a test, checks: [ { sql: select 1 as a, expect: a = 1 } ], run: [ select 1, alter table public.t add primary key (id) ] }
YAML
  upkeep plan --only "${2:-lean}" -o plan.json >/dev/null
}

until_true() { # sql
  local i
  for ((i = 0; i < 200; i++)); do
    [ "$(sql "$1")" = t ] && return 0
    sleep 0.05
  done
  echo "never true: $1" >&2
  return 1
}

# A transaction that REINDEX CONCURRENTLY must wait for.
hold() {
  coproc HOLDER { "$PSQL" -Xq; }
  echo "begin; select count(*) from t;" >&"${HOLDER[1]}"
  until_true "select exists (select from pg_stat_activity where state = 'idle in transaction' and datname = current_database())"
}
let_go() { echo "commit;" >&"${HOLDER[1]}"; }

# The executor dies by SIGKILL while its REINDEX waits; the statement lives on.
killed_in_reindex() {
  hold
  "$UPKEEP" apply plan.json -q &
  local executor=$!
  until_true "select exists (select from pg_stat_activity where query like 'reindex%' and wait_event_type = 'Lock')"
  kill -9 "$executor"
  wait "$executor" || true
}

expect_rebuilt_once() {
  [ "$(sql "select count(*) from upkeep.ledger where action = 'rebuild_index' and outcome = 'applied'")" = 1 ]
  [ "$(sql "select count(*) from pg_index where not indisvalid")" = 0 ]
  [ "$(sql "select count(*) from pg_class where relname like '%ccnew%' or relname like '%ccold%'")" = 0 ]
  run upkeep log verify
  expect_code 0
  run upkeep log replay
  expect_code 0
}

# A session that looks like one of the run's, at work still: its client's death
# alone does not do it, since servers from 14 on end such sessions in a second.
orphan() { # application
  coproc ORPHAN { PGAPPNAME=$1 "$PSQL" -Xqt; }
  orphan_pid=$ORPHAN_PID
  echo "select pg_try_advisory_lock($LOCK_CLASS, $LOCK_SLOT_1);" >&"${ORPHAN[1]}"
  until_true "select exists (select from pg_locks where locktype = 'advisory' and classid = $LOCK_CLASS)"
}
LOCK_CLASS=1431325520 # "UPKP"
LOCK_SLOT_1=1564946673 #  FNV-1a of "upkeep/1"

until_said() { # text
  local i
  for ((i = 0; i < 400; i++)); do
    grep -q "$1" out && return 0
    sleep 0.05
  done
  cat out >&2
  return 1
}

@test "killed inside REINDEX CONCURRENTLY: what it left is cleaned up, and the index is valid" {
  broken reindex
  killed_in_reindex
  let_go
  run upkeep resume last
  expect_code 0
  expect_clean
  expect_rebuilt_once
}

@test "an orphan of the run is waited for, and named; it is ended when that is wanted" {
  broken orphan
  killed_in_reindex
  let_go
  name=$(ls .upkeep/runs)
  until_true "select not exists (select from pg_locks where locktype = 'advisory')"
  orphan "upkeep/$name"
  "$UPKEEP" resume last >out 2>&1 &
  resumer=$!
  until_said "still works: pid "
  run upkeep resume last
  expect_code 6
  expect_text UPK3201
  kill -INT "$resumer"
  wait "$resumer" || [ $? = 130 ]
  run upkeep resume last --cancel-orphan
  expect_code 0
  expect_rebuilt_once
}

@test "another run's session is not waited for, and named" {
  broken other
  killed_in_reindex
  let_go
  until_true "select not exists (select from pg_locks where locktype = 'advisory')"
  orphan "upkeep/another"
  run upkeep resume last --cancel-orphan
  expect_code 6
  expect_text "upkeep/another"
  echo '\q' >&"${ORPHAN[1]}"
  wait "$orphan_pid" || true
  run upkeep resume last
  expect_code 0
  expect_rebuilt_once
}

@test "a transaction that was cut off is done again, one that was committed is not" {
  broken transaction filled
  sed -i 's/select 1, alter/select pg_sleep(3), alter/' policies/p.yaml
  upkeep plan --only filled -o plan.json >/dev/null
  "$UPKEEP" apply plan.json -q &
  executor=$!
  until_true "select exists (select from pg_stat_activity where query like '%pg_sleep(3)%' and pid <> pg_backend_pid() and state = 'active')"
  kill -9 "$executor"
  wait "$executor" || true
  run upkeep resume last
  expect_code 0
  [ "$(sql "select count(*) from upkeep.ledger where action = 'run_sql'")" = 1 ]
}

@test "whoever has lost the lease writes nothing any more" {
  broken lease filled
  cat >policies/q.yaml <<YAML
policies:
  - name: slow
    for: table
    where: name = 't'
    ensure: has_primary_key
    by: run_sql
    with: { irreversible: a test, checks: [ { sql: select 1 as a, expect: a = 1 } ], run: [ alter table public.t add primary key (id), select pg_sleep(3) ] }
YAML
  upkeep plan --only slow -o plan.json >/dev/null
  upkeep apply plan.json >out.txt 2>&1 &
  local run=$!
  until_true "select exists (select from pg_stat_activity where query like 'select pg_sleep(3)%')"
  # A run on another host, whose lock a failover or a pooler has let through.
  sql "update upkeep.lease set epoch = epoch + 1, run = 'another'"
  wait "$run" && false
  grep -q "another run has taken the target over" out.txt
  [ "$(sql "select count(*) from pg_index where indrelid = 't'::regclass and indisprimary")" = 0 ]
  [ "$(sql "select count(*) from upkeep.ledger where step like 'run_sql%'")" = 0 ]
  # Whoever takes it again at the beginning of a run, may work.
  upkeep plan --only slow -o again.json >/dev/null
  upkeep apply again.json
  [ "$(sql "select epoch from upkeep.lease")" -ge 3 ]
}
