# compact_table on a real PostgreSQL: the space comes back while others write,
# no row is lost or doubled, and a cut-off run goes on.
load common
load server

fresh() { # name
  PGDATABASE=postgres sql "create database $1"
  export PGDATABASE=$1
  cat >upkeep.yaml <<YAML
version: 1
targets: { p: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=postgres dbname=$1" } }
include: [ p.yaml ]
YAML
  cat >p.yaml <<'YAML'
policies:
  - { name: compact, for: table, where: measured_size >= 1MiB, ensure: bloat_ratio <= 20%, by: compact_table, limits: { pace: none } }
YAML
  sql "create table \"T'x\" (g int generated always as (id % 7) stored, id int primary key, n int not null default 0, f text)"
  sql "insert into \"T'x\" (id, f) select g, repeat(md5(g::text), 4) from generate_series(1, 60000) g"
  sql "create index on \"T'x\" (n)"
  sql "delete from \"T'x\" where hashint4(id) % 2 = 0"
  analyzed
}

# The counters arrive a moment later, and the estimate needs them.
analyzed() {
  sleep 1
  sql "vacuum analyze \"T'x\""
  sleep 0.5
}

size() { sql "select pg_relation_size('\"T''x\"')" | xargs; }
same() { sql "select count(*), count(distinct id), md5(string_agg(id || f, ',' order by id)) from \"T'x\"" | xargs; }

@test "the space comes back while others write; what VACUUM FULL leaves is not smaller by a tenth" {
  fresh space
  before=$(same)
  old=$(size)
  upkeep plan -o plan.json
  for i in $(seq 200); do
    echo "update \"T'x\" set n = n + 1 where id in (select id from \"T'x\" order by id desc limit 20 offset $i);"
  done >load.sql
  "$PSQL" -Xq -f load.sql >/dev/null 3>&- &
  writer=$!
  run upkeep apply plan.json
  wait $writer
  expect_code 0
  expect_text "compact_table  public.\"T'x\"  applied"
  [ "$(same)" = "$before" ]
  [ "$(sql "select sum(n) from \"T'x\"" | xargs)" = 4000 ]
  new=$(size)
  [ "$new" -lt $((old * 65 / 100)) ]
  analyzed
  run upkeep plan --detailed-exitcode
  expect_code 0
  sql "vacuum full \"T'x\""
  [ "$new" -lt $(($(size) * 115 / 100)) ]
}

@test "killed on its way, it goes on" {
  fresh killed
  before=$(same)
  upkeep plan -o plan.json
  "$UPKEEP" apply plan.json >said 2>&1 3>&- &
  pid=$!
  for _ in $(seq 200); do
    grep -qs step.batch .upkeep/runs/*/log.jsonl && break
    sleep 0.02
  done
  kill -9 $pid
  wait $pid || true
  run upkeep resume "$(ls .upkeep/runs)"
  expect_code 0
  [ "$(same)" = "$before" ]
  analyzed
  run upkeep plan --detailed-exitcode
  expect_code 0
}

@test "killed when so much has moved that the estimate knows nothing, it goes on" {
  fresh moved
  before=$(same)
  upkeep plan -o plan.json
  "$UPKEEP" apply plan.json >said 2>&1 3>&- &
  pid=$!
  for _ in $(seq 400); do
    [ "$(sql "select count(*) from upkeep.ledger where outcome = 'round'" 2>/dev/null | xargs)" -ge 4 ] 2>/dev/null && break
    sleep 0.01
  done
  kill -9 $pid
  wait $pid || true
  sleep 1
  run upkeep resume last
  expect_code 0
  [ "$(same)" = "$before" ]
  run upkeep log replay last
  expect_code 0
}

@test "what an open transaction has locked stays, and nobody waits for it; later it works" {
  fresh locked
  before=$(same)
  last=$(sql "select id from \"T'x\" order by ctid desc limit 1 offset 2000" | xargs)
  mkfifo in
  "$PSQL" -Xqt <in >/dev/null 2>&1 3>&- &
  exec 8>in
  echo "begin; select 1 from \"T'x\" where id = $last for update;" >&8
  sleep 0.3
  upkeep plan -o plan.json
  run upkeep apply plan.json
  expect_code 9
  expect_text "pages"
  exec 8>&-
  [ "$(same)" = "$before" ]
  analyzed
  upkeep plan -o plan.json
  run upkeep apply plan.json
  expect_code 0
  [ "$(same)" = "$before" ]
}

@test "what a move could do elsewhere is refused with the reason" {
  fresh refused
  sql "create function f() returns trigger language plpgsql as 'begin return new; end'"
  sql "create trigger t before update on \"T'x\" for each row execute function f()"
  run upkeep plan
  expect_text "an update of its rows sets off triggers or rules"
  sql "drop trigger t on \"T'x\"; create publication p for table \"T'x\""
  run upkeep plan
  expect_text "its changes are published"
  sql "drop publication p; alter table \"T'x\" add constraint c check (n > 5) not valid"
  run upkeep plan
  expect_text "constraints that some of its rows may not meet"
  sql "alter table \"T'x\" drop constraint c"
  sed -i 's/by: compact_table/by: compact_table, with: { online: false }/' p.yaml
  before=$(same)
  upkeep plan -o plan.json
  run upkeep apply plan.json
  expect_code 0
  [ "$(same)" = "$before" ]
  run upkeep plan --detailed-exitcode
  expect_code 0
}
