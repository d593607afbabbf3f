# Roles that are no superuser: what they may not do is said when it is planned, not by a server that refuses it in the night.
load common
load server

setup_file() {
  export PG_NO_TRAP=1
  . "$UPKEEP_SOURCE/tests/live/postgres.sh"
  . "$UPKEEP_SOURCE/tests/live/versions.sh"
  versions_get 18 && export PG_BIN_FOLDER=$VERSIONS_BIN MAINTAIN=1
  server_start || return 1
  sql "create database ours" -d postgres
  "$PSQL" -Xq -v ON_ERROR_STOP=1 -d ours <<'SQL'
create role owner_of_all;
create role keeper login;
create role nobody_much login;
grant pg_monitor to keeper;
create schema "Their Own" authorization owner_of_all;
create table "Their Own"."t 1" (id int, v text);
insert into "Their Own"."t 1" select g, md5(g::text) from generate_series(1, 3000) g;
create index t_v on "Their Own"."t 1" (v);
create index t_v_again on "Their Own"."t 1" (v);
create table parts (at date not null) partition by range (at);
create table parts_202601 partition of parts for values from ('2026-01-01') to ('2026-02-01');
create table parts_202602 partition of parts for values from ('2026-02-01') to ('2026-03-01');
alter table "Their Own"."t 1" owner to owner_of_all;
alter table parts owner to owner_of_all;
grant usage on schema "Their Own" to keeper;
update pg_index set indisvalid = false where indexrelid = '"Their Own".t_v'::regclass;
SQL
  [ -z "${MAINTAIN:-}" ] || sql "grant pg_maintain to keeper" -d postgres
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  export PGDATABASE=ours
}

project() { # role
  cat >upkeep.yaml <<YAML
version: 1
targets: { p: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=$1 dbname=ours" } }
use: [ { name: std/postgres-baseline, except: [ must-be-on ] }, std/time-series ]
YAML
}

@test "who may maintain (17) rebuilds an index and does not drop one; nobody makes partitions of another's table" {
  [ -n "${MAINTAIN:-}" ] || skip "no PostgreSQL 17 or later"
  sql "grant create on database ours to keeper"
  project keeper
  run upkeep plan -o plan.json
  expect_code 0
  expect_no_text UPK1596
  expect_text 'rebuild_index  "Their Own".t_v'
  expect_text 'deferred  create_partitions  public.parts  (unsupported) the connected role does not own it'
  run upkeep apply plan.json
  expect_code 0
  expect_clean
  # Valid again, the two are equal; which of them goes is said by the name.
  run upkeep plan
  expect_code 0
  expect_text "(unsupported) the connected role does not own its table"
  [ "$(sql "select count(*) from pg_index where indisvalid and indrelid = '\"Their Own\".\"t 1\"'::regclass" | xargs)" = 2 ]
}

@test "no right to make the ledger: said with the plan" {
  PGDATABASE=postgres sql "create database bare template template0"
  export PGDATABASE=bare
  sql "create table mine (a int); alter table mine owner to nobody_much; insert into mine select generate_series(1, 2000)"
  project nobody_much
  sed -i 's/dbname=ours/dbname=bare/' upkeep.yaml
  run upkeep plan -o plan.json
  expect_code 0
  expect_text UPK1596
  expect_text "upkeep explain privileges p"
  run upkeep apply plan.json
  [ "$status" -ne 0 ]
  sed -i 's/dbname=bare"/dbname=bare", ledger: none/' upkeep.yaml
  run upkeep plan -o plan.json
  expect_no_text UPK1596
  run upkeep apply plan.json
  expect_code 0
}

@test "a ledger that another role made: said with the plan, and a run ends before its first step" {
  project postgres
  upkeep plan --do refresh_statistics:public.parts -o plan.json >/dev/null
  upkeep apply plan.json >/dev/null
  sql "create table nobodys (a int); alter table nobodys owner to nobody_much; insert into nobodys select generate_series(1, 2000)"
  # The ledger is seen by the catalogue, and none of its rows may be read.
  sql "grant usage on schema upkeep to nobody_much"
  project nobody_much
  run upkeep plan --do refresh_statistics:public.nobodys -o plan.json
  expect_code 0
  expect_text UPK1596
  run timeout 60 "$UPKEEP" apply plan.json
  [ "$status" -ne 0 ] && [ "$status" -ne 124 ]
  expect_clean
  expect_text "permission denied for table"
  # Rows may be read, and not written.
  sql "grant select on all tables in schema upkeep to nobody_much"
  run timeout 60 "$UPKEEP" apply plan.json
  [ "$status" -ne 0 ] && [ "$status" -ne 124 ]
  expect_clean
  expect_text UPK3170
  expect_text "0 applied"
  sql "grant all on all tables in schema upkeep to nobody_much"
  run upkeep plan --do refresh_statistics:public.nobodys -o plan.json
  expect_no_text UPK1596
  run upkeep apply plan.json
  expect_code 0
}
