# A primary with a real standby: what both say of themselves, what may be done on which, and what the standby and slots hold back on the primary.
load common
load server

setup_file() {
  export PG_OPTIONS="-c wal_level=logical -c wal_keep_size=0 -c max_wal_size=1GB -c autovacuum=off"
  server_start || return 1
  echo "local replication all trust" | pg_as_user tee -a "$PG_DIR/data/pg_hba.conf" >/dev/null
  sql "select pg_reload_conf()"
  sql "create role bare login; create role monitor login; grant pg_monitor to monitor" -d postgres
  sql "create database shop" -d postgres
  "$PSQL" -Xq -v ON_ERROR_STOP=1 -d shop <<'SQL'
create extension amcheck;
create table t (id int primary key, v text);
insert into t select g, md5(g::text) from generate_series(1, 5000) g;
create table other as select * from t;
vacuum analyze;
SQL
  export STANDBY=$PG_DIR/standby STANDBY_PORT
  STANDBY_PORT=$(pg_free_port)
  pg_as_user "$PG_BIN/pg_basebackup" -h "$PG_DIR" -p "$PGPORT" -U postgres -D "$STANDBY" -R -C -S standby -X stream -c fast --no-sync || return 1
  pg_as_user "$PG_BIN/pg_ctl" -D "$STANDBY" -l "$PG_DIR/standby.log" -w -t 60 \
    -o "-p $STANDBY_PORT -k $PG_DIR -c fsync=off -c wal_receiver_status_interval=1s -c wal_retrieve_retry_interval=100ms -c cluster_name=stand -c max_standby_streaming_delay=-1" start >/dev/null
}

teardown_file() {
  . "$UPKEEP_SOURCE/tests/live/postgres.sh"
  pg_as_user "$PG_BIN/pg_ctl" -D "$STANDBY" -w -m immediate stop >/dev/null 2>&1 || true
  pg_stop "$PG_DIR"
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  export PGDATABASE=shop
  project postgres
}
teardown() { exec 8>&-; }

project() { # role
  cat >upkeep.yaml <<YAML
version: 1
targets:
  first: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=$1 dbname=shop" }
  stand: { engine: postgres, connect: "host=$PGHOST port=$STANDBY_PORT user=$1 dbname=shop" }
include: [ p.yaml ]
YAML
  [ -e p.yaml ] || echo 'policies: []' >p.yaml
}

on_standby() { PGPORT=$STANDBY_PORT sql "$1"; }
value() { sql "$1" | xargs; }
until_is() { # query, answer, port
  for _ in $(seq 200); do
    [ "$(PGPORT=${3:-$PGPORT} value "$1")" = "$2" ] && return 0
    sleep 0.05
  done
  echo "$1: $(PGPORT=${3:-$PGPORT} value "$1"), expected $2" >&2
  return 1
}
caught_up() {
  until_is "select pg_last_wal_replay_lsn() >= '$(value "select pg_current_wal_lsn()")'" t "$STANDBY_PORT"
}

# A query of the standby that keeps its snapshot until file descriptor 8 is closed.
reader() {
  mkfifo in
  PGPORT=$STANDBY_PORT "$PSQL" -Xqt <in >said 2>&1 3>&- &
  exec 8>in
  echo "begin isolation level repeatable read; select count(*) from t;" >&8
  for _ in $(seq 100); do grep -q 5000 said && return 0; sleep 0.05; done
  return 1
}

