# Hostile names, schemas, settings and files: no harm, and a clear word.
load common
load server

# A database with two equal indexes, and a project that drops one.
twice() { # database, more of the connect string, more of `create database`
  PGDATABASE=postgres sql "create database $1 ${3:-}"
  export PGDATABASE=$1
  sql "create table t (id int primary key, v text);
       create index a on t (v); create index b on t (v)"
  cat >upkeep.yaml <<YAML
version: 1
targets:
  p: { engine: postgres, connect: "host=$PGHOST port=$PGPORT dbname=$1 ${2:-user=postgres}" }
use: [ { name: std/postgres-baseline, except: [ must-be-on, integrity-index, integrity-table ] } ]
YAML
}

plan_and_apply() {
  run upkeep plan -q -o plan.json
  expect_code 0
  expect_clean
  run upkeep apply plan.json
  expect_clean
}

# Nothing below a space but new lines and tabs, no C1 control, no mark that
# turns a line around.
expect_plain() { # file
  if LC_ALL=C grep -qaP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]' "$1"; then
    cat -v "$1"
    return 1
  fi
}

@test "names cannot steer a terminal" {
  python3 - <<'PY'
import sqlite3
name = 'e\x1b[2J\x1b]0;x\x07\x9b31m\u202e\n|<b>`"'
quoted = '"' + name.replace('"', '""') + '"'
c = sqlite3.connect("t.db")
c.execute(f"create table {quoted} (a)")
for i in "ij":
    c.execute(f'create index "{i}{quoted[1:]} on {quoted}(a)')
c.commit()
PY
  sqlite_project t.db <<<'policies: []'
  sed -i 's/^include.*/use: [ std\/sqlite-baseline ]/' upkeep.yaml
  upkeep check >check.txt 2>&1 || true
  upkeep plan -o plan.json >plan.txt 2>&1
  for format in text markdown mermaid; do
    upkeep show plan.json --format $format >$format.txt 2>&1
  done
  upkeep apply plan.json >apply.txt 2>&1
  upkeep log show --verbose >log.txt 2>&1
  upkeep show $'no\e[2Jsuch.json' >missing.txt 2>&1 || true
  for file in *.txt; do expect_plain "$file"; done
  grep -q 'x1b\[2J' check.txt
  grep -q 'x1b\[2J' missing.txt
}

@test "what a connect string refers to is not said" {
  echo 'CANARY of another file' >secret
  chmod 600 secret
  sqlite_project t.db <<<'policies: []'
  for connect in file:secret env:CANARY_HOLDER postgres:CANARY@127.0.0.1/x; do
    sed -i "s,^  t: .*,  t: { engine: postgres\, connect: '$connect' }," upkeep.yaml
    run env CANARY_HOLDER=CANARY "$UPKEEP" inspect t
    expect_code 12
    expect_clean
    expect_no_text CANARY
  done
  sed -i "s,^  t: .*,  t: { engine: postgres\, connect: 'file:/dev/zero' }," upkeep.yaml
  run timeout 20 "$UPKEEP" inspect t
  expect_code 64
  expect_text "it is no regular file"
}

@test "an endless file is no facts file" {
  sqlite_project t.db <<<'policies: [ { name: p, for: table, ensure: size >= 0B } ]'
  zstd -q -o bomb.zst <(head -c 1100000000 /dev/zero)
  run timeout 60 "$UPKEEP" check --facts bomb.zst
  expect_code 64
  expect_clean
  expect_text "too large"
}

