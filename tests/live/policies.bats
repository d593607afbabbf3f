# The shipped policies of PostgreSQL besides the baseline: each invariant that has a remedy is broken on a real server and
# mended, and the second plan is empty; those without are seen to be broken.
load common
load server

# The ids of transactions are moved ahead to 1,550 million: nothing but autovacuum_freeze_max_age keeps the server from mending it.
move_ids() { # data folder
  local xid=1550000128 segment
  segment=$(printf '%04X' $((xid / 1048576)))
  pg_as_user "$PG_BIN/pg_ctl" -D "$1" -w -m fast stop >/dev/null
  pg_as_user "$PG_BIN/pg_resetwal" -x "$xid" -D "$1" >/dev/null
  pg_as_user dd if=/dev/zero of="$1/pg_xact/$segment" bs=256k count=1 status=none
  pg_as_user "$PG_BIN/pg_ctl" -D "$1" -w -l "$PG_DIR/server.log" -o "-p $PGPORT -k $PG_DIR -c listen_addresses=127.0.0.1" start >/dev/null
}

fresh() { # name, use
  PGDATABASE=postgres sql "create database $1"
  export PGDATABASE=$1
  cat >upkeep.yaml <<YAML
version: 1
targets:
  p: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=postgres dbname=$1", jobs: 2 }
use: [ ${2} ]
YAML
}

mended() { # texts of the plan
  run upkeep plan -o plan.json
  expect_code 0
  for text in "$@"; do expect_text "$text"; done
  run upkeep apply plan.json
  expect_code 0
  expect_clean
  run upkeep plan --detailed-exitcode
  expect_code 0
  expect_text "Nothing to do"
}

@test "all of them stand beside each other in one project" {
  fresh together "std/postgres-baseline, std/emergency, std/time-series, std/compliance, std/high-availability, std/multi-tenant, std/peak-traffic"
  sql "create table t (id bigserial primary key, v int)"
  run upkeep plan
  expect_code 0
  ! grep -q 'error\[' <<<"$output"
  run upkeep check
  ! grep -q 'error\[' <<<"$output"
}

@test "time-series: the partitions of two weeks are made; what is past its retention leaves when that is asked for" {
  fresh series "{ name: std/time-series, vars: { retention: 30d }, override: { partitions-retained: { by: { action: expire_partitions, with: { retention: 30d } } } } }"
  "$PSQL" -Xq -v ON_ERROR_STOP=1 <<'SQL'
create table m (at timestamptz not null, v float) partition by range (at);
do $$ begin
  for i in -33..1 loop
    execute format('create table m_%s partition of m for values from (%L) to (%L)',
      to_char(current_date + i, 'YYYYMMDD'), current_date + i, current_date + i + 1);
  end loop;
end $$;
insert into m select now() - interval '1 day' * (g % 30), g from generate_series(1, 3000) g;
SQL
  mended create_partitions expire_partitions refresh_statistics
  [ "$(sql "select count(*) from pg_inherits where inhparent = 'm'::regclass" | xargs)" -ge 44 ]
  [ "$(sql "select count(*) from m" | xargs)" -eq 3000 ]
  [ "$(sql "select count(*) from pg_class where relname like 'm\_%\_expired'" | xargs)" -ge 2 ]
}

@test "multi-tenant and peak-traffic: who forgot his transaction is ended, and the hot table is vacuumed" {
  fresh tenants "{ name: std/multi-tenant, override: { tenant-idle: { ensure: idle_age <= 1s } } }, std/peak-traffic"
  sql "create table basket (id int primary key, v text) with (autovacuum_enabled = off); insert into basket select g, 'x' from generate_series(1, 5000) g"
  sql "vacuum analyze basket"
  sql "update basket set v = 'y' where id % 2 = 0; update basket set v = 'z' where id % 2 = 0; update basket set v = 'a' where id % 2 = 0"
  "$PSQL" -Xq -c "begin" -c "select 1" -c "\\! sleep 30" >/dev/null 2>&1 3>&- &
  psql=$!
  for _ in $(seq 100); do
    [ "$(sql "select count(*) from pg_stat_activity where datname = 'tenants' and state = 'idle in transaction' and now() - state_change > '1.2s'" | xargs)" = 1 ] && break
    sleep 0.1
  done
  mended end_session vacuum
  kill "$psql" 2>/dev/null || true
}

@test "high-availability and compliance: what is not as it must be is named" {
  fresh state "std/high-availability, std/compliance"
  sql "select pg_create_physical_replication_slot('gone', true)"
  sql "create unlogged table u (a int); create table c (a int); alter table c add constraint positive check (a > 0) not valid"
  run upkeep check
  expect_code 2
  for name in ha-slot ha-slot-bounded ha-unlogged compliance-encryption compliance-connections-logged compliance-changes-logged compliance-constraints; do
    expect_text "$name"
  done
  sql "select pg_drop_replication_slot('gone')"
}

@test "emergency: ids near their end, a sequence near its end, a slot that nobody reads, an old snapshot" {
  fresh danger "{ name: std/emergency, vars: { slot_retained_max: 1MiB } }"
  sql "create table small (id smallserial primary key); create sequence s maxvalue 1000; create table s_user (id bigint default nextval('s'))"
  sql "alter sequence s owned by s_user.id; select setval('s', 960)"
  sql "create table t (id int); insert into t select generate_series(1, 1000)"
  PGDATABASE=postgres sql "alter system set autovacuum_freeze_max_age = 2000000000"
  export PG_NO_TRAP=1
  . "$UPKEEP_SOURCE/tests/live/postgres.sh"
  move_ids "$PG_DIR/data"
  sql "select pg_create_physical_replication_slot('gone', true)"
  sql "create table w as select g, repeat('x', 500) from generate_series(1, 10000) g; select pg_switch_wal()"
  [ "$(sql "select age(relfrozenxid) > 1500000000 from pg_class where relname = 't'" | xargs)" = t ]
  mended extend_sequence drop_slot freeze
  [ "$(sql "select age(relfrozenxid) < 1000 from pg_class where relname = 't'" | xargs)" = t ]
  [ "$(sql "select count(*) from pg_replication_slots" | xargs)" = 0 ]
  [ "$(sql "select max(age(relfrozenxid)) < 1000000 from pg_class where relkind in ('r', 'm', 't')" | xargs)" = t ]
}