@test "both are looked at by every role: no query fails, and the lag is told on both sides" {
  caught_up
  local role
  for role in postgres monitor bare; do
    project "$role"
    for target in first stand; do
      run upkeep inspect "$target" --all -o "$target-$role.json"
      expect_code 0
      expect_clean
      expect_no_text UPK3106
    done
  done
  python3 - "$STANDBY_PORT" "$PGPORT" <<'PY'
import json, sys
def one(name, kind):
    k = json.load(open(name + ".json"))["kinds"][kind]
    return [dict(zip([c["name"] for c in k["columns"]], row)) for row in k["rows"]]
first, stand = one("first-postgres", "instance")[0], one("stand-postgres", "instance")[0]
assert (first["role"], stand["role"], stand["cluster_name"]) == ("primary", "replica", "stand"), (first, stand)
assert first["replicas"] == 1 and first["replica_lag_size"] >= 0 and first["timeline"] == stand["timeline"] == 1, first
assert stand["upstream_slot"] == "standby" and stand["upstream"].endswith(":" + sys.argv[2]), stand
assert stand["receiver_status"] == "streaming" and 0 <= stand["replay_lag_size"] < 65536, stand
assert stand["replay_paused"] is False and stand["replicas"] == 0, stand
replica, slot = one("first-postgres", "replica")[0], one("first-postgres", "slot")[0]
assert replica["status"] == "streaming" and replica["sync_state"] == "async" and replica["lag_size"] >= 0, replica
assert slot["name"] == "standby" and slot["active"] and slot["status"] == "reserved", slot
bare = one("stand-bare", "instance")[0]
assert bare["upstream"] is None and "pg_read_all_stats" in bare["upstream.reason"] and bare["replay_lag_size"] < 65536, bare
assert one("first-bare", "instance")[0]["replica_lag_size"] is None
PY
}

@test "a check of both by what is shipped; a standby that does not replay is behind, and says why" {
  cat >upkeep.yaml <<YAML
version: 1
targets:
  first: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=postgres dbname=shop" }
  stand: { engine: postgres, connect: "host=$PGHOST port=$STANDBY_PORT user=postgres dbname=shop" }
use: [ std/high-availability, std/emergency, { name: std/postgres-baseline, except: [ must-be-on ] } ]
include: [ p.yaml ]
YAML
  cat >p.yaml <<'YAML'
policies:
  - { name: behind, for: instance, where: role = 'replica', ensure: not replay_paused and replay_lag_size <= 1MiB }
  - { name: ours, for: instance, where: role = 'primary', ensure: replica_lag_size <= 1MiB }
YAML
  run upkeep check
  expect_clean
  expect_no_text "error["
  expect_no_text "behind"
  on_standby "select pg_wal_replay_pause()"
  sql "create table filled as select g, repeat('x', 400) from generate_series(1, 5000) g"
  until_is "select pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) > 1048576" t "$STANDBY_PORT"
  run upkeep check
  expect_code 2
  expect_text "replay_paused is true, replay_lag_size"
  expect_text "replica_lag_size"
  on_standby "select pg_wal_replay_resume()"
  sql "drop table filled"
}

@test "a plan for the standby that writes is refused, and names the way; one that only reads is applied" {
  caught_up
  cat >p.yaml <<'YAML'
policies:
  - { name: small, for: index, where: "name = 't_pkey'", ensure: size <= 8KiB, by: rebuild_index }
YAML
  run upkeep plan stand -o plan.json
  expect_code 3
  expect_text "UPK2016"
  expect_text "the target is a replica"
  [ ! -e plan.json ]
  cat >p.yaml <<'YAML'
policies:
  - { name: whole, for: index, where: "name = 't_pkey'", ensure: integrity_check_age <= 1d, if_unknown: act, by: verify_integrity, with: { heapallindexed: true } }
  - { name: whole-table, for: table, where: "name = 't'", ensure: integrity_check_age <= 1d, if_unknown: act, by: verify_integrity }
YAML
  run upkeep plan stand -o plan.json
  expect_code 0
  expect_no_text "UPK1595"
  run upkeep apply plan.json
  expect_code 0
  expect_clean
  expect_text "2 applied"
  # Planned for the one, it is not applied to the other.
  upkeep plan stand -o plan.json >/dev/null
  sed -i "s/port=$STANDBY_PORT/port=$PGPORT/" upkeep.yaml
  run upkeep apply plan.json
  expect_code 5
}

