# Windows and blackouts: the arithmetic against python-dateutil and zoneinfo,
# the verb, deferral, closed windows, waiting, and a step that its window cuts
# off on PostgreSQL.
# long
load common
load server

now() { date -u -d "$1" +%Y%m%dT%H%M%S; }

# One SQLite table that is in need, and a window.
project() { # window, what follows in the project file
  sqlite3 t.db "create table if not exists t (a)"
  cat >upkeep.yaml <<YAML
version: 1
targets:
  t: { engine: sqlite, connect: t.db }
windows:
  w: $1
include: [ policies/* ]
${2:-}
YAML
  mkdir -p policies
  cat >policies/p.yaml <<'YAML'
policies:
  - name: p
    for: table
    where: name = 't'
    ensure: rows > 0
    by: run_sql
    window: w
    with: { irreversible: a test, checks: [ { sql: select 1 as a, expect: a = 1 } ], run: [ insert into t values (1) ] }
YAML
}

rows() { sqlite3 t.db "select count(*) from t"; }

@test "random rules over clock changes are as dateutil and zoneinfo say" {
  python3 -c 'import dateutil, zoneinfo' || skip "python3-dateutil is not installed"
  run python3 "$UPKEEP_SOURCE/tests/live/windows_oracle.py" "$UPKEEP" 20261123 8
  expect_code 0
  expect_text "320 windows"
}

@test "the verb lists openings, and says why a window is closed" {
  project '{ rrule: "FREQ=DAILY;BYHOUR=2", duration: 3h, timezone: Europe/Berlin }' \
    'blackouts: [ { from: 2026-03-29T00:00Z, to: 2026-03-29T01:30Z, reason: release } ]'
  run upkeep windows --at 2026-03-27T20:00Z
  expect_code 0
  expect_text "w  closed, opens in 5 h"
  expect_text "2026-03-28 02:00 CET (2026-03-28T01:00:00Z) to 2026-03-28 05:00 CET (2026-03-28T04:00:00Z)"
  # 02:00 is skipped on the 29th: open from 03:00 to 05:00, less the blackout
  expect_text "2026-03-29 03:30 CEST (2026-03-29T01:30:00Z) to 2026-03-29 05:00 CEST (2026-03-29T03:00:00Z)"
  run upkeep windows w --at 2026-03-29T01:10Z
  expect_text "closed by a blackout: release, opens in 20 min"
  run upkeep windows t --at 2026-10-25T00:10Z # 02:00 twice: the first
  expect_text "w  open, closes in 3 h"
  run upkeep windows --at 2026-03-27T20:00Z --ahead 2d --format ics
  expect_code 0
  [ "$(grep -c 'BEGIN:VEVENT' <<<"$output")" -eq 3 ]
  # what it writes, it reads: an exported calendar as blackouts
  "$UPKEEP" windows --at 2026-03-27T20:00Z --ahead 2d --format ics >own.ics
  project '{ rrule: "FREQ=DAILY;BYHOUR=2", duration: 3h, timezone: Europe/Berlin }' 'blackouts: [ { calendar: own.ics } ]'
  run upkeep windows --at 2026-03-27T20:00Z --ahead 2d
  expect_text "does not open before"
}

@test "hostile rules and calendars end quickly, with a word" {
  for rule in 'FREQ=SECONDLY;COUNT=1000000000' 'FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;DTSTART=00010101T000000;COUNT=3' \
    'DTSTART=00010101T000000;FREQ=MINUTELY;COUNT=999999999' 'DTSTART=00010101T000000;FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30;COUNT=9' \
    'FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO;BYSETPOS=366'; do
    project "{ rrule: \"$rule\", duration: 1h }"
    run timeout 10 "$UPKEEP" windows
    [ "$status" -eq 0 ] || [ "$status" -eq 3 ]
    expect_clean
  done
  python3 - <<'PY'
event = "BEGIN:VEVENT\r\nUID:x\r\nDTSTART:00010101T000000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=MINUTELY;COUNT=999999999\r\nEND:VEVENT\r\n"
open("many.ics", "w").write("BEGIN:VCALENDAR\r\n" + event * 8000 + "END:VCALENDAR\r\n")
PY
  project '{ rrule: "FREQ=DAILY", duration: 1h }' 'blackouts: [ { calendar: many.ics } ]'
  run timeout 20 "$UPKEEP" validate
  expect_code 3
  expect_text "recur too often"
}

@test "a calendar that is not there is said once" {
  project '{ rrule: "FREQ=DAILY", duration: 1h }' 'blackouts: [ { calendar: none.ics } ]'
  run upkeep validate
  expect_code 3
  expect_text "the calendar none.ics cannot be read"
  expect_text "1 error"
}

@test "what does not fit is deferred, and the plan says where the rest fits" {
  # run_sql may take 10 ms; what is left of the opening is half a second
  project "{ rrule: \"DTSTART=$(now '1 hour');FREQ=DAILY;COUNT=1\", duration: 1h }"
  run upkeep plan -o plan.json
  expect_code 0
  expect_text ", fits w ("
  expect_text "opens in 60 min"
  python3 - <<'PY'
import json
body = json.load(open("plan.json"))["body"]
window, = body["windows"]
assert body["expires_at"] == window["closes_at"] == window["opens_at"] + 3600 * 10**6, body["expires_at"]
assert all(s["window"] == "w" and s["predicted"]["opens_at"] == window["opens_at"] for s in body["steps"])
assert set(body["inputs"]["windows"]) == {"sha256", "tzdata"}
PY
  project "{ rrule: \"DTSTART=$(now '30 days');FREQ=DAILY;COUNT=1\", duration: 1h }"
  run upkeep plan
  expect_code 0
  expect_text "UPK1568"
  expect_text "window \`w\` does not open before"
}

@test "a closed window ends apply with 7, and nothing was done" {
  project "{ rrule: \"DTSTART=$(now '1 hour');FREQ=DAILY;COUNT=1\", duration: 1h }"
  upkeep plan -o plan.json >/dev/null
  run upkeep apply plan.json
  expect_code 7
  expect_text "window \`w\` opens in"
  [ "$(rows)" -eq 0 ]
  [ ! -e .upkeep/runs ] || [ -z "$(ls .upkeep/runs)" ]
  run upkeep apply --dry-run plan.json
  expect_code 0
}

@test "blackouts of the executor's project hold a plan made before" {
  project '{ rrule: "FREQ=HOURLY", duration: 1h }'
  upkeep plan -o plan.json >/dev/null
  printf 'blackouts: [ { from: 2020-01-01T00:00Z, to: 2100-01-01T00:00Z } ]\n' >>upkeep.yaml
  run upkeep apply plan.json
  expect_code 7
  [ "$(rows)" -eq 0 ]
}

@test "--wait waits for the opening, and --stop-at keeps out what is longer" {
  project "{ rrule: \"DTSTART=$(now '4 seconds');FREQ=DAILY;COUNT=1\", duration: 1h }"
  upkeep plan -o plan.json >/dev/null
  run upkeep apply plan.json --wait
  expect_code 0
  expect_text "waits for window \`w\` until"
  expect_clean
  [ "$(rows)" -eq 1 ]
  open=$(grep -o '"wall_us":[0-9]*' .upkeep/runs/*/log.jsonl | head -1 | tr -dc 0-9)
  opens=$(python3 -c 'import json; print(json.load(open("plan.json"))["body"]["windows"][0]["opens_at"])')
  [ "$open" -ge "$opens" ]
  sqlite3 t.db "delete from t"
  project '{ rrule: "FREQ=HOURLY", duration: 1h }'
  run upkeep plan -o plan.json
  expect_text "fits w ($(date -u +%Y-%m-%d) " # longer than a day: with the days
  run upkeep apply plan.json --stop-at 2020-01-01T00:00Z
  expect_code 7
  expect_text "none fits before --stop-at"
  run upkeep apply plan.json --stop-at noon
  expect_code 64
  run upkeep apply plan.json --stop-at 1h
  expect_code 0
}

