# Doing no harm, on a real PostgreSQL: whoever uses the database while a plan
# runs waits no longer than max_blocking and a little. PG_BIN_FOLDER chooses
# the server's programs.
# long
load common
load server

# Nothing of a test that failed disturbs the next.
teardown() {
  touch stop
  if [ -n "${apply:-}" ] && kill -0 "$apply" 2>/dev/null; then kill -KILL "$apply"; fi
}

setup_file() {
  server_start || return 1
  # An index whose building takes three seconds on any machine: 300 naps.
  "$PSQL" -Xq -v ON_ERROR_STOP=1 >/dev/null <<'SQL'
create function nap(int) returns int immutable language plpgsql as
  'begin perform pg_catalog.pg_sleep(pg_catalog.current_setting(''test.nap'', true)::float8); return $1; end';
create table t (id int, v text);
insert into t select g, md5(g::text) from generate_series(1, 60000) g;
create index t_nap on t (nap(id), v);
delete from t where id > 300;
alter database postgres set test.nap = '0.01';
create table knob (lag bigint);
SQL
}

# A project with policies from standard input; and its plan.
planned() { # extra target keys
  cat >upkeep.yaml <<YAML
version: 1
targets:
  p: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=postgres dbname=postgres", ledger: none${1:+, $1} }
include: [ p.yaml ]
YAML
  cat >p.yaml
  upkeep plan -o plan.json >plan.txt 2>&1 || { cat plan.txt; return 1; }
}

apply() { "$UPKEEP" apply --json plan.json >events 2>said & apply=$!; }
applied() { # exit code
  local code=0
  wait "$apply" || code=$?
  output=$(cat said events)
  status=$code
  expect_code "$1"
  expect_clean
}

# Ends it while it waits, as an operator would.
stopped() {
  kill -TERM "$apply"
  local code=0
  wait "$apply" || code=$?
  [ "$code" -eq 143 ]
}

# Waits, with a bound, until the event (and the text) is in the log.
until_event() { # event, text
  for _ in $(seq 300); do
    grep -h "\"event\":\"$1\"" .upkeep/runs/*/log.jsonl 2>/dev/null | grep -q -- "${2:-}" && return 0
    sleep 0.1
  done
  echo "no $1 ${2:-}" >&2
  cat .upkeep/runs/*/log.jsonl said >&2
  return 1
}

until_sql() { # query for a boolean
  for _ in $(seq 200); do
    [ "$(sql "$1")" = " t" ] && return 0
    sleep 0.05
  done
  echo "never: $1" >&2
  return 1
}

# The longest that a statement takes while others happen: run it again and
# again until `probed`, which sets `longest` to milliseconds.
probing() { # sql
  (
    longest=0
    while [ ! -e stop ]; do
      before=$(date +%s%3N)
      sql "$1" >/dev/null
      took=$(($(date +%s%3N) - before))
      [ "$took" -le "$longest" ] || longest=$took
      echo "$longest" >longest
      sleep 0.05
    done
  ) &
  probe=$!
}
probed() {
  touch stop
  wait "$probe"
  longest=$(cat longest)
}

# max_blocking is 1 s in all of these; a second and a half are for the looking,
# the cancelling and a busy machine.
at_most=2500

@test "a writer that a rebuild keeps waiting is let through, and the rebuild comes again" {
  planned <<'YAML'
policies:
  - { name: a, for: index, where: name = 't_nap', ensure: size <= 1MB, by: rebuild_index, with: { online: false }, limits: { max_duration: 1min } }
YAML
  probing "update t set id = id where ctid = '(0,1)'"
  apply
  until_event step.guard "it kept 1 session waiting"
  probed
  applied 0
  [ "$longest" -le "$at_most" ] || { echo "waited $longest ms"; return 1; }
  grep -q '"blocked_ms":[1-9]' events
  run upkeep log verify
  expect_code 0
}

