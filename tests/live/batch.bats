# Work in rounds on real databases: cut off, paused, stopped, beside writers,
# undone; no row is lost or doubled.
# long
load common

setup_file() {
  . "$BATS_TEST_DIRNAME/postgres.sh"
  PG_NO_TRAP=1 pg_start 2>/dev/null
  export PG_DIR PG_BIN PGHOST PGPORT PGUSER PGDATABASE
}

teardown_file() {
  . "$BATS_TEST_DIRNAME/postgres.sh"
  pg_stop "$PG_DIR"
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  . "$BATS_TEST_DIRNAME/postgres.sh"
}

teardown() {
  [ -z "${apply:-}" ] || kill -9 "$apply" 2>/dev/null || true
  [ -z "${writer:-}" ] || kill -9 "$writer" 2>/dev/null || true
}

# A table of 20,000 rows of which 18,000 are due, and a policy for it.
postgres_rows() { # action, further parameters, index or not
  db=batch_$RANDOM$RANDOM
  pg_sql "create database $db" >/dev/null
  export PGDATABASE=$db
  pg_sql 'create table public."od""d;--" (id bigint generated always as identity primary key, at timestamptz not null, note text,
      twice bigint generated always as (length(note) * 2) stored)' \
    'insert into public."od""d;--" (at, note) select now() - case when i % 10 = 0 then 1 else 100 end * interval '"'1 day'"', repeat(chr(960), i % 50)
      from generate_series(1, 20000) i' "${3:-select 1}" 'analyze' >/dev/null
  cat >upkeep.yaml <<YAML
version: 1
targets:
  t: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=$PGUSER dbname=$db" }
include: [ policies/* ]
YAML
  mkdir -p policies
  cat >policies/p.yaml <<YAML
policies:
  - name: old
    for: table
    where: schema = 'public' and name ~ '^od.*--$'
    ensure: oldest_row_age(at) <= 10d
    by: $1
    with: { column: at, older_than: 10d, max_rows: 0${2:+, $2} }
YAML
  upkeep plan -o plan.json >out 2>&1 || { cat out >&2; return 1; }
}

sqlite_rows() { # further parameters
  sqlite3 t.db "pragma journal_mode = wal; create table 'od\"d;--' (id integer primary key, at text, note text);
    insert into 'od\"d;--' select value, datetime('now', case when value % 10 = 0 then '-1 days' else '-100 days' end), substr(printf('%.*c', 60, 'x'), 1, value % 50)
      from generate_series(1, 20000)" >/dev/null
  sqlite_project t.db <<YAML
policies:
  - name: old
    for: table
    where: name ~ '^od.*--$'
    ensure: oldest_row_age(at) <= 10d
    by: archive_rows
    with: { column: at, older_than: 10d, max_rows: 0${1:+, $1} }
YAML
  upkeep plan -o plan.json >out 2>&1 || { cat out >&2; return 1; }
}

here='public."od""d;--"' archive='public."od""d;--_archive"'

begin() { # flags of apply...
  "$UPKEEP" apply plan.json "$@" >out 2>err 3>&- &
  apply=$!
}

pg_rounds() { [ "$(pg_sql "select count(*) >= $1 from upkeep.ledger where outcome = 'round'")" = t ]; }
lite_rounds() { [ "$(sqlite3 -cmd '.timeout 5000' t.db "select count(*) >= $1 from upkeep_ledger where outcome = 'round'")" = 1 ]; }

# Every row once, the due ones in the archive, as they were.
pg_whole() {
  [ "$(pg_sql "select count(*), count(distinct id), sum(length(note)) from (select id, note from $here union all select id, note from $archive) x")" = "20000|20000|490000" ]
  [ "$(pg_sql "select count(*) from $here")" = "${1:-2000}" ]
}
lite_whole() {
  [ "$(sqlite3 t.db "select count(*), count(distinct id), sum(length(note)) from (select id, note from 'od\"d;--' union all select id, note from 'od\"d;--_archive')")" = "20000|20000|490000" ]
  [ "$(sqlite3 t.db "select count(*) from 'od\"d;--'")" = 2000 ]
}

@test "PostgreSQL: rows go to the archive in rounds, with an index and without; the second plan is empty" {
  for index in "create index on $here (at)" "select 1"; do
    postgres_rows archive_rows "batch: 2000" "$index"
    run upkeep apply plan.json
    expect_code 0
    expect_clean
    pg_whole
    pg_rounds 9
    [ "$(pg_sql "select count(*) from upkeep.ledger where outcome = 'applied' and action = 'archive_rows'")" = 1 ]
    refute grep -q "$(pg_sql "select at from $archive limit 1")" .upkeep/runs/*/log.jsonl
    run upkeep plan --detailed-exitcode
    expect_code 0
    rm -r .upkeep
  done
}

