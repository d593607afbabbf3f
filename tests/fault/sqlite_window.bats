# SQLite: the window closes in the middle of a step.
# long
load sqlite
load executors

setup_file() {
  export HERE=$BATS_FILE_TMPDIR
  cd "$HERE" && make_calm 2000 && sqlite3 calm.db "create table waiter (id); create table knob (size); insert into knob values (400000000)"
}

# Six seconds of each ten.
short_windows() { # on_window_end
  database_anew
  waiting_project "rows > 0" "insert into waiter values (1)" "select count(*) as one from waiter"
  cat >>upkeep.yaml <<YAML
windows:
  short: { rrule: "DTSTART=$(date -u +%Y%m%dT%H%M00);UNTIL=$(date -u -d '+20 min' +%Y%m%dT%H%M00);FREQ=MINUTELY;BYSECOND=0,10,20,30,40,50", duration: 6s, timezone: UTC }
YAML
  if [ -n "${slow:-}" ]; then
    sed -i "s/by: run_program/by: run_sql/; s/run: \[ { exec.*/run: [ \"$slow\" ]/; /      done:/d" policies.yaml
  fi
  sed -i "s/^    by: .*/&\n    window: short\n    on_window_end: $1/" policies.yaml
  upkeep plan -o plan.json >planned 2>&1 || { cat planned; return 1; }
  rm -f waits release
}

sane() { # exit code
  run upkeep log verify
  expect_code 0
  [ "$(sqlite3 fault.db "select count(*) from (select step from upkeep_ledger where outcome = 'applied' group by step having count(*) > 1)")" -eq 0 ]
}

@test "SQLite: the window closes on a step that is to be cancelled: exit 7, resumed in the next" {
  # A statement that takes as long as the table knob says.
  slow="insert into waiter with recursive n(i) as (select 1 union all select i + 1 from n where i < (select size from knob)) select count(*) from n"
  # A plan lives as long as its window: it is made, and begun, in one opening.
  until [ $(($(date +%-S) % 10)) -eq 0 ]; do sleep 0.1; done
  short_windows cancel
  run timeout 60 "$UPKEEP" apply plan.json --jobs 1
  [ "$status" -eq 7 ] || expect_code 7
  expect_clean
  expect_text "closes"
  [ "$(sqlite3 fault.db 'select count(*) from waiter')" -eq 0 ]
  sane
  sqlite3 fault.db "update knob set size = 10"
  run timeout 90 "$UPKEEP" resume last --wait
  expect_code 0
  expect_clean
  [ "$(sqlite3 fault.db 'select count(*) from waiter')" -eq 1 ]
  [ "$(sqlite3 fault.db 'select count(*) from effects')" -eq 2 ]
  sane
}

@test "SQLite: the window closes on a step that may finish: it does, and nothing more is started" {
  short_windows finish
  timeout 100 "$UPKEEP" apply plan.json --wait --jobs 1 >out 2>&1 3>&- &
  apply=$!
  until_there waits
  until [ $(($(date +%-S) % 10)) -ge 6 ]; do sleep 0.1; done
  touch release
  code=0
  wait "$apply" || code=$?
  [ "$code" -eq 0 ] || [ "$code" -eq 7 ] || { cat out; return 1; }
  [ "$(sqlite3 fault.db 'select count(*) from waiter')" -eq 1 ]
  [ "$code" -eq 0 ] || run timeout 90 "$UPKEEP" resume last --wait
  [ "$(sqlite3 fault.db 'select count(*) from effects')" -eq 2 ]
  sane
}

@test "an hour that does not exist, and one that comes twice: the window opens once" {
  sqlite3 t.db "create table t (a)"
  cat >upkeep.yaml <<'YAML'
version: 1
targets: { t: { engine: sqlite, connect: t.db } }
windows:
  half: { rrule: "FREQ=DAILY;BYHOUR=2;BYMINUTE=30", duration: 1h, timezone: Europe/Berlin }
YAML
  rm -rf policies
  for at in 2027-03-27T00:00Z 2026-10-24T00:00Z; do
    upkeep windows half --at "$at" --format json --ahead 3d >>openings
  done
  python3 - <<'PY'
import json
from datetime import datetime, timezone
spring, autumn = ([[datetime.fromtimestamp(us // 10**6, timezone.utc).strftime("%m-%d %H:%M") for us in pair]
                   for pair in json.loads(line)["windows"][0]["open"]] for line in open("openings") if line.strip())
# 02:30 is skipped on 03-28: the first moment after the gap, up to the end by the clock.
assert spring == [["03-27 01:30", "03-27 02:30"], ["03-28 01:00", "03-28 01:30"], ["03-29 00:30", "03-29 01:30"]], spring
# 02:30 comes twice on 10-25: the first.
assert autumn == [["10-24 00:30", "10-24 01:30"], ["10-25 00:30", "10-25 01:30"], ["10-26 01:30", "10-26 02:30"]], autumn
PY
}
