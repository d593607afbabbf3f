# Real damage in the files of real servers: found, named with its block, nothing done to what is damaged, mended where that is right.
# long
load common

majors="13 15 18"
PGOPTIONS="-c client_min_messages=warning"
export PGOPTIONS

setup_file() {
  export PG_NO_TRAP=1
  . "$UPKEEP_SOURCE/tests/live/postgres.sh"
  . "$UPKEEP_SOURCE/tests/live/versions.sh"
  PSQL=$(pg_find_psql)
  export PSQL
  local major
  for major in $majors; do
    if [ "$major" = 15 ]; then
      VERSIONS_BIN=$(pg_find_bin)
    elif ! versions_get "$major"; then
      echo "$VERSIONS_WHY" >"$BATS_FILE_TMPDIR/why-$major"
      continue
    fi
    pg_start "$VERSIONS_BIN" || return 1
    printf 'export PG_DIR=%q PGHOST=%q PGPORT=%q PGUSER=%q\n' "$PG_DIR" "$PGHOST" "$PGPORT" "$PGUSER" >"$BATS_FILE_TMPDIR/server-$major"
  done
}

teardown_file() {
  . "$UPKEEP_SOURCE/tests/live/postgres.sh"
  local file
  for file in "$BATS_FILE_TMPDIR"/server-*; do
    [ -e "$file" ] || continue
    . "$file"
    pg_stop "$PG_DIR"
  done
}

sql() { "$PSQL" -XqAt -v ON_ERROR_STOP=1 -c "$1" "${@:2}"; }

# A database with two tables on the server of that major.
on() { # major
  [ -e "$BATS_FILE_TMPDIR/server-$1" ] || skip "$(cat "$BATS_FILE_TMPDIR/why-$1")"
  . "$BATS_FILE_TMPDIR/server-$1"
  PGDATABASE=postgres sql "drop database if exists damage"
  PGDATABASE=postgres sql "create database damage with template template0"
  export PGDATABASE=damage
  sql "create extension amcheck"
  sql "create table t (id int, name text)"
  sql "insert into t select g, md5(g::text) from generate_series(1, 20000) g"
  sql "create index t_id on t (id)"
  sql "create table good (id int primary key)"
  sql "insert into good select g from generate_series(1, 1000) g"
  sql "vacuum analyze"
  cat >upkeep.yaml <<YAML
version: 1
targets:
  p: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=postgres dbname=damage" }
use: [ { name: std/postgres-baseline, except: [ must-be-on ] } ]
include: [ p.yaml ]
YAML
  echo 'policies: []' >p.yaml
}

# Bytes of a relation's file, while the server is stopped. Its checksum, where it has one, is wrong from then on.
spoil() { # relation, block, offset in it, bytes
  local file
  file=$PG_DIR/data/$(sql "select pg_relation_filepath('$1')")
  . "$UPKEEP_SOURCE/tests/live/postgres.sh"
  control stop
  printf "$4" | dd of="$file" bs=1 seek=$(($2 * 8192 + $3)) conv=notrunc status=none
  control start
}

control() { # stop or start
  pg_as_user "$(cat "$PG_DIR/bin")/pg_ctl" -D "$PG_DIR/data" -m fast -w -l "$PG_DIR/server.log" \
    -o "-k $PG_DIR -p $PGPORT -c listen_addresses= -c fsync=off -c autovacuum=off" "$1" >/dev/null 3>&-
}

apply() { # options of plan
  run upkeep plan "$@" -o plan.json
  expect_code 0
  run upkeep apply plan.json
  expect_clean
  expect_code 0
}

# The whole way of a damaged index: found, its table looked at, rebuilt, looked through, nothing left to do.
index() { # major, has verify_heapam
  on "$1"
  spoil t_id 3 24 '\377\377\377\377\377\377\377\377'
  apply --only integrity-index
  run upkeep check
  expect_code 2
  expect_text "public.t_id: corruption_found 1"
  sql "select detail from upkeep.finding where damage > 0" | grep -qE "block 3|tid=\(3,"
  expect_no_text "public.good_pkey: corruption_found"
  if [ "$2" ]; then
    run upkeep plan --only damage-index
    expect_text "its table was not checked since"
    expect_no_text "steps: 1"
  fi
  apply
  apply
  run upkeep plan --detailed-exitcode
  expect_code 0
  expect_text "Nothing to do"
  run upkeep check
  expect_no_text "corruption_found"
  [ "$(sql "set enable_seqscan = off; select count(*) from t where id between 1 and 20000")" = 20000 ]
  [ "$(sql "select count(*) from upkeep.finding where check_name = 'rebuild_index' and damage = 0 and name = 't_id'")" = 1 ]
}

@test "13: a damaged index is found, rebuilt and looked through" { index 13 ""; }
@test "15: a damaged index is found, and rebuilt once its table was found whole" { index 15 yes; }
@test "18: a damaged index is found, and rebuilt once its table was found whole" { index 18 yes; }

# A damaged table is left alone by everything.
table() { # major
  on "$1"
  sql "delete from t where id % 3 = 0"
  sql "select pg_stat_force_next_flush()" 2>/dev/null || true
  cat >p.yaml <<'YAML'
policies:
  - { name: v, for: table, where: name = 't', ensure: dead_rows < 0, by: vacuum }
  - { name: f, for: table, where: name = 't', ensure: xid_age < 0, by: freeze }
  - { name: i, for: index, where: name = 't_id', ensure: size < 0B, by: rebuild_index }
YAML
  sql checkpoint
  spoil t 5 40 '\377\177\001\000' # a redirection to nowhere
  apply --only integrity-table
  run upkeep check
  expect_code 2
  expect_text "public.t: corruption_found"
  expect_text "block 5"
  run upkeep plan --only v,f,i,damage-table,damage-index -o plan.json
  expect_text "deferred  vacuum  public.t  (cause) damage was found"
  expect_text "deferred  freeze  public.t  (cause) damage was found"
  expect_text "deferred  rebuild_index  public.t_id  (cause) damage was found in its table"
  python3 - <<'PY'
import json
assert json.load(open("plan.json"))["body"]["steps"] == []
PY
}

@test "15: a damaged table is found, and nothing touches it" { table 15; }
@test "18: a damaged table is found, and nothing touches it" { table 18; }
