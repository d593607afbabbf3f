# Actions on sessions, prepared transactions, slots, settings, sequences and
# foreign keys of a real PostgreSQL: broken on purpose, mended, and then nothing
# is left to do.
load common
load server

setup_file() {
  export PG_OPTIONS="-c max_prepared_transactions=5 -c wal_level=logical"
  server_start
}

# A database and a project with one policy in YAML.
fresh() { # name, policy
  PGDATABASE=postgres sql "create database $1"
  export PGDATABASE=$1
  cat >upkeep.yaml <<YAML
version: 1
targets: { p: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=postgres dbname=$1" } }
include: [ p.yaml ]
YAML
  printf 'policies:\n  - %s\n' "$2" >p.yaml
}

# Planned, applied, and then there is nothing to do.
mends() { # what the plan must say
  run upkeep plan -o plan.json
  expect_code 0
  expect_text "$1"
  run upkeep apply plan.json
  expect_code 0
  run upkeep plan --detailed-exitcode
  expect_code 0
}

# A session that runs one text and stays until its pipe is closed.
session() { # text
  mkfifo "$BATS_TEST_TMPDIR/in"
  "$PSQL" -Xqt <"$BATS_TEST_TMPDIR/in" >/dev/null 2>&1 3>&- &
  exec 8>"$BATS_TEST_TMPDIR/in"
  echo "$1" >&8
  sleep 1.2
}

teardown() {
  exec 8>&-
}

@test "a forgotten transaction is ended, one that began anew is left alone" {
  fresh ends "{ name: idle, for: session, where: \"database = 'ends' and state like 'idle in%'\", ensure: idle_age <= 1s, by: end_session }"
  sql "create table t (a int)"
  session "begin; insert into t values (1);"
  run upkeep plan -o plan.json
  expect_code 0
  expect_text "end_session"
  expect_text "high risk"
  printf 'rollback;\nbegin;\nselect 1;\n' >&8
  sleep 0.3
  run upkeep apply plan.json
  expect_code 0
  expect_text "satisfied already"
  [ "$(sql "select count(*) from pg_stat_activity where datname = 'ends' and state like 'idle in%'" | xargs)" = 1 ]
  sleep 1.2
  run upkeep plan -o plan.json
  run upkeep apply plan.json
  expect_code 0
  expect_text "applied"
  [ "$(sql "select count(*) from pg_stat_activity where datname = 'ends' and state like 'idle in%'" | xargs)" = 0 ]
  run upkeep plan --detailed-exitcode
  expect_code 0
}

@test "a long statement is cancelled, and its session stays" {
  fresh longs "{ name: long, for: session, where: \"database = 'longs' and state = 'active' and not protected\", ensure: age <= 1s, by: end_session, with: { mode: cancel } }"
  session "select pg_sleep(600);"
  mends end_session
  [ "$(sql "select count(*) from pg_stat_activity where datname = 'longs' and state = 'idle'" | xargs)" = 1 ]
}

@test "applications and users that are named are never ended" {
  fresh spared "{ name: idle, for: session, where: \"database = 'spared' and state like 'idle in%'\", ensure: idle_age <= 1s, by: end_session, with: { applications: [ 'psq*' ] } }"
  session "begin; select 1;"
  run upkeep plan
  expect_code 0
  expect_text "one of those that are never ended"
  [ "$(sql "select count(*) from pg_stat_activity where datname = 'spared' and state like 'idle in%'" | xargs)" = 1 ]
}

@test "a prepared transaction is rolled back in its own database only" {
  fresh twophase "{ name: prepared, for: transaction, ensure: prepared_age <= 0s, by: resolve_prepared, with: { how: rollback } }"
  sql "create table t (a int)"
  sql "begin; insert into t values (1); prepare transaction 'it''s \"mine\"'"
  mends resolve_prepared
  [ "$(sql "select count(*) from t" | xargs)" = 0 ]
  sql "begin; insert into t values (2); prepare transaction 'other'"
  PGDATABASE=postgres sql "create database bystander"
  sed -i 's/dbname=twophase/dbname=bystander/' upkeep.yaml
  upkeep plan -o plan.json
  run upkeep apply plan.json
  code=$status
  PGDATABASE=twophase sql "commit prepared 'other'"
  status=$code
  expect_code 9
  expect_text "it is of this database"
  [ "$(PGDATABASE=twophase sql "select count(*) from t" | xargs)" = 1 ]
}

@test "a slot that nobody reads is dropped" {
  fresh slots "{ name: slots, for: slot, where: \"name = 'forgotten'\", ensure: active, by: drop_slot }"
  sql "select pg_create_logical_replication_slot('forgotten', 'pgoutput')"
  mends drop_slot
  [ "$(sql "select count(*) from pg_replication_slots" | xargs)" = 0 ]
}

@test "a foreign key gets its index, and rolling back takes it away" {
  fresh keys "{ name: keys, for: constraint, ensure: has_index, by: create_index }"
  sql "create table p (a int, b int, primary key (a, b))"
  sql "create table \"C\"\"x\" (x int, \"b'\" int, a int, constraint \"fk é\" foreign key (a, \"b'\") references p (a, b))"
  mends create_index
  [ "$(sql "select count(*) from pg_index where indrelid = '\"C\"\"x\"'::regclass and indisvalid" | xargs)" = 1 ]
  run upkeep rollback --yes "$(ls .upkeep/runs | head -1)"
  expect_code 0
  [ "$(sql "select count(*) from pg_index where indrelid = '\"C\"\"x\"'::regclass" | xargs)" = 0 ]
}

@test "a sequence gets the range of its column; an integer column is for you to change" {
  fresh ranges "{ name: range, for: sequence, ensure: used_ratio <= 75%, by: extend_sequence }"
  sql "create table t (id bigint generated by default as identity (maxvalue 100), small serial)"
  sql "select setval('t_id_seq', 90)"
  mends extend_sequence
  [ "$(sql "select seqmax from pg_sequence where seqrelid = 't_id_seq'::regclass" | xargs)" = 9223372036854775807 ]
  sql "select setval('t_small_seq', 2000000000)"
  run upkeep plan
  expect_text "the column needs a larger type"
}

@test "a setting is set, put back by rollback, and one that needs a restart waits" {
  fresh sets "{ name: set, for: setting, where: name = 'autovacuum_naptime', ensure: value = '30', by: set_parameter, with: { value: 30s } }"
  mends set_parameter
  [ "$(sql "show autovacuum_naptime" | xargs)" = 30s ]
  run upkeep rollback --yes "$(ls .upkeep/runs | head -1)"
  expect_code 0
  sleep 0.5
  [ "$(sql "show autovacuum_naptime" | xargs)" = 1min ]
  printf 'policies:\n  - { name: set, for: setting, where: "name = '\''max_connections'\''", ensure: "value = '\''55'\'' or pending_restart", by: set_parameter, with: { value: "55" } }\n' >p.yaml
  mends set_parameter
  sql "alter system reset max_connections"
  printf 'policies:\n  - { name: set, for: setting, where: "name = '\''work_mem'\''", ensure: "value = '\''1'\''", by: set_parameter, with: { value: "plenty" } }\n' >p.yaml
  upkeep plan -o plan.json
  run upkeep apply plan.json
  expect_code 8
  [ "$(sql "show work_mem" | xargs)" = 4MB ]
}
