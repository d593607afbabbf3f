# Doing no harm, on a real PostgreSQL: whoever uses the database while a plan
# runs waits no longer than max_blocking and a little. PG_BIN_FOLDER chooses
# the server's programs.
load common

teardown() {
  touch stop
}

setup_file() {
  export PG_NO_TRAP=1
  . "$UPKEEP_SOURCE/tests/live/postgres.sh"
  pg_start ${PG_BIN_FOLDER:-} || return 1
  export PG_DIR PGHOST PGPORT PGUSER
  PSQL=$(pg_find_psql)
  export PSQL
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

teardown_file() {
  . "$UPKEEP_SOURCE/tests/live/postgres.sh"
  pg_stop "$PG_DIR"
}

sql() { "$PSQL" -Xqtc "$1" "${@:2}"; }

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

apply() { upkeep apply --json plan.json >events 2>said & apply=$!; }
applied() { # exit code
  local code=0
  wait "$apply" || code=$?
  output=$(cat said events)
  status=$code
  expect_code "$1"
  expect_clean
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
# again until the file `stop` is there; prints milliseconds.
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
  cat longest
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
  longest=$(probed)
  applied 0
  [ "$longest" -le "$at_most" ] || { echo "waited $longest ms"; return 1; }
  grep -q '"blocked_ms":[1-9]' events
  run upkeep log verify
  expect_code 0
}

# A policy that executes SQL of its own on `hot`, once it is there anew, and
# then mends what it ensures.
own() { # statements, keys
  sql "drop table if exists hot; create table hot (id int primary key, n int); insert into hot select g, 0 from generate_series(1, 100) g"
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
  longest=$(probed)
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
  longest=$(probed)
  [ "$longest" -le "$at_most" ] || { echo "waited $longest ms"; return 1; }
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
  longest=$(probed)
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
  longest=$(probed)
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
  longest=$(probed)
  echo '\q' >&"${OLD[1]}"
  [ "$longest" -le "$at_most" ] || { echo "waited $longest ms"; return 1; }
  [ "$(sql "select count(*) from pg_index where not indisvalid")" -eq 0 ]
}
