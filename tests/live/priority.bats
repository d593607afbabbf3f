#!/usr/bin/env bats
# The priority of a backend that rebuilds an index: as the plan's pace says,
# while the executor stands on the server's own host.

setup_file() {
  . "$UPKEEP_SOURCE/tests/live/postgres.sh"
  PG_NO_TRAP=1 pg_start
  export PGHOST PGPORT PGUSER PGDATABASE PG_DIR
  pg_sql "create table t (id bigint, a int); insert into t select g, g from generate_series(1, 1000) g;
    create index t_a on t (a); create index t_b on t (id); create table mark (oid oid)" \
    "alter role postgres password 'pass-of-a-test'" >/dev/null
  cd "$BATS_FILE_TMPDIR"
  mkdir facts
  cat >facts/fresh.lua <<'LUA'
return {
  collector {
    name = "index_fresh", kind = "index", engine = "postgres", cost = "cheap",
    attributes = {
      { "schema", "text", "its schema" }, { "name", "text", "its name" }, { "fresh", "bool", "made since the mark was set" },
    },
    filter = "and n.nspname = $1 and c.relname = $2", filter_keys = { "schema", "name" },
    variants = { { sql = "select n.nspname, c.relname, pg_relation_filenode(c.oid)::bigint > (select oid::bigint from public.mark) as fresh"
      .. " from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace"
      .. " where c.relkind = 'i' and n.nspname = 'public' {filter}" } },
  },
}
LUA
}

teardown_file() {
  . "$UPKEEP_SOURCE/tests/live/postgres.sh"
  pg_stop "$PG_DIR"
}

setup() {
  load common
  . "$UPKEEP_SOURCE/tests/live/postgres.sh"
  cd "$BATS_FILE_TMPDIR"
  pg_sql "delete from mark" "insert into mark select max(pg_relation_filenode(oid)) from pg_class" >/dev/null
}

# policies CONNECT PACE: and the plan
policies() {
  cat >upkeep.yaml <<YAML
version: 1
targets:
  t: { engine: postgres, connect: "$1 port=$PGPORT user=postgres dbname=postgres", jobs: 1 }
facts: [ facts/*.lua ]
include: [ policy.yaml ]
YAML
  cat >policy.yaml <<YAML
policies:
  - { name: first, for: index, where: name = 't_a', ensure: fresh, by: rebuild_index, priority: 90, limits: { pace: $2 } }
YAML
  "$UPKEEP" plan t -o plan.json
}

# seen_during PACE: applies the plan while a reader's snapshot holds the rebuild
# up, and says the nice value of its backend.
seen_during() {
  PGAPPNAME=holder "$(pg_find_psql)" -X -q -c "begin isolation level repeatable read; select count(*) from t; select pg_sleep(60)" \
    >/dev/null 2>&1 3>&- &
  await eval '[ "$(pg_sql "select wait_event from pg_stat_activity where application_name = '"'holder'"'")" = PgSleep ]'
  "$UPKEEP" apply plan.json >applied 2>&1 3>&- &
  local apply=$!
  await eval '[ -n "$(rebuilding)" ]'
  ps -o ni= -p "$(rebuilding)" | tr -d ' '
  pg_sql "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'holder'" >/dev/null
  wait "$apply"
}
rebuilding() {
  pg_sql "select pid from pg_stat_activity where query ilike 'reindex%' and state = 'active'"
}
intents() { cat "$(ls -td .upkeep/runs/*/ | head -n 1)log.jsonl" | grep '"event":"step.begin"'; }

@test "gently, the backend's priority is lowered while it rebuilds, and the log says so" {
  policies "host=$PGHOST" gentle
  grep -q '"host.priority":"10"' plan.json
  [ "$(seen_during)" = 10 ]
  intents | grep -q '"host":"priority lowered to nice 10"'
}

@test "pace: none leaves it" {
  policies "host=$PGHOST" none
  refute grep -q 'host.priority' plan.json
  [ "$(seen_during)" = 0 ]
  intents >seen
  refute grep -q '"host":"priority' seen
}

@test "after a gentle step the session has its priority back, as far as this user may raise it" {
  policies "host=$PGHOST" gentle
  cat >>policy.yaml <<'YAML'
  - { name: second, for: index, where: name = 't_b', ensure: fresh, by: rebuild_index, priority: 10, limits: { pace: none } }
YAML
  "$UPKEEP" plan t -o plan.json
  "$UPKEEP" apply plan.json
  intents >seen
  grep 'rebuild_index:public.t_a' seen | grep -q '"host":"priority lowered to nice 10"'
  grep 'rebuild_index:public.t_b' seen >seen.b
  refute grep -q 'priority lowered to' seen.b
  if [ "$(id -u)" = 0 ]; then
    refute grep -q 'still lowered' seen
  else # whichever of the two came first
    grep -q '"host":"priority still lowered to nice 10: ' seen.b || head -n 1 seen | grep -q t_b
  fi
}

@test "through TCP it stays as it is, and the log says why" {
  export TEST_PASSWORD=pass-of-a-test
  policies "host=127.0.0.1 password=env:TEST_PASSWORD" gentle
  "$UPKEEP" apply plan.json
  intents | grep -q '"host":"priority not lowered: the server is not reached by a Unix socket of this host"'
}
