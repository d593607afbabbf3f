# Every SQLite action of the standard library, from a broken invariant to an empty second plan; and damage.
load common

make_database() {
  sqlite3 t.db >/dev/null <<'SQL'
pragma auto_vacuum = incremental;
create table parent (id integer primary key);
create table event (id integer primary key, body text, at text, parent int references parent (id));
create index event_body on event (body);
insert into event
select value, hex(randomblob(20)), datetime('now', '-' || value || ' minutes'), null
from generate_series(1, 30000);
create table metric (at int);
insert into metric select (strftime('%s', 'now') - value * 60) * 1000 from generate_series(1, 30000);
create table "we""ird 't; drop table x; --" ("a""b" text, c int);
create index "q""1" on "we""ird 't; drop table x; --" ("a""b");
create index "q""2" on "we""ird 't; drop table x; --" ("a""b", c);
insert into "we""ird 't; drop table x; --" select value, 1 from generate_series(1, 2000);
delete from event where id % 2;
-- No row comes of age while the test runs.
delete from event where at between datetime('now', '-10 days', '-1 hour') and datetime('now', '-10 days', '+2 hours');
delete from metric where at / 1000 between strftime('%s', 'now', '-10 days', '-1 hour') + 0
  and strftime('%s', 'now', '-10 days', '+2 hours') + 0;
SQL
}

policies() {
  sqlite_project t.db <<'YAML'
policies:
  - { name: keep-events, for: table, where: name = 'event', ensure: oldest_row_age(at) <= 10d,
      by: archive_rows, with: { column: at, older_than: 10d, max_rows: 0 } }
  - { name: keep-metrics, for: table, where: name = 'metric', ensure: oldest_row_age(at) <= 10d,
      by: expire_rows, with: { column: at, older_than: 10d, stored_as: milliseconds } }
  - { name: fk-index, for: constraint, ensure: has_index, by: create_index }
  - { name: journal, for: setting, where: name = 'journal_mode', ensure: value = recommended,
      by: set_parameter, with: { value: wal } }
  - { name: free, for: database, ensure: free_ratio <= 1%, by: vacuum,
      after: [ keep-events, keep-metrics, dense, sqlite-duplicate-index, sqlite-statistics ] }
  - { name: dense, for: index, where: name = 'event_body', ensure: bloat_ratio <= 20%, by: rebuild_index,
      after: [ keep-events ] }
  - name: proof
    for: database
    ensure: validation_age <= 1d
    if_unknown: act
    by: validate_data
    with: { assertions: [ { sql: "select count(*) as n from event where body is null", expect: n = 0 } ] }
  - name: marked
    for: table
    where: name = 'event'
    ensure: triggers = 1
    by: run_sql
    with:
      run: [ "create trigger event_mark after insert on event begin select 1; end" ]
      checks: [ { sql: "select count(*) as n from sqlite_schema where name = 'event_mark'", expect: n = 1 } ]
      undo: [ "drop trigger event_mark" ]
YAML
  echo 'use: [ std/sqlite-baseline ]' >>upkeep.yaml
}

@test "each action makes its invariant hold, and the second plan is empty" {
  make_database
  policies
  run upkeep plan -o plan.json
  expect_code 0
  for action in create_ledger archive_rows expire_rows create_index set_parameter vacuum rebuild_index \
    validate_data run_sql verify_integrity refresh_statistics drop_index; do
    expect_text "$action"
  done
  run upkeep apply plan.json
  expect_code 0
  expect_clean
  run upkeep plan --detailed-exitcode
  expect_code 0
  expect_text "Nothing to do"
  [ "$(sqlite3 t.db 'pragma journal_mode')" = wal ]
  [ "$(sqlite3 t.db 'pragma integrity_check')" = ok ]
  [ "$(sqlite3 t.db "select count(*) from sqlite_schema where name = 'q\"1'")" = 0 ]
}

