# Slots moved ahead, log files deleted, checkpoints, tables read into memory, parameters of tables, statistics put back.
# long
load common
load server

setup_file() {
  PG_OPTIONS="-c wal_level=logical -c logging_collector=on -c log_directory=server-log" server_start
}

project() { # name
  PGDATABASE=postgres sql "create database $1"
  export PGDATABASE=$1
  cat >upkeep.yaml <<YAML
version: 1
targets:
  p: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=postgres dbname=$1" }
programs: [ rm ]
YAML
}
# One action on one object.
once() { # action:object, options..
  run upkeep plan --do "$@" -o plan.json
  expect_code 0
  run upkeep apply plan.json
  expect_clean
}
value() { sql "$1" | xargs; }

@test "a slot that nobody reads from is moved ahead and lets its WAL go; an active or foreign one is left" {
  project slots
  sql "select pg_create_physical_replication_slot('standby', true), pg_create_logical_replication_slot('feed', 'test_decoding')"
  sql "create table t as select g from generate_series(1, 20000) g"
  # What a logical slot holds follows its position at the next records of running transactions.
  for slot in standby feed; do
    before=$(value "select pg_wal_lsn_diff(pg_current_wal_lsn(), coalesce(confirmed_flush_lsn, restart_lsn)) from pg_replication_slots where slot_name = '$slot'")
    once "advance_slot:$slot" --with keep=100KiB
    expect_code 0
    after=$(value "select pg_wal_lsn_diff(pg_current_wal_lsn(), coalesce(confirmed_flush_lsn, restart_lsn)) from pg_replication_slots where slot_name = '$slot'")
    echo "$slot $before $after"
    [ "$before" -gt 1000000 ] && [ "$after" -lt "$before" ]
  done
  [ "$(value "select count(*) from pg_logical_slot_peek_changes('feed', null, null) where data like 'table public.t%'")" -lt 20000 ]
  # A logical slot of another database, and one with nothing to give.
  PGDATABASE=postgres sql "select pg_create_logical_replication_slot('other', 'test_decoding')"
  sql "insert into t select g from generate_series(1, 20000) g"
  # Nothing goes while another slot holds the same WAL.
  run upkeep plan --do advance_slot:other
  expect_text "another slot holds the same WAL: slot feed, read by nobody, holds"
  sql "select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = 'slots' or database is null"
  once advance_slot:other
  expect_code 4
  expect_text "it is a slot of this database"
  PGDATABASE=postgres sql "select pg_drop_replication_slot('other')"
}

@test "old log files are deleted, the one that is written to stays" {
  project logs
  folder=$PG_DIR/data/server-log
  for n in 1 2 3; do
    head -c 1000 /dev/zero >"$folder/old-$n.log"
    touch -d "$((10 - n)) days ago" "$folder/old-$n.log"
  done
  chown -R --reference="$folder" "$folder"
  current=$(value "select pg_current_logfile()")
  touch -d "30 days ago" "$PG_DIR/data/$current"
  cat >policies.yaml <<'YAML'
policies:
  - { name: logs, for: log, where: name = 'server_log', ensure: files <= 2, by: purge_logs, with: { older_than: 8d } }
YAML
  echo "include: [ policies.yaml ]" >>upkeep.yaml
  run upkeep plan -o plan.json
  expect_code 0
  run upkeep apply plan.json
  expect_clean
  [ "$(ls "$folder" | grep -c old-)" = 1 ]
  [ -f "$PG_DIR/data/$current" ]
  run upkeep plan --detailed-exitcode
  expect_code 0
}

@test "a checkpoint is made, a table is read into memory, and what is larger than memory is not" {
  project memory
  sql "create extension pg_prewarm; create table small as select g, repeat('x', 90) as t from generate_series(1, 20000) g"
  before=$(value "select checkpoint_lsn from pg_control_checkpoint()")
  once checkpoint:instance
  expect_code 0
  [ "$(value "select checkpoint_lsn from pg_control_checkpoint()")" != "$before" ]
  once prewarm:public.small@table
  expect_code 0
  sql "create unlogged table big (t text); alter table big alter t set storage plain;
    insert into big select repeat('x', 3000) from generate_series(1, 20000)"
  once prewarm:public.big@table
  expect_code 4
  expect_text "it takes at most half of the shared buffers"
  once prewarm:public.big@table --with mode=read
  expect_code 0
}