@test "PostgreSQL: rows are deleted in rounds" {
  postgres_rows expire_rows "batch: 5000"
  run upkeep apply plan.json
  expect_code 0
  [ "$(pg_sql "select count(*), count(*) filter (where at < now() - interval '10 days') from $here")" = "2000|0" ]
}

@test "PostgreSQL: killed between rounds, and gone on with" {
  postgres_rows archive_rows "batch: 50" "create index on $here (at)"
  begin
  await pg_rounds 5
  kill -9 "$apply"
  wait "$apply" || true
  [ "$(pg_sql "select count(*) between 1 and 17999 from $archive")" = t ]
  sed -i 's/batch: 50/batch: 5000/' policies/p.yaml
  run upkeep resume last
  expect_code 0
  expect_clean
  pg_whole
  [ "$(pg_sql "select sum(split_part(statement, ' ', 3)::int) from upkeep.ledger where outcome = 'round'")" = 18000 ]
  run upkeep log verify
  expect_code 0
  run upkeep log replay
  expect_code 0
  run upkeep rollback last --yes
  expect_code 0
  expect_clean
  [ "$(pg_sql "select count(*), count(distinct id), sum(length(note)) from $here")" = "20000|20000|490000" ]
  [ "$(pg_sql "select count(*) from $archive")" = 0 ]
}

@test "PostgreSQL: more rows of one moment than a round may take, and rows that bear somebody's mark, go too" {
  for index in "create index on $here (at)" "select 1"; do
    # 3,000 rows a moment, 2,000 a round; every seventh was held by somebody once, and five are held now.
    postgres_rows archive_rows "batch: 2000" "$index"
    pg_sql "update $here set at = date_trunc('day', now()) - (50 + id / 3000) * interval '1 day' where id > 6000 and at < now() - interval '10 days'" \
      "vacuum analyze $here" "begin; select from $here where id % 7 = 0 for update; commit" >/dev/null
    PGAPPNAME=holder "$(pg_find_psql)" -X -q -c "begin; select from $here where id in (5, 6, 7001, 7002, 19999) for update; select pg_sleep(60)" >/dev/null 2>&1 3>&- &
    writer=$!
    await eval '[ "$(pg_sql "select wait_event from pg_stat_activity where application_name = '"'holder'"'")" = PgSleep ]'
    run upkeep apply plan.json
    expect_code 0
    pg_whole 2005
    pg_sql "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'holder'" >/dev/null
    wait "$writer" || true
    writer=
    [ "$(pg_sql "select max(split_part(statement, ' ', 3)::int) <= 2000 from upkeep.ledger where outcome = 'round'")" = t ]
    rm -r .upkeep
  done
}

@test "PostgreSQL: rows that somebody writes or holds meanwhile are neither lost nor doubled" {
  postgres_rows archive_rows "batch: 200"
  (while :; do
    pg_sql "insert into $here (at, note) select now(), 'new' from generate_series(1, 20)" \
      "update $here set note = note || 'y' where id in (select id from $here order by random() limit 20)" \
      "begin; update $here set note = note || 'z' where id between 9000 and 9005; select pg_sleep(0.05); commit" >/dev/null
    echo x >>written
  done) 2>/dev/null 3>&- &
  writer=$!
  await test -s written
  run upkeep apply plan.json
  kill "$writer"
  wait "$writer" || true
  expect_clean
  expect_code 0
  [ "$(pg_sql "select count(*) filter (where note not like 'new%'), count(distinct id) = count(*) from (select id, note from $here union all select id, note from $archive) x")" = "20000|t" ]
  [ "$(pg_sql "select count(*) filter (where at > now() - interval '10 days') from $archive")" = 0 ]
}