# A policy that executes SQL of its own on `hot`, once it is there anew, and
# then mends what it ensures.
own() { # statements, keys
  sql "set client_min_messages = warning; drop table if exists hot; create table hot (id int primary key, n int); insert into hot select g, 0 from generate_series(1, 100) g"
  cat <<YAML
policies:
  - name: own
    for: table
    where: name = 'hot'
    ensure: not never_analyzed
    by: run_sql
    ${2:+$2}
    with: { irreversible: a test, checks: [ { sql: select count(*) as n from public.hot, expect: n = 100 } ], run: [ $1, "analyze public.hot" ] }
YAML
}

@test "readers wait no longer behind a lock that excludes all, held or waited for" {
  own '"lock table public.hot in access exclusive mode", "select pg_sleep(4)"' 'limits: { max_duration: 3s, retries: 0 }' | planned
  # Held: the step naps with its lock, and is broken off each time.
  probing "select count(*) from hot"
  apply
  until_event step.guard "it kept 1 session waiting"
  applied 8
  probed
  [ "$longest" -le "$at_most" ] || { echo "waited $longest ms"; return 1; }
  expect_text UPK3241
  rm -f stop
  # Waited for: a long reader holds the table, and the queue forms behind us.
  own '"lock table public.hot in access exclusive mode"' 'limits: { lock_timeout: 20s, max_duration: 30s, retries: 30 }' | planned
  sql "begin; select count(*) from hot; select pg_sleep(5)" >/dev/null &
  reader=$!
  until_sql "select exists (select from pg_locks where relation = 'hot'::regclass and granted)"
  probing "select count(*) from hot"
  apply
  wait "$reader"
  applied 0
  probed
  [ "$longest" -le "$at_most" ] || { echo "waited $longest ms"; return 1; }
}

@test "a metric that takes its time does not keep the guard from looking" {
  sql "create schema upkeep" 2>/dev/null || true
  sql "create function upkeep.disk_free() returns bigint language sql as 'select pg_sleep(3.5); select 1000000000000'"
  own '"select pg_sleep(1.2)", "lock table public.hot in access exclusive mode", "select pg_sleep(6)"' 'limits: { max_duration: 9s, retries: 0 }
    throttle: [ disk_free >= 1MB ]' | planned
  probing "select count(*) from hot"
  apply
  until_event step.guard "it kept 1 session waiting"
  applied 8
  probed
  sql "drop function upkeep.disk_free()"
  [ "$longest" -le "$at_most" ] || { echo "waited $longest ms"; return 1; }
}

@test "a reader of some seconds is waited for, and is no retry; who holds the lock is said" {
  sql "drop table if exists read; create table read (id int, v text); insert into read select g, repeat('x', 40) from generate_series(1, 3000) g; create index read_v on read (v); delete from read where id > 10"
  planned <<'YAML'
policies:
  - { name: a, for: index, where: name = 'read_v', ensure: measured_size <= 20kB, by: rebuild_index, with: { online: false }, limits: { retries: 0 } }
YAML
  (PGAPPNAME=report; export PGAPPNAME; sql "begin; select count(*) from read; select pg_sleep(8)" >/dev/null) &
  reader=$!
  until_sql "select exists (select from pg_locks where relation = 'read'::regclass and granted)"
  apply
  until_event step.wait "waits for a lock held by pid [0-9]* (report)"
  wait "$reader"
  applied 0
  [ "$(grep -c '"event":"step.retry"' events)" -ge 2 ]
  run upkeep log replay last
  expect_code 0
  # One who stays: said at the end of lock_wait, with what to do.
  sed -i 's/20kB/1B/; s/retries: 0/retries: 0, lock_wait: 3s/' p.yaml
  upkeep plan -o plan.json >/dev/null
  coproc STAY { exec "$PSQL" -Xqt; }
  echo "begin; select 'there' from read limit 1;" >&"${STAY[1]}"
  read -r _ <&"${STAY[0]}"
  run upkeep apply plan.json
  echo '\q' >&"${STAY[1]}"
  expect_code 8
  expect_text "lock timeout, 55P03"
  expect_text "given up after"
  expect_text "lock_wait"
}

