# The PostgreSQL baseline with amcheck, on names that hurt; as a plain role; and with a damaged index.
load common
load server

# A database and a project whose baseline looks for damage too.
fresh() { # name, role
  PGDATABASE=postgres sql "create database $1"
  export PGDATABASE=$1
  sql "create extension amcheck" 2>/dev/null || skip "the server has no amcheck"
  cat >upkeep.yaml <<YAML
version: 1
targets:
  p: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=${2:-postgres} dbname=$1", jobs: 2 }
use: [ { name: std/postgres-baseline, except: [ must-be-on ] } ]
YAML
}

fill() {
  "$PSQL" -Xq -v ON_ERROR_STOP=1 >/dev/null <<'SQL'
create table customer (id int primary key, name text);
insert into customer select g, md5(g::text) from generate_series(1, 20000) g;
create table orders (id bigserial primary key, customer_id int references customer, note text);
insert into orders (customer_id, note) select 1 + g % 20000, repeat('x', g % 100) from generate_series(1, 50000) g;
create index orders_a on orders (customer_id);
create index orders_b on orders (customer_id);
create schema "we""ird 's";
create table "we""ird 's"."t; drop table x; --" ("a""b" int, "ü" text);
create index "i""1" on "we""ird 's"."t; drop table x; --" ("a""b");
create index "I""1" on "we""ird 's"."t; drop table x; --" ("a""b");
insert into "we""ird 's"."t; drop table x; --" select g, 'y' from generate_series(1, 5000) g;
create table "1234567890123456789012345678901234567890123456789012345678901ä" (id int primary key);
create table "new
line" (id int primary key);
create table part (id int, v int) partition by range (id);
create table part_1 partition of part for values from (0) to (1000000);
insert into part select g, g from generate_series(1, 20000) g;
create index on part (v);
create table none (id int primary key);
SQL
}

@test "the whole baseline holds after one apply, on names that hurt" {
  fresh names
  fill
  run upkeep plan -o plan.json
  expect_code 0
  for action in create_ledger verify_integrity vacuum refresh_statistics drop_index; do
    expect_text "$action"
  done
  run upkeep apply plan.json
  expect_code 0
  expect_clean
  run upkeep plan --detailed-exitcode
  expect_code 0
  expect_text "Nothing to do"
  [ "$(sql "select count(*) from pg_index i join pg_class c on c.oid = i.indrelid where c.relname = 'orders'" | xargs)" = 2 ]
  [ "$(sql "select bool_and(damage = 0) from upkeep.finding" | xargs)" = t ]
}

@test "an empty database needs nothing" {
  fresh nothing
  run upkeep plan --detailed-exitcode
  expect_code 0
  expect_text "Nothing to do"
}

@test "a role without rights is told what it cannot see, and breaks nothing" {
  PGDATABASE=postgres sql "create role plain login"
  fresh bare plain
  fill
  sql "grant create on database bare to plain"
  sql "create schema mine authorization plain"
  sql "set role plain; create table mine.t as select g as a from generate_series(1, 20000) g"
  run upkeep inspect --all -o facts.json
  expect_code 0
  run upkeep plan -o plan.json
  expect_code 0
  expect_text "mine.t"
  expect_no_text "refresh_statistics  public.orders"
  run upkeep apply plan.json
  expect_code 0
  expect_clean
  run upkeep plan --detailed-exitcode
  expect_code 0
}

@test "a damaged index is a finding that check reports" {
  fresh damaged
  fill
  sql checkpoint
  file="$PG_DIR/data/$(sql "select pg_relation_filepath('orders_b')" | xargs)"
  [ -f "$file" ] || skip "the server's files are not where they were expected"
  head -c 16384 /dev/urandom | dd of="$file" bs=8192 seek=3 conv=notrunc 2>/dev/null
  . "$UPKEEP_SOURCE/tests/live/postgres.sh"
  pg_as_user "$(cat "$PG_DIR/bin")/pg_ctl" -D "$PG_DIR/data" -m fast -w -l "$PG_DIR/server.log" restart >/dev/null
  run upkeep plan --only integrity-index -o plan.json
  expect_code 0
  run upkeep apply plan.json
  expect_code 0
  run upkeep check
  expect_code 2
  expect_text "public.orders_b"
  expect_text "corruption_found 1"
}