@test "PostgreSQL: paused between rounds it changes nothing, and goes on" {
  postgres_rows archive_rows "batch: 50"
  begin --json
  await pg_rounds 3
  run upkeep pause last
  expect_code 0
  await eval 'upkeep status last | grep -q "paused"'
  sleep 0.3
  before=$(pg_sql "select count(*) from $archive")
  sleep 0.7
  [ "$(pg_sql "select count(*) from $archive")" = "$before" ]
  [ "$(pg_sql "select count(*) from pg_stat_activity where application_name ~ '^upkeep' and xact_start is not null")" = 0 ]
  # What waits does not say that it runs.
  await grep -q '"event":"progress".*"state":"waiting"' out
  run upkeep continue last
  wait "$apply"
  apply=
  pg_whole
}

@test "PostgreSQL: rounds are made smaller while they go on, and never larger than planned" {
  postgres_rows archive_rows "batch: 10"
  echo "    throttle: active_sessions <= 1000" >>policies/p.yaml
  upkeep plan -o plan.json >out 2>&1
  begin --json
  await pg_rounds 3
  run upkeep set last batch=5000
  expect_code 64
  expect_text "5000 rows is more than the plan's bound, 10"
  run upkeep set last batch=4
  expect_code 0
  await grep -q '"limit":4' out
  run upkeep status last
  expect_text "set: batch=4, says"
  # By load: what holds the work back does so until it is taken back.
  run upkeep set last "throttle=active_sessions <= 2000"
  expect_code 64
  expect_text "allows more than the plan's bound, active_sessions <= 1000"
  run upkeep set last "throttle=active_sessions < 0"
  expect_code 0
  await grep -q '"gate":"throttle"' out
  run upkeep status last
  expect_text "set: throttle=active_sessions < 0, says"
  expect_text "for throttle"
  upkeep set last throttle=plan
  upkeep set last batch=10
  wait "$apply"
  apply=
  pg_whole
  run upkeep log replay
  expect_code 0
}

@test "PostgreSQL: cancelled while it waits, it is cancelled, and waits no more" {
  postgres_rows archive_rows "batch: 10"
  begin --json
  await pg_rounds 3
  upkeep pause last
  await grep -q '"event":"step.wait"' out
  upkeep cancel last
  code=0
  wait "$apply" || code=$?
  apply=
  [ "$code" -eq 13 ]
  grep '"event":"step.end"' out | grep -q '"state":"cancelled","step":"archive_rows'
  run upkeep resume last
  expect_code 0
  pg_whole
}

@test "PostgreSQL: a signal finishes the round; resume goes on" {
  postgres_rows archive_rows "batch: 50"
  begin
  await pg_rounds 3
  kill -INT "$apply"
  code=0
  wait "$apply" || code=$?
  [ "$code" -eq 130 ]
  grep -q 'UPK3281.*the run is stopped after' err
  run upkeep resume last
  expect_code 0
  pg_whole
}

@test "PostgreSQL: what deletes would carry on to other tables, and names too long, are refused" {
  postgres_rows archive_rows ""
  pg_sql "create table public.child (o bigint references $here on delete cascade)" >/dev/null
  run upkeep plan -o plan.json
  expect_text "deferred"
  [ "$(python3 -c 'import json; print([d["because"] for d in json.load(open("plan.json"))["body"]["deferred"]])')" = \
    "['a foreign key into it cascades or sets null: rows of other tables would go or change with its own']" ]
  pg_sql "drop table public.child" >/dev/null
  upkeep plan -o plan.json >/dev/null 2>&1
  pg_sql "create table public.child (o bigint references $here on delete set null)" >/dev/null
  run upkeep apply plan.json
  expect_text "no foreign key carries deletes on"
  [ "$(pg_sql "select count(*) from $here")" = 20000 ]
}

@test "SQLite: killed between rounds, and gone on with" {
  sqlite_rows "batch: 50"
  begin
  await lite_rounds 5
  kill -9 "$apply"
  wait "$apply" || true
  [ "$(sqlite3 t.db "select count(*) between 1 and 17999 from 'od\"d;--_archive'")" = 1 ]
  run upkeep resume last
  expect_code 0
  expect_clean
  lite_whole
  run upkeep log replay
  expect_code 0
  run upkeep rollback last --yes
  expect_code 0
  [ "$(sqlite3 t.db "select count(*), count(distinct id), sum(length(note)) from 'od\"d;--'")" = "20000|20000|490000" ]
}

