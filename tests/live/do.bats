# plan --do ACTION:OBJECT: one action on one object without a broken invariant.
load common

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  sqlite3 x.db "create table t (a int, b text); insert into t values (1, 'x'), (2, 'y'); create index t_b on t (b); create table u (a int)"
  # Nothing is broken here.
  echo 'policies: [ { name: quiet, for: index, ensure: size >= 0, by: rebuild_index } ]' | sqlite_project x.db
}

@test "an object without debt is planned, applied, and not skipped as satisfied" {
  run upkeep plan
  expect_code 0
  expect_text "0 steps"
  run upkeep plan --do rebuild_index:t_b -o plan.json
  expect_code 0
  expect_text "rebuild_index  t_b"
  expect_text "asked for, with --do"
  expect_no_text "quiet"
  run upkeep apply plan.json
  expect_code 0
  expect_text "applied"
  expect_no_text "skipped: satisfied"
  run upkeep log replay last
  expect_code 0
  # Again: no convergence is asked for, and a plan is still single-use.
  run upkeep apply plan.json
  expect_code 5
  run upkeep plan --do rebuild_index:t_b --detailed-exitcode
  expect_code 2
}

@test "every action of a table or index can be asked for, with typed parameters" {
  run upkeep plan --do refresh_statistics:t -o plan.json
  expect_code 0
  run upkeep apply plan.json
  expect_code 0
  [ "$(sqlite3 x.db "select count(*) from sqlite_stat1 where tbl = 't'")" -eq 1 ]
  run upkeep plan --do run_sql:t@table --with "run=[ delete from t where a = 2 ]" \
    --with "checks=[ { sql: select count(*) as n from t, expect: n = 1 } ]" --with "irreversible=rows: they are gone" -o plan.json
  expect_code 0
  run upkeep apply plan.json
  expect_code 0
  [ "$(sqlite3 x.db "select count(*) from t")" -eq 1 ]
}

@test "what is misspelt is named, with what is meant" {
  run upkeep plan --do rebuild_indx:t_b
  expect_code 3
  expect_text "there is no action \`rebuild_indx\`"
  expect_text "rebuild_index"
  run upkeep plan --do rebuild_index:t_c
  expect_code 3
  expect_text UPK3209
  expect_text "t_b"
  run upkeep plan --do rebuild_index
  expect_code 3
  expect_text UPK3208
  run upkeep plan --do rebuild_index:t_b --with onlin=1
  expect_code 3
  expect_text "onlin"
  run upkeep plan --do run_sql:t
  expect_code 3
  expect_text "ACTION:OBJECT@KIND"
}

@test "a name is written as reports show it, or without quotes; an at sign within quotes is no kind" {
  sqlite3 x.db 'create table "We ird" (a int); create table "a@table" (a int); create table "q""x" (a int)'
  local name
  for name in '"We ird"' 'We ird' '"We ird"@table' '"a@table"' '"a@table"@table' 'a@table@table' 'q"x'; do
    run upkeep plan --do "refresh_statistics:$name"
    expect_code 0
    expect_text "asked for, with --do"
  done
}

@test "what the project protects stays protected" {
  sed -i '1a protected: [ t_b ]' upkeep.yaml
  run upkeep plan --do rebuild_index:t_b
  expect_code 0
  expect_text "0 steps"
}