@test "archived rows are neither lost nor doubled" {
  make_database
  policies
  before=$(sqlite3 t.db 'select count(*), sum(id), count(distinct body) from event')
  run upkeep plan --only keep-events -o plan.json
  expect_code 0
  run upkeep apply plan.json
  expect_code 0
  after=$(sqlite3 t.db 'select count(*), sum(id), count(distinct body) from
    (select id, body from event union all select id, body from event_archive)')
  [ "$before" = "$after" ]
  [ "$(sqlite3 t.db 'select count(*) > 0 from event_archive')" = 1 ]
}

@test "damage is a finding, and nothing rewrites the file any more" {
  make_database
  policies
  sqlite3 t.db 'pragma auto_vacuum = none; vacuum'
  page=$(sqlite3 t.db "select rootpage from sqlite_schema where name = 'event_body'")
  head -c 4096 /dev/urandom | dd of=t.db bs=4096 seek="$((page - 1))" conv=notrunc 2>/dev/null
  run upkeep plan --only sqlite-integrity -o plan.json
  expect_code 0
  run upkeep apply plan.json
  expect_code 0
  run upkeep check
  expect_code 2
  expect_text "corruption_found"
  run upkeep plan --only keep-events,sqlite-duplicate-index
  expect_text "0 steps"
  expect_text "damage was found"
}

archive_policies() { # more keys of the policies
  sqlite_project t.db <<YAML
policies:
  - { name: events, for: table, where: name = 'event', ensure: oldest_row_age(at) <= 10d, by: archive_rows,
      with: { column: at, older_than: 10d, max_rows: 0, to_database: "it's old.db" } }
  - { name: pairs, for: table, where: name = 'pair', ensure: oldest_row_age(at) <= 10d, by: archive_rows, $1
      with: { column: at, older_than: 10d, max_rows: 0, to_database: "it's old.db", to: kept } }
YAML
}

# Tables whose every row is told from all others: with a hidden rowid and NULLs, and without a rowid.
make_old_rows() {
  sqlite3 t.db >/dev/null <<'SQL'
pragma journal_mode = wal;
create table event (body text collate nocase, at text, rowid text);
insert into event select iif(value % 3, 'B' || value, null), datetime('now', '-' || value || ' hours', '30 minutes'), 'x'
from generate_series(1, 5000);
insert into event select * from event;
create table pair (a text, "b, c" int, at text, twice as (a || a), primary key (a, "b, c")) without rowid;
insert into pair select 'k', value, datetime('now', '-' || value || ' hours', '30 minutes') from generate_series(1, 5000);
SQL
  chmod 640 t.db
}

# All rows of both places, with how many times each is there.
all_rows() {
  sqlite3 t.db "attach 'it''s old.db' as old" "select body, at, count(*) from
    (select body, at from event union all select body, at from old.event_archive where upkeep_state = 'moved')
    group by 1, 2 order by 2, 1" \
    'select a, "b, c", at from (select a, "b, c", at from pair union all
    select a, "b, c", at from old.kept where upkeep_state = '"'moved'"') order by 2'
}
rows_before() {
  sqlite3 t.db "select body, at, count(*) from event group by 1, 2 order by 2, 1" \
    'select a, "b, c", at from pair order by 2'
}