@test "a child that compiles ends with its parent" {
  sqlite_project t.db <<<'policies: []'
  rm policies/*
  echo 'local function f(...) return f(1, ...) end f()' >policies/a.lua
  "$UPKEEP" validate >/dev/null 2>&1 &
  local parent=$! child=
  while [ -z "$child" ]; do child=$(pgrep -P $parent || true); done
  until grep -qs '__compile' /proc/$child/cmdline &&
    [ "$(ps -o cputimes= -p $child)" -ge 1 ]; do sleep 0.05; done
  kill -9 $parent
  for _ in $(seq 40); do
    [ -e /proc/$child ] && ! grep -q '^State:.Z' /proc/$child/status || return 0
    sleep 0.05
  done
  kill -9 $child
  return 1
}

@test "bytes behind the seal of a log are seen" {
  sqlite3 t.db "create table t (a); create index i on t (a); create index j on t (a)"
  sqlite_project t.db <<<'policies: []'
  sed -i 's/^include.*/use: [ std\/sqlite-baseline ]/' upkeep.yaml
  plan_and_apply
  expect_code 0
  run upkeep log verify
  expect_code 0
  printf 'x' >>.upkeep/runs/*/log.jsonl
  run upkeep log verify
  expect_code 5
  expect_text "behind run.end"
}

@test "SQLite: a ledger that swallows rows stops the step" {
  sqlite3 t.db "create table t (a); create index i on t (a)"
  sqlite_project t.db <<<'policies: []'
  sed -i 's/^include.*/use: [ std\/sqlite-baseline ]/' upkeep.yaml
  plan_and_apply
  expect_code 0
  sqlite3 t.db "create index j on t (a); create trigger no before insert on upkeep_ledger
    begin select raise(ignore); end"
  plan_and_apply
  expect_code 8
  expect_text "UPK3144"
  [ "$(sqlite3 t.db "select count(*) from sqlite_schema where name in ('i', 'j')")" -eq 2 ]
}

@test "PostgreSQL: a rule on the ledger stops the step" {
  twice rules
  plan_and_apply
  expect_code 0
  sql "create rule no as on insert to upkeep.ledger do instead nothing; create index c on t (v)"
  plan_and_apply
  [ "$status" -ne 0 ]
  expect_text "UPK3144"
}

@test "PostgreSQL: settings of the role do not reach the session" {
  PGDATABASE=postgres sql "create role odd superuser login"
  for setting in standard_conforming_strings=off statement_timeout=20 lock_timeout=1 \
    default_transaction_read_only=on "default_transaction_isolation=serializable" \
    "datestyle='SQL, DMY'" client_encoding=LATIN1 bytea_output=escape \
    extra_float_digits=-15 client_min_messages=error quote_all_identifiers=on \
    transform_null_equals=on; do
    PGDATABASE=postgres sql "alter role odd set $setting"
  done
  twice settings "user=odd"
  sql "create table \"a\\' b\" (v text); create index \"i\\' 1\" on \"a\\' b\" (v);
       create index \"i\\' 2\" on \"a\\' b\" (v)"
  plan_and_apply
  expect_code 0
  run upkeep plan --detailed-exitcode
  expect_code 0
}

@test "PostgreSQL: functions and tables named like the catalogue's are not called" {
  twice shadow
  sql "create function public.now() returns timestamptz language plpgsql as 'begin raise exception ''called''; end';
       create function public.to_regclass(text) returns regclass language plpgsql as 'begin raise exception ''called''; end';
       create function public.current_setting(text) returns text language plpgsql as 'begin raise exception ''called''; end';
       create table public.pg_class (x int);
       alter database shadow set search_path = public, pg_catalog"
  plan_and_apply
  expect_code 0
  expect_no_text called
}

@test "PostgreSQL: names that are no UTF-8" {
  twice ascii "" "encoding 'SQL_ASCII' template template0"
  printf 'create table "t\xff\xfe" (a int); create index "i\xff" on "t\xff\xfe" (a);
    create index "j\xff" on "t\xff\xfe" (a);' | PGCLIENTENCODING=SQL_ASCII "$PSQL" -Xq
  run upkeep check
  expect_clean
  expect_text "invalid byte sequence"
  plan_and_apply
  expect_code 0
  [ "$(sql "select count(*) from pg_index where indrelid = 't'::regclass")" -eq 3 ]
}