@test "an idle transaction that holds its lock makes nobody else wait" {
  own '"alter table public.hot alter column n set default 0"' 'limits: { max_duration: 30s, retries: 30 }' | planned
  coproc IDLE { exec "$PSQL" -Xqt; }
  echo "begin; update hot set n = 1 where id = 1; select 'there';" >&"${IDLE[1]}"
  read -r _ <&"${IDLE[0]}"
  probing "update hot set n = n + 1 where id = 2"
  apply
  until_event step.retry "lock"
  sleep 2
  echo "commit;" >&"${IDLE[1]}"
  applied 0
  grep -q 'lock timeout, 55P03); held by pid [0-9]* (psql), in a transaction since' events
  probed
  echo '\q' >&"${IDLE[1]}"
  [ "$longest" -le "$at_most" ] || { echo "waited $longest ms"; return 1; }
}

@test "a reader that queues behind another's ALTER is behind us, and who blocks is named" {
  own '"select count(*) from public.hot", "select pg_sleep(6)"' 'limits: { max_duration: 4s, retries: 0 }' | planned
  apply
  until_sql "select exists (select from pg_stat_activity where query like '%pg_sleep(6)%' and pid <> pg_backend_pid())"
  PGAPPNAME=theirs sql "alter table hot alter column n set default 1" &
  alter=$!
  until_sql "select exists (select from pg_stat_activity where application_name = 'theirs' and wait_event_type = 'Lock')"
  probing "select count(*) from hot"
  until_event step.guard "theirs"
  wait "$alter"
  probed
  [ "$longest" -le "$at_most" ] || { echo "waited $longest ms"; return 1; }
  wait "$apply" || true
}

@test "a rebuild that waits for an old transaction is broken off, cleaned up, and comes again" {
  sql "create table old (id int); insert into old select generate_series(1, 50000); create index old_id on old (id); delete from old where id > 10"
  planned <<'YAML'
policies:
  - { name: a, for: index, where: name = 'old_id', ensure: size <= 100kB, by: rebuild_index, limits: { reader_wait: 1s, max_duration: 1min } }
YAML
  coproc OLD { exec "$PSQL" -Xqt; }
  echo "begin isolation level repeatable read; select count(*) from hot; lock table old in access share mode; select 'there';" >&"${OLD[1]}"
  read -r _ <&"${OLD[0]}"
  probing "insert into old values (1)"
  apply
  until_event step.guard "for old transactions, now for pid"
  echo "commit;" >&"${OLD[1]}"
  applied 0
  probed
  echo '\q' >&"${OLD[1]}"
  [ "$longest" -le "$at_most" ] || { echo "waited $longest ms"; return 1; }
  [ "$(sql "select count(*) from pg_index where not indisvalid")" -eq 0 ]
}

# The server tells the room on its disk, as a table says.
knob() { # bytes
  sql "set client_min_messages = warning; create schema if not exists upkeep; create table if not exists upkeep.knob (room bigint)"
  sql "create or replace function upkeep.disk_free() returns bigint language sql as 'select room from upkeep.knob'"
  sql "delete from upkeep.knob; insert into upkeep.knob values ($1)"
}

three_steps() { # keys
  sql "set client_min_messages = warning; drop table if exists a1, a2, a3; create table a1 as select 1 as x; create table a2 as select 1 as x; create table a3 as select 1 as x"
  planned <<YAML
policies:
  - { name: a, for: table, where: "name like 'a_'", ensure: not never_analyzed, by: refresh_statistics, $1 }
YAML
}

