# The whole path on SQLite databases: check, plan, apply, empty second plan, log.
# long
load common

make_shop() {
  sqlite3 "${1:-shop.db}" <"$UPKEEP_SOURCE/examples/quickstart/make_database.sql" >/dev/null
  cp -r "$UPKEEP_SOURCE/examples/quickstart/upkeep.yaml" "$UPKEEP_SOURCE/examples/quickstart/policies" .
}

@test "the debt of the quickstart is found, planned, applied, and then gone" {
  make_shop
  run upkeep check
  expect_code 2
  for policy in sqlite-duplicate-index sqlite-statistics sqlite-free-space \
    sqlite-wal-size events-retention; do
    expect_text "$policy"
  done
  run upkeep plan -o plan.json
  expect_code 0
  for action in drop_index refresh_statistics compact_database checkpoint \
    archive_rows verify_integrity; do
    expect_text "$action"
  done
  run upkeep apply plan.json
  expect_code 0
  expect_clean
  run upkeep check
  expect_code 0
  run upkeep plan --detailed-exitcode
  expect_code 0
  expect_text "Nothing to do"
  run upkeep log verify
  expect_code 0
  [ "$(sqlite3 shop.db 'select count(*) from event_archive')" -gt 0 ]
  [ "$(sqlite3 shop.db 'pragma integrity_check')" = ok ]
  [ "$(sqlite3 shop.db "select count(*) from event where created_at < datetime('now', '-90 days', '-1 hour')")" = 0 ]
}

@test "check, inspect and plan change no byte of the database or its log" {
  make_shop
  sha256sum shop.db shop.db-wal >before
  run upkeep check
  run upkeep inspect --all -o facts.json
  expect_code 0
  run upkeep plan -o plan.json
  expect_code 0
  sha256sum -c before
}

@test "equal inputs give equal bytes: again, elsewhere, in another locale and zone" {
  make_shop
  upkeep inspect -o facts.json.zst
  upkeep plan --facts facts.json.zst -o one.json
  upkeep plan --facts facts.json.zst -o two.json
  cmp one.json two.json
  mkdir -p elsewhere/deep
  cp -r upkeep.yaml policies facts.json.zst elsewhere/deep/
  (cd elsewhere/deep && LC_ALL=C.UTF-8 LANG=tr_TR.UTF-8 TZ=Asia/Kolkata HOME=/ \
    upkeep plan --facts facts.json.zst -o ../../three.json)
  cmp one.json three.json
}

@test "a Lua twin gives the same body, digest and intent" {
  make_shop
  upkeep inspect -o facts.json
  upkeep plan --facts facts.json -o yaml.json
  rm policies/retention.yaml
  sed -i 's,policies/\*.yaml,policies/*,' upkeep.yaml
  cat >policies/retention.lua <<'LUA'
local u = require "upkeep"
local days = 90
policy("events-retention", {
  why = "events are asked for during 90 days; older ones are kept in the archive table",
  ["for"] = "table",
  where = "name = 'event'",
  ensure = "oldest_row_age(created_at) <= " .. days .. "d",
  by = u.archive_rows { column = "created_at", older_than = days .. "d" },
})
LUA
  upkeep plan --facts facts.json -o lua.json
  python3 - <<'PY'
import json
a, b = (json.load(open(n)) for n in ("yaml.json", "lua.json"))
def body(n):
    s = open(n, "rb").read()
    return s[:s.rindex(b',"digest":')]
assert body("yaml.json") == body("lua.json"), "bodies differ"
assert a["digest"] == b["digest"] and a["intent"] == b["intent"]
PY
}

@test "a plan is single-use" {
  make_shop
  upkeep plan -o plan.json
  upkeep apply plan.json
  run upkeep apply plan.json
  expect_code 5
  expect_clean
}

@test "hostile names are maintained, not executed" {
  python3 - <<'PY'
import sqlite3
db = sqlite3.connect("hostile.db")
names = ['"; drop table victim; --', "quote'd", 'double"d', "new\nline", "tab\there",
         "\u202egnp.exe", "ünï " + "ö" * 28, "Case", "select", "a.b", "x]y[", "`tick`", "%s%n", " ", "-- x",
         "\U0001f4a9", "{filter}", "${var}", "$1", "?1"]
db.execute("create table victim (a)")
for name in names + ["CaseX"]:
    q = '"' + name.replace('"', '""') + '"'
    db.execute(f"create table {q} (id integer primary key, {q} text)")
    db.executemany(f"insert into {q} ({q}) values (?)", [("v%d" % (i % 50),) for i in range(1500)])
    i1 = '"' + ("i1 " + name).replace('"', '""') + '"'
    i2 = '"' + ("i2 " + name).replace('"', '""') + '"'
    db.execute(f"create index {i1} on {q} ({q})")
    db.execute(f"create index {i2} on {q} ({q})")
db.commit()
PY
  cat >upkeep.yaml <<'YAML'
version: 1
targets: { h: { engine: sqlite, connect: hostile.db } }
use: [ std/sqlite-baseline ]
YAML
  run upkeep plan -o plan.json
  expect_code 0
  run upkeep apply plan.json
  expect_code 0
  expect_clean
  run upkeep plan --detailed-exitcode
  expect_code 0
  [ "$(sqlite3 hostile.db 'select count(*) from victim')" = 0 ]
  [ "$(sqlite3 hostile.db "select count(*) from sqlite_schema where type = 'index' and name like 'i%'")" = 21 ]
  for format in text json markdown sql mermaid; do
    run upkeep show plan.json --format $format
    expect_code 0
  done
}