@test "rows go to another file, neither lost nor doubled" {
  make_old_rows
  archive_policies
  rows_before >before
  upkeep plan -o plan.json
  run upkeep apply plan.json
  expect_code 0
  expect_clean
  all_rows | cmp - before
  [ "$(sqlite3 "it's old.db" 'select count(*) > 9000 from event_archive')" = 1 ]
  [ "$(stat -c %a "it's old.db")" = 640 ]
  run upkeep plan --detailed-exitcode
  expect_code 0
}

@test "a move that was cut off between the files is carried on" {
  make_old_rows
  archive_policies
  sqlite3 t.db "create trigger stop before delete on event begin select raise(abort, 'not yet'); end"
  upkeep plan --only events -o plan.json
  run upkeep apply plan.json
  [ "$status" -ne 0 ]
  expect_clean
  expect_text "not yet"
  [ "$(sqlite3 t.db 'select count(*) from event')" = 10000 ]
  [ "$(sqlite3 "it's old.db" "select count(*) = 1000 from event_archive where upkeep_state = 'moving'")" = 1 ]
  sqlite3 t.db "drop trigger stop; update event set body = 'changed meanwhile' where _rowid_ = 400"
  rows_before >before
  upkeep plan -o plan.json
  run upkeep apply plan.json
  expect_code 0
  all_rows | cmp - before
  [ "$(sqlite3 "it's old.db" "select count(*) from event_archive where upkeep_state = 'changed'")" = 1 ]
  [ "$(sqlite3 "it's old.db" "select count(*) from event_archive where upkeep_state = 'moving'")" = 0 ]
}

@test "rows come back from the other file when their policy is rolled back" {
  make_old_rows
  sqlite_project t.db <<'YAML'
policies:
  - { name: both, for: table, where: "name in ('event', 'pair')", ensure: oldest_row_age(at) <= 10d, by: archive_rows,
      on_failure: rollback, with: { column: at, older_than: 10d, max_rows: 0, to_database: old.db } }
YAML
  sqlite3 t.db "create trigger stop before delete on pair begin select raise(abort, 'not yet'); end"
  rows_before >before
  upkeep plan -o plan.json
  run upkeep apply plan.json
  [ "$status" -ne 0 ]
  expect_clean
  expect_text "undone"
  rows_before | cmp - before
  [ "$(sqlite3 old.db "select group_concat(distinct upkeep_state) from event_archive")" = restored ]
}

@test "an archive must be the path of a file" {
  make_old_rows
  archive_policies
  sed -i 's/"it.s old.db"/":memory:"/' policies/p.yaml
  run upkeep plan
  expect_code 3
  expect_text "must be the path of a file"
}

@test "a backup is made, checked and gone" {
  make_old_rows
  sqlite_project t.db </dev/null
  printf 'version: 1\ntargets: { t: { engine: sqlite, connect: t.db } }\nuse: [ std/sqlite-backup ]\n' >upkeep.yaml
  mkdir tmp
  export SQLITE_TMPDIR=$PWD/tmp
  run upkeep plan -o plan.json
  expect_code 0
  expect_text verify_backup
  run upkeep apply plan.json
  expect_code 0
  expect_clean
  [ "$(sqlite3 t.db "select check_name, damage, detail is null from upkeep_finding where kind = 'backup'")" = "integrity_check|0|1" ]
  [ -z "$(ls tmp)" ]
  run upkeep check
  expect_code 0
  run upkeep plan --detailed-exitcode
  expect_code 0
}

@test "damage in a backup is said" {
  make_old_rows
  printf 'version: 1\ntargets: { t: { engine: sqlite, connect: t.db } }\nuse: [ std/sqlite-backup ]\n' >upkeep.yaml
  sqlite3 t.db 'pragma journal_mode = delete; create index event_body on event (body)' >/dev/null
  page=$(sqlite3 t.db "select rootpage from sqlite_schema where name = 'event_body'")
  head -c 4096 /dev/urandom | dd of=t.db bs=4096 seek="$((page - 1))" conv=notrunc 2>/dev/null
  upkeep plan -o plan.json
  run upkeep apply plan.json
  expect_code 0
  run upkeep check
  expect_code 2
  expect_text "corruption_found"
  [ "$(sqlite3 t.db "select damage > 0 and detail <> '' from upkeep_finding where kind = 'backup'")" = 1 ]
  run upkeep plan --detailed-exitcode
  expect_code 0
}

@test "what an action refuses is deferred, and the rest is done" {
  make_old_rows
  sqlite3 t.db 'pragma journal_mode = delete' >/dev/null
  sqlite_project t.db <<'YAML'
policies:
  - { name: wal, for: setting, where: "name in ('journal_mode', 'auto_vacuum')", ensure: value = 'wal', by: set_parameter,
      with: { value: wal } }
YAML
  upkeep plan -o plan.json >said
  grep -q "deferred  set_parameter  auto_vacuum  (unsupported) only journal_mode can be set" said
  run upkeep apply plan.json
  expect_code 0
  [ "$(sqlite3 t.db 'pragma journal_mode')" = wal ]
}

@test "an index that another order left wrong is made anew with all others" {
  sqlite3 t.db "create table e (a text, b text); create index i on e (a);
    with recursive n(x) as (values (1) union all select x + 1 from n where x < 500) insert into e select x, 1000 - x from n"
  # The entries are of another column from now on.
  sqlite3 t.db "pragma writable_schema = on; update sqlite_schema set sql = 'CREATE INDEX i on e (b)' where name = 'i'"
  [ "$(sqlite3 t.db "pragma integrity_check(1)")" != ok ]
  sqlite_project t.db <<'YAML'
policies: [ { name: anew, for: database, ensure: size < 0, by: reindex_database } ]
YAML
  run upkeep plan -o plan.json
  expect_code 0
  run upkeep apply plan.json
  expect_clean
  expect_code 0
  [ "$(sqlite3 t.db "pragma integrity_check(1)")" = ok ]
  [ "$(sqlite3 t.db "select count(*) from e indexed by i where b = '700'")" = 1 ]
}
