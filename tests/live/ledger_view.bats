# The ledger as a DBA reads it: a view, made with it, and added to a ledger that an older version made.
load common
load server

one_index() { # engine, connect
  cat >upkeep.yaml <<YAML
version: 1
targets:
  t: { engine: $1, connect: "$2" }
include: [ policies/* ]
YAML
  mkdir -p policies
  cat >policies/p.yaml <<'YAML'
policies:
  - { name: no-duplicates, for: index, where: table = 't', ensure: duplicate_of is null, by: drop_index }
YAML
}

applied() { # object
  run upkeep plan -o plan.json
  expect_code 0
  run upkeep apply plan.json
  expect_code 0
  expect_text "2 applied"
  run upkeep plan
  expect_code 0
  expect_text "Nothing to do"
}

@test "SQLite: upkeep_log" {
  sqlite3 t.db "create table t (x); create index a on t (x); create index b on t (x)"
  one_index sqlite t.db
  applied
  [ "$(sqlite3 t.db "select action, object, statement, duration_ms >= 0, outcome, error is null, size_before is null from upkeep_log where action = 'drop_index'")" = \
    'drop_index|b|drop index main."b"|1|applied|1|1' ]
  # An older ledger has no view: it is a ledger all the same.
  sqlite3 t.db "drop view upkeep_log"
  run upkeep plan
  expect_text "Nothing to do"
  # The next plan that does anything adds it.
  sqlite3 t.db "create index c on t (x)"
  applied
  [ "$(sqlite3 t.db "select count(*) from upkeep_log")" -eq 4 ]
}

@test "PostgreSQL: upkeep.log" {
  PGDATABASE=postgres sql "create database ledger_view"
  export PGDATABASE=ledger_view
  sql "create table t (x int)"
  sql "create index a on t (x)"
  sql "create index b on t (x)"
  one_index postgres "host=$PGHOST port=$PGPORT user=postgres dbname=ledger_view"
  applied
  sql "select action, object, duration >= '0', outcome, error is null, size_after is null from upkeep.log where action = 'drop_index'" | tr -d ' \n' >seen
  [ "$(cat seen)" = \
    'drop_index|public.b|t|applied|t|t' ]
  sql "drop view upkeep.log"
  run upkeep plan
  expect_text "Nothing to do"
  sql "create index c on t (x)"
  applied
  [ "$(sql "select count(*) from upkeep.log")" -eq 4 ]
}