@test "a database that is not there is unreachable, and is not created" {
  sqlite_project gone.db <<'YAML'
policies: [ { name: p, for: database, ensure: size >= 0B } ]
YAML
  run upkeep check
  expect_code 12
  expect_text "No such file"
  [ ! -e gone.db ]
}

@test "a file that is no database is refused" {
  head -c 20000 /dev/urandom >noise.db
  sqlite_project noise.db <<'YAML'
policies: [ { name: p, for: database, ensure: size >= 0B } ]
YAML
  run upkeep check
  expect_code 12
  expect_clean
}

@test "an index dropped after planning is skipped, and said" {
  make_shop
  upkeep plan -o plan.json
  sqlite3 shop.db "drop index order_by_customer; drop index order_customer"
  run upkeep apply plan.json
  expect_code 0
  expect_text "skipped"
  run upkeep plan --detailed-exitcode
  expect_code 0
}

@test "a plan for another database behind the same name is refused" {
  make_shop
  upkeep plan -o first.json
  upkeep apply first.json
  sqlite3 shop.db "create index order_again on \"order\" (customer_id, created_at)"
  upkeep plan -o plan.json
  mv shop.db mine.db
  rm -f shop.db-wal shop.db-shm
  make_shop
  upkeep plan -o other.json
  upkeep apply other.json
  run upkeep apply plan.json
  expect_code 5
  expect_clean
}

@test "a locked database: bounded waiting, nothing half done" {
  make_shop
  upkeep plan --only sqlite-duplicate-index -o plan.json
  python3 - <<'PY' &
import sqlite3, time, os
db = sqlite3.connect("shop.db", isolation_level=None)
db.execute("begin immediate")
open("held", "w").close()
while not os.path.exists("release"): time.sleep(0.05)
db.execute("rollback")
PY
  holder=$!
  while [ ! -e held ]; do sleep 0.05; done
  run timeout 120 "$UPKEEP" apply plan.json
  touch release
  wait $holder
  expect_clean
  [ "$status" -ne 0 ]
  [ "$status" -ne 124 ]
  [ "$(sqlite3 shop.db "select count(*) from sqlite_schema where name in ('order_customer', 'order_by_customer')")" = 2 ]
  run upkeep log verify
  expect_code 0
}

@test "a failing post-check rolls the step back" {
  sqlite3 t.db "create table t (a); insert into t values (1)"
  sqlite_project t.db <<'YAML'
policies:
  - name: doomed
    for: database
    ensure: size <= 1B
    by: run_sql
    with:
      before: [ { sql: "select a from t", expect: "a = 1" } ]
      run: [ { sql: "update t set a = 2" } ]
      checks: [ { sql: "select a from t", expect: "a = 3" } ]
      undo: [ { sql: "update t set a = 1" } ]
YAML
  run upkeep plan -o plan.json
  expect_code 0
  run upkeep apply plan.json
  expect_code 9 # the ledger was made; the step itself left nothing
  expect_clean
  [ "$(sqlite3 t.db 'select a from t')" = 1 ]
}

@test "a policy that fails is undone as a whole, and each end is said" {
  sqlite3 t.db "create table a (x); create table b (x); create table w (t)"
  sqlite_project t.db <<'YAML'
policies:
  - name: p
    for: table
    where: name in ('a', 'b')
    ensure: rows > 0
    on_failure: rollback
    by: run_sql
    with:
      undo: [ delete from a ]
      run: [ insert into a values (1), "insert into w select count(*) from a", "insert into b select 1 where (select count(*) from w) > 9" ]
      checks: [ { sql: select 1 as a, expect: a = 1 } ]
YAML
  upkeep plan -o plan.json
  run upkeep apply plan.json
  [ "$status" -eq 8 ] || expect_code 9
  expect_text "run_sql  a  applied"
  expect_text "run_sql  b  undone: post-check"
  expect_text "run_sql  a  undone  ("
  [ "$(sqlite3 t.db 'select (select count(*) from a), (select count(*) from b)')" = "0|0" ]
  [ "$(sqlite3 t.db "select group_concat(outcome, ' ') from upkeep_ledger where action = 'run_sql' order by id")" = "applied undone" ]
}