@test "a table's autovacuum follows what was asked, and undoing puts the old parameters back" {
  project options
  sql "create table t (a int) with (autovacuum_vacuum_threshold = 77, fillfactor = 90); insert into t select generate_series(1, 100000); analyze t"
  cat >>upkeep.yaml <<'YAML'
include: [ policies.yaml ]
YAML
  cat >policies.yaml <<'YAML'
policies:
  - { name: often, for: table, where: not is_system, ensure: vacuum_trigger_rows <= 5_000, by: set_table_parameter, with: { trigger_rows: 5000 } }
YAML
  run upkeep plan -o plan.json
  expect_code 0
  run upkeep apply plan.json
  expect_code 0
  expect_text "vacuum_trigger_rows 20077 -> 5000"
  [ "$(value "select array_agg(o order by o) from pg_class, unnest(reloptions) o where relname = 't'")" = \
    "{autovacuum_vacuum_scale_factor=0,autovacuum_vacuum_threshold=5000,fillfactor=90}" ]
  run upkeep plan --detailed-exitcode
  expect_code 0
  upkeep rollback "$(ls .upkeep/runs)" --yes
  [ "$(value "select array_agg(o order by o) from pg_class, unnest(reloptions) o where relname = 't'")" = "{autovacuum_vacuum_threshold=77,fillfactor=90}" ]
}

@test "vacuum takes every option of its version; freezing in an emergency reads a young table too" {
  project vacuums
  sql "create table t (a int primary key, b text); insert into t select g, repeat('x', 90) from generate_series(1, 20000) g; delete from t where a % 2 = 0"
  once vacuum:public.t --with freeze=true --with index_cleanup=on --with truncate=off --with parallel=2 --with process_toast=false \
    --with skip_locked=true --with disable_page_skipping=true
  expect_code 0
  grep -q 'vacuum (freeze on, truncate off, index_cleanup on, parallel 2, process_toast off, skip_locked on, disable_page_skipping on) ' plan.json
  # Rows on pages that are all visible already: a plain vacuum would skip them, and the table would stay as old as it is.
  sql "alter database vacuums set vacuum_freeze_min_age = 100; create table old as select g as a from generate_series(1, 20000) g; create table other (a int)"
  sql "vacuum old"
  "$PSQL" -Xqc "do \$\$ begin for i in 1..2000 loop begin insert into other values (i); exception when division_by_zero then null; end; end loop; end \$\$"
  sql "vacuum old"
  [ "$(value "select age(relfrozenxid) from pg_class where relname = 'old'")" -gt 1900 ]
  once freeze:public.old --with emergency=true
  expect_code 0
  grep -q '"vacuum_freeze_table_age":"0"' plan.json
  [ "$(value "select age(relfrozenxid) from pg_class where relname = 'old'")" -lt 500 ]
}

# A server of another major, for one test.
other_server() { # major
  . "$UPKEEP_SOURCE/tests/live/postgres.sh"
  . "$UPKEEP_SOURCE/tests/live/versions.sh"
  versions_get "$1" || skip "$VERSIONS_WHY"
  PG_NO_TRAP=1 PG_OPTIONS="" pg_start "$VERSIONS_BIN"
  OTHER=$PG_DIR
}
teardown() { [ -z "${OTHER:-}" ] || pg_stop "$OTHER"; }

@test "18: statistics that a step replaced are put back as they were" {
  other_server 18
  project statistics
  sql "create table t (a int, b text, c int[]); insert into t select g % 7, md5(g::text), array[g % 3] from generate_series(1, 5000) g; analyze t"
  all="select md5(string_agg(s::text, '|' order by attname)) || ' ' || (select relpages || ' ' || reltuples from pg_class where relname = 't')
    from pg_stats s where tablename = 't'"
  before=$(value "$all")
  sql "insert into t select 9, 'x', array[5] from generate_series(1, 9000); alter table t add d int default 4"
  once refresh_statistics:public.t --with save=true
  expect_code 0
  [ "$(value "$all")" != "$before" ]
  upkeep rollback "$(ls -t .upkeep/runs | head -n 1)" --yes
  [ "$(value "$all")" = "$before" ]
}

@test "13: partitions are made, and taken out in one transaction under a lock timeout" {
  other_server 13
  project old
  sql "create table c (at date) partition by range (at)"
  sql "do \$\$ begin for i in -4..1 loop execute format('create table c_%s partition of c for values from (%L) to (%L)',
    to_char(current_date + i, 'YYYYMMDD'), current_date + i, current_date + i + 1); end loop; end \$\$"
  cat >policies.yaml <<'YAML'
policies:
  - { name: ahead, for: partition_set, ensure: partitions_ahead >= 3, by: create_partitions, with: { ahead: 3 } }
  - { name: old, for: partition_set, ensure: oldest_partition_age <= 2d, by: expire_partitions, with: { retention: 2d } }
YAML
  echo "include: [ policies.yaml ]" >>upkeep.yaml
  run upkeep plan -o plan.json
  expect_code 0
  run upkeep apply plan.json
  expect_code 0
  expect_clean
  [ "$(value "select count(*) from pg_inherits")" = 6 ]
  [ "$(value "select count(*) from pg_class where relname like 'c%\_expired'")" = 2 ]
  run upkeep plan --detailed-exitcode
  expect_code 0
}
