# SQLite: the disk is full, others have the file, the file is another one.
# long
load sqlite

setup_file() { faulty_start 20000; }

# Somebody who holds the database: `begin MODE`, and a statement, until let_go.
hold() { # mode, statement
  rm -f let_go held
  python3 - "$1" "$2" <<'PY' &
import os, sqlite3, sys, time
db = sqlite3.connect("fault.db", isolation_level=None, timeout=60)
db.execute("begin " + sys.argv[1])
db.execute(sys.argv[2]).fetchone()
open("held", "w").close()
while not os.path.exists("let_go"):
    time.sleep(0.02)
db.execute("rollback")
PY
  HOLDER=$!
  until [ -e held ]; do sleep 0.02; done
}
let_go() {
  touch let_go
  wait "$HOLDER"
}
is_whole() { [ "$(sqlite3 fault.db "pragma integrity_check")" = ok ]; }
effects() { sqlite3 fault.db "select count(*) from effects"; }
outcome_of() { # table or action
  upkeep log show last | grep "step.end .*$1" | tail -n 1 | sed 's/.*outcome=//'
}

@test "kill -9 at 10 moments inside VACUUM: the file is whole, and the run goes on to the same end" {
  local journals=0 round
  RANDOM=20261123
  for round in $(seq 10); do
    anew
    "$UPKEEP" apply plan.json >out 2>&1 &
    until grep -qs 'step.begin.*compact_database' .upkeep/runs/*/log.jsonl; do sleep 0.005; done
    sleep "0.0$(printf %02d $((RANDOM % 25)))"
    kill -9 $! 2>/dev/null || true
    wait $! 2>/dev/null || true
    [ ! -s fault.db-journal ] || journals=$((journals + 1))
    carry_on || { echo "round $round"; return 1; }
    the_same || { echo "round $round"; return 1; }
  done
  # Some of them were inside: what VACUUM had written was to be taken back.
  echo "$journals hot journals"
  [ "$journals" -ge 1 ]
}

@test "no room (SQLITE_FULL): what ran is rolled back, said, and done once there is room" {
  mkdir small
  mount -t tmpfs -o size=128m upkeep small 2>mount.err || skip "a tmpfs cannot be mounted here: $(cat mount.err)"
  cd small || false
  cp "$HERE/plan.json" .
  project
  cp "$HERE/calm.db" fault.db
  # Room for the small steps, and none for VACUUM's journal and the new file.
  dd if=/dev/zero of=rest bs=4k 2>/dev/null || true
  truncate -s -200k rest
  code=0
  "$UPKEEP" apply plan.json >../out 2>&1 || code=$?
  cat ../out
  is=$(sqlite3 fault.db "pragma integrity_check")
  rm rest
  run timeout 60 "$UPKEEP" resume last
  ended=$status
  echo "$output"
  same=0
  the_same_but_rounds || same=$?
  cd ..
  umount small
  [ "$code" -ne 0 ]
  [ "$is" = ok ]
  grep -q "disk full" out
  [ "$ended" -eq 0 ]
  [ "$same" -eq 0 ]
}

the_same_but_rounds() {
  # A batch that failed has the rows of its rounds before.
  diff <(grep -v '|round|' "$HERE/calm.ledger") <(ledger_digest | grep -v '|round|') && diff "$HERE/calm.database" <(database_digest)
}

@test "somebody writes for longer than we wait: failed with nothing changed; and then it goes on" {
  anew
  hold immediate "insert into effects values ('other')"
  start=$SECONDS
  run timeout 120 "$UPKEEP" apply plan.json
  expect_clean
  [ "$status" -ne 0 ]
  expect_text "busy, SQLITE_BUSY"
  [ $((SECONDS - start)) -lt 90 ]
  let_go
  [ "$(effects)" -eq 0 ]
  is_whole
  if compgen -G ".upkeep/runs/*" >/dev/null; then run upkeep resume last; else run upkeep apply plan.json; fi
  expect_code 0
  the_same_but_rounds
}

@test "somebody reads while we work: it is waited for, and seen through" {
  anew
  hold deferred "select count(*) from hollow"
  "$UPKEEP" apply plan.json >out 2>&1 &
  sleep 1
  let_go
  wait $!
  the_same
}

@test "the file is removed, or another one, between plan and apply: refused, and nothing is made" {
  anew
  rm fault.db
  run upkeep apply plan.json
  expect_code 12
  [ ! -e fault.db ]
  # A plan that knows its file by the ledger's uuid.
  database_anew
  upkeep plan --only keyless_1 -o first.json >/dev/null
  upkeep apply first.json
  upkeep plan -o second.json >/dev/null
  database_anew
  run upkeep apply second.json
  expect_code 5
  expect_clean
  [ "$(effects)" -eq 0 ]
  cp "$HERE/fault.db" other.db
  mv other.db fault.db
  run upkeep apply second.json
  expect_code 5
}

@test "the file is replaced in the middle of a run: nothing is written to either after that, 5" {
  local how
  for how in delete wal; do
    anew
    sqlite3 fault.db "pragma journal_mode = $how" >/dev/null
    upkeep plan --only keyless_1 -o first.json >/dev/null
    upkeep apply first.json
    rm -rf .upkeep
    upkeep plan -o second.json >/dev/null
    hold immediate "insert into effects values ('other')"
    "$UPKEEP" apply second.json >out 2>&1 &
    # Its transaction is waited for.
    until grep -qs step.begin .upkeep/runs/*/log.jsonl; do sleep 0.02; done
    mkdir -p old
    mv fault.db* old
    cp "$HERE/calm.db" fault.db
    let_go
    code=0
    wait $! || code=$?
    [ "$code" -eq 5 ] || { echo "$how: $code"; cat out; return 1; }
    grep -q "moved, removed or replaced\|was moved or replaced" .upkeep/runs/*/log.jsonl out
    [ "$(effects)" -eq 0 ]
    [ "$(sqlite3 old/fault.db "select count(*) from effects")" -eq 1 ]
    is_whole
    rm -rf old
  done
}
