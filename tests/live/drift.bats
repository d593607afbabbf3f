# Between plan and apply another object is put behind the same name, or the
# object is changed: the step is refused before it changes anything. What is
# fine, gone, or only rebuilt is no drift.
load common
load server

# With an index that is larger than it need be.
again="create table t (id int primary key, v text); insert into t select g, md5(g::text) from generate_series(1, 3000) g; create index t_v on t (v); delete from t where id > 10"

# A table with an index that was never analysed, in a database of its own.
project() { # database
  PGDATABASE=postgres sql "create database $1"
  export PGDATABASE=$1
  sql "$again; create table other (id int); insert into other values (1)"
  cat >upkeep.yaml <<YAML
version: 1
targets:
  p: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=postgres dbname=$1" }
include: [ p.yaml ]
YAML
  cat >p.yaml <<'YAML'
policies:
  - { name: a, for: table, where: "name in ('t', 'other')", ensure: not never_analyzed, by: refresh_statistics }
  - { name: b, for: index, where: name = 't_v', ensure: measured_size <= 40kB, by: rebuild_index, on_failure: continue }
YAML
}

@test "a table that was dropped and made again is another one: exit 5, and nothing runs" {
  project made_again
  sed -i "s/name in ('t', 'other')/name = 't'/" p.yaml
  upkeep plan -o plan.json >/dev/null
  sql "drop table t; $again"
  run upkeep apply plan.json --dry-run
  expect_code 5
  # upkeep's own ledger is made; that is nothing.
  run upkeep apply plan.json
  expect_code 5
  expect_text "UPK3207"
  expect_text "table \`public.t\` is not what it was when the plan was made: fingerprint"
  [ "$(sql "select count(*) from pg_stats where tablename = 't'")" -eq 0 ]
  run upkeep log replay last
  expect_code 0
}

@test "nothing but drift is exit 5; the plan names the fingerprint, and its twin the same" {
  project only_drift
  sed -i '/name: a/d' p.yaml
  sed -i 's/dbname=only_drift"/&, ledger: none/' upkeep.yaml
  upkeep plan -o plan.json >/dev/null
  [ "$(grep -o '"fingerprint":"[0-9a-f]\{16\}"' plan.json | sort -u | wc -l)" -eq 1 ]
  # Rebuilt, vacuumed, constrained, analysed: it is the same.
  sql "insert into t select g, md5(g::text) from generate_series(4000, 8000) g"
  sql "reindex index concurrently t_v"
  sql "vacuum full t"
  sql "alter table t add constraint c check (id > 0); cluster t using t_pkey"
  run upkeep apply plan.json --dry-run
  expect_code 0
  # An index of another form, or the like on another table, is not.
  sql "drop index t_v; create index t_v on t (v desc)"
  run upkeep apply plan.json
  expect_code 5
  expect_text "UPK3207"
  sql "drop index t_v; create index t_v on t (v)"
  run upkeep apply plan.json --dry-run
  expect_code 0
  sql "drop table t; $again"
  run upkeep apply plan.json --dry-run
  expect_code 5
}

@test "columns that were changed are drift; what is gone, or fine, is skipped" {
  project changed
  upkeep plan -o plan.json >/dev/null
  sql "alter table other add column v int; drop index t_v; analyze t"
  run upkeep apply plan.json
  expect_clean
  [ "$status" -eq 5 ]
  expect_text "table \`public.other\` is not what it was"
  run upkeep log show
  expect_text "reason=satisfied"
  expect_text "reason=gone"
}

@test "a plan that itself changes a table does not stumble over it" {
  project itself
  cat >>p.yaml <<'YAML'
  - name: widen
    for: table
    where: name = 't'
    ensure: not never_analyzed
    by: run_sql
    with: { irreversible: a test, checks: [ { sql: "select count(*) as n from public.t", expect: n > 0 } ], run: [ alter table public.t add column w int, analyze public.t ] }
    after: [ b ]
YAML
  sed -i '/name: a/s/^.*$/  - { name: a, for: table, where: "name = '"'t'"'", ensure: not never_analyzed, by: vacuum, with: { analyze: true }, after: [ widen ] }/' p.yaml
  run upkeep plan -o plan.json
  expect_code 0
  run upkeep apply plan.json
  expect_code 0
}

@test "SQLite: a table with other columns is another one; one that was vacuumed is not" {
  sqlite3 x.db "create table t (a int, b text); insert into t values (1, 'x'); create index t_b on t (b)"
  echo 'policies: [ { name: a, for: index, where: name = '"'t_b'"', ensure: size <= 1B, by: rebuild_index } ]' | sqlite_project x.db
  upkeep plan -o plan.json >/dev/null
  sqlite3 x.db "vacuum; reindex; analyze"
  run upkeep apply plan.json --dry-run
  expect_code 0
  sqlite3 x.db "drop table t; create table t (a int, b text, c); create index t_b on t (b desc)"
  run upkeep apply plan.json --dry-run
  expect_code 5
  expect_text "UPK3207"
}
