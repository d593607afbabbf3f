# SQLite: many executors at one database.
load sqlite
load executors

setup_file() {
  export HERE=$BATS_FILE_TMPDIR
  cd "$HERE" && make_calm 2000 && sqlite3 calm.db "create table waiter (id)"
}

@test "SQLite: fifty executors at once: one proceeds, the others end with 6 and name it" {
  database_anew
  waiting_project "rows > 0" "insert into waiter values (1)" "select count(*) as one from waiter"
  upkeep plan -o plan.json >/dev/null 2>&1
  crowd 50
  expect=$(upkeep show plan.json --format json | python3 -c 'import json, sys; print(len(json.load(sys.stdin)["body"]["steps"]))')
  [ "$(sqlite3 fault.db "select count(*) from upkeep_ledger where outcome = 'applied'")" -eq "$expect" ]
  [ "$(sqlite3 fault.db "select count(distinct step) from upkeep_ledger")" -eq "$expect" ]
  [ "$(sqlite3 fault.db 'select count(*) from effects')" -eq 2 ]
  [ "$(ls .upkeep/runs | wc -l)" -eq 1 ]
  grep -qE 'pid [0-9]+' holder
}

@test "SQLite: the executor is killed inside a program that lives on: resume is let in" {
  database_anew
  waiting_project "rows > 0" "insert into waiter values (1)" "select count(*) as one from waiter"
  upkeep plan -o plan.json >/dev/null 2>&1
  rm -f waits release
  "$UPKEEP" apply plan.json >first 2>&1 3>&- &
  first=$!
  until_there waits
  kill -9 "$first"
  wait "$first" 2>/dev/null || true
  touch release
  run timeout 60 "$UPKEEP" resume last
  expect_code 0
  expect_clean
  run upkeep log verify
  expect_code 0
  [ "$(sqlite3 fault.db 'select count(*) from effects')" -eq 2 ]
}