@test "a signal ends the waiting" {
  project "{ rrule: \"DTSTART=$(now '1 hour');FREQ=DAILY;COUNT=1\", duration: 1h }"
  upkeep plan -o plan.json >/dev/null
  "$UPKEEP" apply plan.json --wait >out 2>&1 &
  pid=$!
  for _ in $(seq 100); do grep -q "waits for" out && break; sleep 0.1; done
  kill -TERM "$pid"
  wait "$pid" && status=0 || status=$?
  [ "$status" -eq 143 ]
}

slow() { # on_window_end
  cat >upkeep.yaml <<YAML
version: 1
targets:
  p: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=postgres dbname=postgres" }
windows:
  w: { rrule: "DTSTART=$(now '-1 minute');FREQ=DAILY;COUNT=2", duration: $(($(date +%s) - $(date -d '-1 minute' +%s) + 6))s }
include: [ policies/* ]
YAML
  mkdir -p policies
  cat >policies/p.yaml <<YAML
policies:
  - name: p
    for: table
    where: name = 'slow'
    ensure: size > 0
    by: run_sql
    window: w
    on_window_end: $1
    with: { irreversible: a test, checks: [ { sql: "select count(*) > 0 as a from public.slow", expect: a } ],
            run: [ insert into public.slow values (1), select pg_sleep(9), analyze public.slow ] }
YAML
}

@test "a step is cut off at its window's end, by us and by the server" {
  sql "create table slow (a int)"
  slow cancel
  run upkeep plan -o plan.json
  expect_code 0
  began=$(date +%s)
  run upkeep apply plan.json
  expect_code 7
  expect_clean
  expect_text "UPK3222"
  [ $(($(date +%s) - began)) -lt 9 ]
  [ "$(sql "select count(*) from slow")" -eq 0 ]
  grep -q '"outcome":"cancelled"' .upkeep/runs/*/log.jsonl
  # the record names the step, and why
  run upkeep log show last
  expect_text "step.end       run_sql:public.slow#p  outcome=cancelled"
  expect_text "text=window \`w\` closes: step \`run_sql:public.slow#p\` is cancelled"
  # finish: the same goes on to its end
  rm -rf .upkeep
  sql "drop schema upkeep cascade" || true
  slow finish
  upkeep plan -o plan.json >/dev/null
  run upkeep apply plan.json
  expect_code 0
  [ "$(sql "select count(*) from slow")" -eq 1 ]
}

@test "--wait: a step that its window cut off is begun again in the next opening of the same run" {
  sql "drop table if exists slow; drop sequence if exists tries; drop schema if exists upkeep cascade; create table slow (a int); create sequence tries"
  slow cancel
  # Open for 5 s of each 10; the first try sleeps longer than that.
  sed -i "s/  w: .*/  w: { rrule: \"DTSTART=$(now '-1 minute');FREQ=MINUTELY;BYSECOND=0,10,20,30,40,50;COUNT=14\", duration: 5s }/" upkeep.yaml
  sed -i "s/select pg_sleep(9)/select pg_sleep(case nextval('public.tries') when 1 then 30 else 0 end)/" policies/p.yaml
  upkeep plan -o plan.json >/dev/null
  run timeout 60 "$UPKEEP" apply plan.json --wait
  expect_code 0
  expect_clean
  expect_text "again: window \`w\` closed"
  [ "$(sql "select count(*) from slow")" -eq 1 ]
  [ "$(sql "select last_value from tries")" -eq 2 ]
  [ "$(grep -c '"event":"run.begin"\|"event":"run.resume"' .upkeep/runs/*/log.jsonl)" -eq 1 ]
  run upkeep log replay last
  expect_code 0
}

@test "--stop-at ends a step as its window would, and is named" {
  sql "drop table if exists slow; drop schema if exists upkeep cascade; create table slow (a int)"
  slow cancel
  sed -i 's/duration: [0-9]*s/duration: 1h/' upkeep.yaml
  upkeep plan -o plan.json >/dev/null
  run upkeep apply plan.json --stop-at 3s
  expect_code 7
  expect_text "the time of --stop-at has come: step \`run_sql:public.slow#p\` is cancelled"
  expect_no_text "closed"
  [ "$(sql "select count(*) from slow")" -eq 0 ]
}

@test "the server cuts the statement off when upkeep is dead" {
  sql "drop table if exists slow; drop schema if exists upkeep cascade; create table slow (a int)"
  slow cancel
  upkeep plan -o plan.json >/dev/null
  "$UPKEEP" apply plan.json >out 2>&1 &
  pid=$!
  for _ in $(seq 100); do [ "$(sql "select count(*) from pg_stat_activity where query like '%pg_sleep(9)%' and pid <> pg_backend_pid() and state = 'active'")" -gt 0 ] && break; sleep 0.1; done
  kill -KILL "$pid"
  wait "$pid" 2>/dev/null || true
  for _ in $(seq 70); do [ "$(sql "select count(*) from pg_stat_activity where query like '%pg_sleep(9)%' and pid <> pg_backend_pid() and state = 'active'")" -eq 0 ] && break; sleep 0.1; done
  [ "$(sql "select count(*) from pg_stat_activity where query like '%pg_sleep(9)%' and pid <> pg_backend_pid() and state = 'active'")" -eq 0 ]
  [ "$(sql "select count(*) from slow")" -eq 0 ]
}