@test "an index is rebuilt offline with a lock timeout, online without; what holds nothing is refused" {
  fresh offline
  fill
  mkdir -p policies
  cat >>upkeep.yaml <<'YAML'
include: [ policies/* ]
YAML
  cat >policies/p.yaml <<'YAML'
policies:
  - { name: off, for: index, where: name = 'orders_a', ensure: size < 8KiB, by: rebuild_index, with: { online: false } }
  - { name: on, for: index, where: "name in ('orders_b', 'part_v_idx')", ensure: size < 0B, by: rebuild_index }
YAML
  upkeep plan --only off,on -o plan.json >said
  grep -q "deferred  rebuild_index  public.part_v_idx  (unsupported) a partitioned index holds nothing" said
  python3 - <<'PY'
import json
steps = {s["id"]: s for s in json.load(open("plan.json"))["body"]["steps"]}
off, on = steps["rebuild_index:public.orders_a"], steps["rebuild_index:public.orders_b"]
assert off["timeouts"]["lock_ms"] == 1000 and on["timeouts"]["lock_ms"] == 0, (off["timeouts"], on["timeouts"])
assert [s["sql"] for s in off["run"]] == ['reindex index "public"."orders_a"'], off["run"]
PY
  before=$(sql "select pg_relation_filenode('orders_a')")
  run upkeep apply plan.json
  expect_clean
  [ "$(sql "select pg_relation_filenode('orders_a')")" != "$before" ]
}

@test "a detaching that was cut off is finished" {
  fresh detached
  sql "create table log (id int, at date) partition by range (id)"
  sql "create table log_1 partition of log for values from (0) to (1000)"
  sql "create table log_2 partition of log for values from (1000) to (2000)"
  sql "insert into log select g, now() from generate_series(0, 1999) g"
  # An old snapshot holds the second half up; the first is committed by then.
  "$PSQL" -Xqc "begin isolation level repeatable read; select count(*) from log; select pg_sleep(3)" >/dev/null &
  local reader=$!
  sleep 0.5
  PGOPTIONS="-c statement_timeout=1s" "$PSQL" -Xqc "alter table log detach partition log_1 concurrently" || true
  wait "$reader"
  [ "$("$PSQL" -XAtc "select count(*) from pg_inherits where inhdetachpending")" = 1 ] ||
    skip "the server has no DETACH CONCURRENTLY (14)"
  run upkeep plan --only detach-pending -o plan.json
  expect_code 0
  expect_text "finish_detach  public.log_1"
  run upkeep apply plan.json
  expect_code 0
  [ "$("$PSQL" -XAtc "select count(*) from pg_inherits where inhdetachpending")" = 0 ]
  run upkeep plan --only detach-pending --detailed-exitcode
  expect_code 0
}

@test "an index's own baseline: told after a rebuild that wrote it down, it grows with the index; without a ledger nothing fails" {
  fresh grown
  sql "create table g (id int primary key, v int); insert into g select i, i from generate_series(1, 20000) i"
  sql "create index g_v on g (v)"
  sql "vacuum analyze g"
  cat >p.yaml <<'YAML'
policies:
  - { name: rebuilt, for: index, where: "name = 'g_v'", ensure: best_size is not null, if_unknown: act, by: { action: rebuild_index, with: { baseline: true } } }
  - { name: growth, for: index, where: "name = 'g_v' and best_size is not null", ensure: size_to_best_ratio <= 150%, by: { action: rebuild_index, with: { baseline: true } } }
YAML
  sed -i '/^use:/d' upkeep.yaml
  echo 'include: [ p.yaml ]' >>upkeep.yaml
  upkeep plan --only rebuilt -o plan.json >/dev/null
  run upkeep apply plan.json
  expect_code 0
  [ "$(sql "select count(*) from upkeep.saved where what = 'baseline' and name = 'g_v'" | xargs)" = 1 ]
  run upkeep plan --detailed-exitcode
  expect_code 0
  # Nine of ten entries go, and their pages stay.
  sql "delete from g where id % 10 <> 0"
  sql "vacuum g"
  run upkeep plan --only growth -o plan.json
  expect_code 0
  expect_text "size_to_best_ratio"
  run upkeep apply plan.json
  expect_code 0
  [ "$(sql "select count(*) from upkeep.saved where what = 'baseline' and name = 'g_v'" | xargs)" = 2 ]
  run upkeep plan --detailed-exitcode
  expect_code 0
  fresh unkept
  sql "create table g (id int primary key); insert into g select generate_series(1, 2000)"
  sql "update pg_index set indisvalid = false where indexrelid = 'g_pkey'::regclass"
  sed -i '/^use:/d; s/dbname=unkept"/dbname=unkept", ledger: none/' upkeep.yaml
  echo 'policies: [ { name: small, for: index, where: "name = '"'g_pkey'"'", ensure: is_valid, by: rebuild_index, with: { baseline: true } } ]' >p.yaml
  echo 'include: [ p.yaml ]' >>upkeep.yaml
  upkeep plan -o plan.json >/dev/null
  run upkeep apply plan.json
  expect_text "1 applied"
}