@test "a broken throttle pauses, names what it saw, and lets go on" {
  knob 500000000
  three_steps 'throttle: disk_free >= 1GB'
  apply
  until_event step.wait "disk_free 477 MiB < .*, wanted disk_free >= 1GB"
  sleep 1
  refute grep -q '"event":"step.begin"' .upkeep/runs/*/log.jsonl
  knob 2000000000
  applied 0
  [ "$(grep -c '"event":"step.end"' events)" -eq 3 ]
  # What cannot be known holds nothing, and says why.
  sql "drop function upkeep.disk_free()"
  three_steps 'throttle: disk_free >= 1GB'
  apply
  until_event step.wait "create the function upkeep.disk_free()"
  stopped
}

@test "an abort level cancels what runs, and the run can be resumed" {
  knob 2000000000
  own '"select pg_sleep(8)"' 'abort: disk_free >= 1GB' | planned
  apply
  until_event step.begin
  sleep 1
  knob 500000000
  applied 13
  expect_text UPK3243
  expect_text "disk_free 477 MiB < "
  expect_text '"outcome":"cancelled"'
  sql "drop function upkeep.disk_free()"
}

@test "a step without room on the disk is not begun; one that fills it is stopped and cleaned up" {
  knob 70000000
  sql "set test.nap = 0" -c "create table wide (id int, v text)" -c "insert into wide select g, md5(g::text) from generate_series(1, 60000) g" \
    -c "create index wide_nap on wide (nap(id), v)" -c "delete from wide where id > 400"
  planned <<'YAML'
policies:
  - { name: a, for: index, where: name = 'wide_nap', ensure: size <= 1MB, by: rebuild_index, limits: { retries: 0 } }
YAML
  apply
  applied 4
  expect_text UPK3251
  knob 9000000000
  apply
  until_event step.begin
  knob 10000000
  applied 13
  expect_text UPK3252
  [ "$(sql "select count(*) from pg_index where not indisvalid")" -eq 0 ]
  sql "drop function upkeep.disk_free()"
}

@test "a replica that stands still pauses the run until it replays again" {
  . "$UPKEEP_SOURCE/tests/live/postgres.sh"
  [ -x "$(dirname "$PSQL")/pg_basebackup" ] || skip "no pg_basebackup"
  local primary=$PGPORT copy="$PG_DIR/copy" bin
  bin=$(cat "$PG_DIR/bin")
  echo "local replication all trust" | pg_as_user tee -a "$PG_DIR/data/pg_hba.conf" >/dev/null
  sql "select pg_reload_conf()" >/dev/null
  pg_as_user "$(dirname "$PSQL")/pg_basebackup" -h "$PGHOST" -p "$PGPORT" -U postgres -D "$copy" -R -X stream -c fast
  local port
  port=$(pg_free_port)
  pg_as_user "$bin/pg_ctl" -D "$copy" -l "$PG_DIR/copy.log" -w -o "-k $PG_DIR -p $port -c listen_addresses=" start >/dev/null
  until_sql "select count(*) = 1 from pg_stat_replication where state = 'streaming'"
  PGPORT=$port sql "select pg_wal_replay_pause()"
  sql "insert into t select g, 'x' from generate_series(1001, 1010) g"
  PGPORT=$primary
  three_steps 'throttle: replica_lag <= 1s'
  until_sql "select coalesce(replay_lag > interval '2 s', false) from pg_stat_replication"
  apply
  until_event step.wait "replica_lag .* wanted replica_lag <= 1s"
  refute grep -q '"event":"step.begin"' .upkeep/runs/*/log.jsonl
  PGPORT=$port sql "select pg_wal_replay_resume()"
  applied 0
  pg_as_user "$bin/pg_ctl" -D "$copy" -m immediate stop >/dev/null
  # Named and not connected: nobody knows how far behind it is.
  until_sql "select count(*) = 0 from pg_stat_replication"
  sql "drop table if exists a1; create table a1 as select 1 as x"
  planned 'replicas: [ "host=elsewhere" ], throttle: replica_lag <= 1s' <<'YAML'
policies:
  - { name: a, for: table, where: "name = 'a1'", ensure: not never_analyzed, by: refresh_statistics }
YAML
  apply
  until_event step.wait "0 of 1 replicas are connected"
  stopped
}
