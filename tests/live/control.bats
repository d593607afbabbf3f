# Status of runs, orders to them from another terminal, the kill switch, signals.
load common

# Five steps of some tenths of a second each after the ledger's, one by one.
slow_project() { # numbers to count, default 400000
  local name
  sqlite3 t.db "create table w (t)"
  for name in a b c d e; do sqlite3 t.db "create table $name (x)"; done
  {
    echo 'policies:'
    for name in a b c d e; do
      cat <<YAML
  - name: slow-$name
    for: table
    where: name = '$name'
    ensure: rows > 0
    by: run_sql
    with:
      irreversible: a test
      run:
        - insert into w with recursive n(i) as (select 1 union all select i + 1 from n where i < ${1:-400000}) select count(*) from n
        - insert into $name values (1)
      checks: [ { sql: select 1 as a, expect: a = 1 } ]
YAML
    done
  } | sqlite_project t.db
  upkeep plan -o plan.json >/dev/null
}

teardown() {
  [ -z "${apply:-}" ] || kill -9 "$apply" 2>/dev/null || true
}

begin() { # flags of apply...
  "$UPKEEP" apply plan.json "$@" >out 2>err 3>&- &
  apply=$!
  await grep -qrs step.begin .upkeep/runs
}

ended_with() { # code
  local code=0
  wait "$apply" || code=$?
  [ "$code" -eq "$1" ] || { echo "apply ended with $code, not $1" >&2; cat err >&2; return 1; }
}

field() { # Python over `run`
  upkeep status last --format json |
    python3 -c "import json, sys; run = json.load(sys.stdin)['runs'][0]; print($1)"
}

