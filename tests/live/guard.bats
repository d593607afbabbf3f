# Doing no harm, on a real PostgreSQL: whoever uses the database while a plan
# runs waits no longer than max_blocking and a little. PG_BIN_FOLDER chooses
# the server's programs.
load common

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
create table hot (id int primary key, n int);
insert into hot select g, 0 from generate_series(1, 100) g;
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