@test "SQLite: another file, killed between rounds, and gone on with" {
  sqlite_rows "batch: 50, to_database: old.db"
  begin
  await lite_rounds 5
  kill -9 "$apply"
  wait "$apply" || true
  run upkeep resume last
  expect_code 0
  expect_clean
  [ "$(sqlite3 t.db "attach 'old.db' as o; select count(*), count(distinct id), sum(length(note)) from (select id, note from 'od\"d;--' union all select id, note from o.'od\"d;--_archive')")" = "20000|20000|490000" ]
  [ "$(sqlite3 old.db "select count(*), min(upkeep_state), max(upkeep_state) from 'od\"d;--_archive'")" = "18000|moved|moved" ]
}

@test "SQLite: rows that somebody writes meanwhile are neither lost nor doubled" {
  sqlite_rows "batch: 500"
  (while :; do
    sqlite3 -cmd '.timeout 5000' t.db "insert into 'od\"d;--' (at, note) values (datetime('now'), 'new'); update 'od\"d;--' set note = note || 'y' where id % 997 = abs(random()) % 997"
    echo x >>written
  done) 2>/dev/null >&2 3>&- &
  writer=$!
  await test -s written
  run upkeep apply plan.json
  kill "$writer"
  wait "$writer" || true
  expect_code 0
  expect_clean
  [ "$(sqlite3 -cmd '.timeout 5000' t.db "select count(*), count(distinct id) = count(*) from (select id, note from 'od\"d;--' union all select id, note from 'od\"d;--_archive') where note not like 'new%'")" = "20000|1" ]
}

@test "PostgreSQL: what a policy gives up is put back in rounds" {
  postgres_rows archive_rows "batch: 3000"
  pg_sql 'create table public."od2--" (at timestamptz)' "insert into public.\"od2--\" values (now() - interval '1 year')" \
    "create function public.no() returns trigger language plpgsql as \$\$ begin raise 'not this one'; end \$\$" \
    'create trigger no before delete on public."od2--" for each row execute function public.no()' 'analyze' >/dev/null
  sed -i 's/    by: /    on_failure: rollback\n    by: /' policies/p.yaml
  upkeep plan -o plan.json >/dev/null 2>&1
  run upkeep apply plan.json
  expect_text "not this one"
  expect_clean
  [ "$(pg_sql "select count(*), count(distinct id), sum(length(note)) from $here")" = "20000|20000|490000" ]
  [ "$(pg_sql "select count(*) from $archive")" = 0 ]
  [ "$(pg_sql "select sum(split_part(statement, ' ', 3)::int) from upkeep.ledger where outcome = 'undo round'")" = 18000 ]
}

@test "SQLite: what a policy gives up is put back in rounds" {
  sqlite_rows "batch: 3000"
  sqlite3 t.db "create table 'od2--' (at text); insert into 'od2--' values ('2020-01-01'); create trigger no before delete on 'od2--' begin select raise(abort, 'not this one'); end"
  sed -i 's/    by: /    on_failure: rollback\n    by: /' policies/p.yaml
  upkeep plan -o plan.json >/dev/null 2>&1
  run upkeep apply plan.json
  expect_text "not this one"
  expect_clean
  [ "$(sqlite3 t.db "select count(*), count(distinct id), sum(length(note)) from 'od\"d;--'")" = "20000|20000|490000" ]
  [ "$(sqlite3 t.db "select count(*) from 'od\"d;--_archive'")" = 0 ]
}

@test "PostgreSQL: rows of the archive that somebody holds are no undo" {
  postgres_rows archive_rows "batch: 5000"
  run upkeep apply plan.json
  expect_code 0
  PGAPPNAME=holder "$(pg_find_psql)" -X -q -c "begin; select from $archive limit 7 for update; select pg_sleep(30)" >/dev/null 2>&1 3>&- &
  writer=$!
  await eval '[ "$(pg_sql "select wait_event from pg_stat_activity where application_name = '"'holder'"'")" = PgSleep ]'
  run upkeep rollback last --yes
  expect_code 9
  expect_text "7 rows of the run are left in the archive"
  kill "$writer"
  pg_sql "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'holder'" >/dev/null
  [ "$(pg_sql "select count(*) from $archive")" = 7 ]
}