@test "a run is paused, goes on, and the log says who" {
  slow_project
  begin
  run upkeep pause last
  expect_code 0
  expect_text "is paused"
  await eval '[ "$(field "run[\"state\"]")" = paused ]'
  await eval 'field "[s[\"gate\"] for s in run[\"steps\"] if \"gate\" in s]" | grep -q pause'
  before=$(wc -l <"$(echo .upkeep/runs/*/log.jsonl)")
  sleep 1.2
  [ "$(wc -l <"$(echo .upkeep/runs/*/log.jsonl)")" -eq "$before" ]
  run upkeep status
  expect_code 0
  expect_text "paused by $(id -un)@$(hostname)"
  expect_text "waiting"
  run upkeep continue last
  expect_code 0
  ended_with 0
  run upkeep log show --verbose
  expect_text "paused, says $(id -un)@"
  expect_text "goes on, says $(id -un)@"
  run field "run[\"state\"], run[\"status\"], run[\"counts\"][\"applied\"]"
  [ "$output" = "ended done 6" ]
  run upkeep log verify
  expect_code 0
}

@test "a step is held, and begins when it is let go; the others go on" {
  slow_project
  begin
  held=$(grep -o '"run_sql:[^"]*e"' plan.json | head -n 1 | tr -d '"')
  run upkeep pause last "$held"
  expect_code 0
  expect_text "step $held is held"
  await eval '[ "$(field "run[\"counts\"][\"applied\"]")" -eq 5 ]'
  await eval 'field "[s[\"gate\"] for s in run[\"steps\"] if \"gate\" in s]" | grep -q hold'
  [ "$(sqlite3 t.db 'select count(*) from e')" -eq 0 ]
  run upkeep status
  expect_text "running"
  expect_text "set: hold for $held, says $(id -un)@$(hostname)"
  expect_text "until \`upkeep continue "
  run upkeep continue last "$held"
  expect_code 0
  ended_with 0
  [ "$(sqlite3 t.db 'select count(*) from e')" -eq 1 ]
  run upkeep log show --verbose
  expect_text "step \`$held\` is held, says $(id -un)@"
  expect_text "step \`$held\` is released, says $(id -un)@"
  run upkeep log verify
  expect_code 0
  [[ "$output" == .upkeep/runs/*": whole and unchanged"* ]]
  run upkeep log replay
  expect_code 0
  [[ "$output" == .upkeep/runs/*": replays"* ]]
}

@test "an order stays within the plan: what it has not, or more, is refused" {
  slow_project
  begin
  wrong=$(grep -o '"run_sql:[^"]*e"' plan.json | head -n 1 | tr -d '"' | sed 's/run_sql/run_sqk/')
  run upkeep pause last "$wrong"
  expect_code 64
  expect_text "UPK3264"
  expect_text "did you mean"
  run upkeep set last batch=5
  expect_code 64
  expect_text "no step of the plan works in rounds"
  run upkeep set last "throttle=replica_lag <= 5s"
  expect_code 64
  expect_text "UPK3264"
  run upkeep set last speed=5
  expect_code 64
  expect_text "batch=ROWS, round=TIME, throttle=CONDITION"
  upkeep cancel last
  ended_with 13
}

@test "a run is cancelled: what runs is finished, the log is sealed" {
  slow_project
  begin
  run upkeep cancel "$(basename .upkeep/runs/*)"
  expect_code 0
  ended_with 13
  run upkeep log verify
  expect_code 0
  [ "$(sqlite3 t.db 'select count(*) from w')" -lt 5 ]
  [ "$(sqlite3 t.db 'select count(*) from w')" -eq "$(sqlite3 t.db "select count(*) from upkeep_ledger where action = 'run_sql'")" ]
  run upkeep status last
  expect_text "ended: cancelled by operator"
  for verb in pause continue cancel; do
    run upkeep $verb last
    expect_code 1
    expect_text "UPK3260"
  done
}

@test "cancel --now cancels the running statement" {
  slow_project 400000000
  begin
  await eval 'field "[s[\"state\"] for s in run[\"steps\"] if s[\"step\"].startswith(\"run_sql\")]" | grep -q running'
  run upkeep cancel last --now
  expect_code 0
  ended_with 13
  [ "$(sqlite3 t.db 'select count(*) from w')" -eq 0 ]
  run upkeep log verify
  expect_code 0
}

@test "a run whose process was killed is dead, and says what to do" {
  slow_project
  begin
  kill -9 "$apply"
  wait "$apply" || true
  run upkeep status
  expect_code 0
  expect_text "dead: its process is gone; \`upkeep resume"
  run upkeep cancel last
  expect_code 1
  expect_text "UPK3260"
  [ -z "$(ls .upkeep/runs/* | grep control || true)" ]
}

@test "a stopped process takes no order, and the order is taken back" {
  slow_project
  begin
  kill -STOP "$apply"
  run upkeep pause last
  expect_code 1
  expect_text "UPK3261"
  kill -CONT "$apply"
  ended_with 0
  [ -z "$(ls .upkeep/runs/* | grep control || true)" ]
}

@test "the kill switch: nothing starts, what runs stops" {
  slow_project
  begin
  echo "storage migration, ask Ann" >.upkeep/stop
  ended_with 13
  run upkeep log show --verbose
  expect_text "storage migration, ask Ann"
  run upkeep log verify
  expect_code 0
  run upkeep apply plan.json
  expect_code 13
  expect_text "UPK3262"
  expect_text "storage migration, ask Ann"
  [ "$(ls .upkeep/runs | wc -l)" -eq 1 ]
}

@test "signals: the first stops cleanly, the second cancels, and the log is sealed" {
  slow_project
  cp t.db fresh.db
  for case in "INT 1 130" "TERM 1 143" "HUP 1 129" "INT 2 130" "TERM 2 143" "HUP 3 129"; do
    read -r signal count code <<<"$case"
    rm -rf .upkeep t.db*
    cp fresh.db t.db
    upkeep plan -o plan.json >/dev/null
    # a shell's background jobs ignore SIGINT: python gives the default back
    python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$UPKEEP" apply plan.json >out 2>err 3>&- &
    apply=$!
    await grep -qrs step.begin .upkeep/runs
    for _ in $(seq "$count"); do kill -"$signal" "$apply" 2>/dev/null || true; sleep 0.1; done
    ended_with "$code"
    run upkeep log verify
    expect_code 0
    [ "$(sqlite3 t.db 'select count(*) from w')" -eq "$(sqlite3 t.db "select count(*) from upkeep_ledger where action = 'run_sql'")" ]
  done
}

@test "a terminal that goes away stops the run cleanly" {
  slow_project
  python3 - "$UPKEEP" <<'PY'
import os, pty, sys, time
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], "apply", "plan.json"])
shown = b""
while b"applied" not in shown:
    shown += os.read(terminal, 4096)
os.close(terminal)  # the kernel sends SIGHUP
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
assert code == 129, code
PY
  run upkeep log verify
  expect_code 0
}

@test "SIGSTOP for a while, nobody who reads the output: the run goes on" {
  slow_project
  begin
  kill -STOP "$apply"
  sleep 1.5
  [ "$(field 'run["state"]')" = running ]
  kill -CONT "$apply"
  ended_with 0
  rm -rf .upkeep
  sqlite3 t.db "drop table upkeep_ledger; delete from w; delete from a; delete from b; delete from c; delete from d; delete from e"
  upkeep plan -o plan.json >/dev/null
  "$UPKEEP" apply plan.json --json 2>err | head -n 1 >/dev/null || true
  [ "$(sqlite3 t.db 'select count(*) from w')" -eq 5 ]
  run upkeep log verify
  expect_code 0
}

@test "a terminal shows a live line that is rewritten, and a table at the end" {
  slow_project 4000000
  upkeep plan --only slow-a -o plan.json >/dev/null
  python3 - "$UPKEEP" >shown <<'PY'
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], "apply", "plan.json"])
try:
    while True:
        sys.stdout.buffer.write(os.read(terminal, 4096))
except OSError:
    pass
os.waitpid(pid, 0)
PY
  grep -q 'run_sql  a  running' shown
  grep -q $'\033\[1A' shown
  grep -qE '^ *2  run_sql  a +applied' shown
}

@test "a paused run is cancelled, and stays resumable" {
  slow_project
  begin
  upkeep pause last
  await eval '[ "$(field "run[\"state\"]")" = paused ]'
  await eval 'field "[s[\"gate\"] for s in run[\"steps\"] if \"gate\" in s]" | grep -q pause'
  run upkeep cancel last
  expect_code 0
  ended_with 13
  expect=$(sqlite3 t.db 'select count(*) from w')
  [ "$expect" -lt 5 ]
  run upkeep resume last
  expect_code 0
  [ "$(sqlite3 t.db 'select count(*) from w')" -eq 5 ]
  run upkeep log verify
  expect_code 0
}