@test "a query on the standby holds the primary's dead rows by its slot: named, and vacuum does not work in vain" {
  cat >p.yaml <<'YAML'
policies:
  - { name: dead, for: table, where: "name = 'held'", ensure: dead_rows <= 100, by: vacuum }
YAML
  on_standby "alter system set hot_standby_feedback = on"
  on_standby "select pg_reload_conf()"
  caught_up
  reader
  until_is "select xmin is not null from pg_replication_slots where slot_name = 'standby'" t
  sql "create table held as select g as a from generate_series(1, 5000) g"
  sql "delete from held where a % 2 = 0"
  run upkeep plan first
  expect_code 0
  pid=$(value "select active_pid from pg_replication_slots where slot_name = 'standby'")
  expect_text "an old snapshot is older than all its dead rows: slot standby, read by pid $pid, transaction"
  expect_text "transactions ago"
  expect_text "deferred  vacuum"
  # Without a slot it is the walsender itself.
  on_standby "alter system set primary_slot_name = ''"
  on_standby "select pg_reload_conf()"
  until_is "select count(*) from pg_stat_replication r where backend_xmin is not null and not exists (select from pg_replication_slots where active_pid = r.pid)" 1
  sql "select pg_drop_replication_slot('standby')"
  run upkeep plan first
  expect_code 0
  expect_text "an old snapshot is older than all its dead rows: pid $(value "select pid from pg_stat_replication"), role postgres, stand (hot_standby_feedback), transaction"
  # The reader ends, and so does the wait.
  exec 8>&-
  until_is "select count(*) from pg_stat_replication where backend_xmin is null or age(backend_xmin) = 0" 1
  upkeep plan first -o plan.json
  run upkeep apply plan.json
  expect_code 0
  [ "$(value "select pg_stat_get_dead_tuples('held'::regclass)")" = 0 ]
  sql "drop table held"
  on_standby "alter system set hot_standby_feedback = off"
  on_standby "select pg_reload_conf()"
  until_is "select count(*) from pg_stat_replication where backend_xmin is null" 1
}

@test "an old catalog_xmin of a logical slot: catalogues are not vacuumed in vain, tables are" {
  sql "vacuum freeze pg_attribute"
  sql "select pg_create_logical_replication_slot('feed', 'test_decoding')"
  sql "do \$\$ begin for i in 1..300 loop execute format('create table x%s (a int)', i); execute format('drop table x%s', i); end loop; end \$\$"
  sql "delete from other where id % 2 = 0"
  cat >p.yaml <<'YAML'
policies:
  - { name: dead, for: table, where: "name in ('pg_attribute', 'other')", ensure: dead_rows <= 100, by: vacuum }
YAML
  until_is "select pg_stat_get_dead_tuples('pg_attribute'::regclass) > 1000 and pg_stat_get_dead_tuples('other'::regclass) > 1000" t
  run upkeep plan first -o plan.json
  expect_code 0
  expect_text "a logical slot holds the catalogue's dead rows: slot feed, read by nobody, catalog_xmin $(value "select catalog_xmin from pg_replication_slots")"
  run upkeep apply plan.json
  expect_code 0
  [ "$(value "select pg_stat_get_dead_tuples('other'::regclass)")" = 0 ]
  # Who may drop the slot has the vacuum behind it.
  cat >>p.yaml <<'YAML'
  - { name: forgotten, for: slot, where: name = 'feed', ensure: active, by: drop_slot }
YAML
  upkeep plan first -o plan.json
  run upkeep apply plan.json
  expect_code 0
  expect_text "2 applied"
  [ "$(value "select pg_stat_get_dead_tuples('pg_attribute'::regclass) < 100")" = t ]
  run upkeep plan first --detailed-exitcode
  expect_code 0
}

@test "a slot whose WAL is gone: named, never moved, dropped when a policy says so, and it holds no rows" {
  sql "select pg_create_logical_replication_slot('late', 'test_decoding')"
  sql "alter system set max_slot_wal_keep_size = '16MB'"
  sql "select pg_reload_conf()"
  for _ in 1 2 3 4; do sql "create table w (a int); drop table w"; sql "select pg_switch_wal()"; done
  sql checkpoint
  until_is "select wal_status from pg_replication_slots" lost
  cat >p.yaml <<'YAML'
policies:
  - { name: moved, for: slot, ensure: status <> 'lost', by: advance_slot }
  - { name: pinned, for: instance, ensure: catalog_xmin_age = 0 }
YAML
  run upkeep plan first
  expect_code 0
  expect_text "its WAL is gone already; it can only be dropped"
  expect_no_text "pinned"
  sed -i 's/advance_slot/drop_slot/' p.yaml
  upkeep plan first -o plan.json
  run upkeep apply plan.json
  expect_code 0
  [ "$(value "select count(*) from pg_replication_slots")" = 0 ]
}
