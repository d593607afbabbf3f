# The clock is set in the middle of a run, by libfaketime; the machine's own
# clock, which nobody sets, goes on.
load postgres

setup_file() { faulty_start; }

FAKETIME=$(ls /usr/lib/*/faketime/libfaketimeMT.so.1 2>/dev/null | head -n 1)

# The clock is set as soon as a step waits for its lock; `out` says what came.
clock_set() { # jump, exit code
  [ -n "$FAKETIME" ] || skip "libfaketime is not installed"
  anew
  echo "+0" >clock
  hold keyless_1 "row share"
  LD_PRELOAD=$FAKETIME FAKETIME_TIMESTAMP_FILE=$PWD/clock FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 \
    DONT_FAKE_MONOTONIC=1 "$UPKEEP" apply plan.json >out 2>&1 &
  APPLIER=$!
  until_waiting >waiter
  echo "$1" >clock
  let_go keyless_1
  finished "$2"
}

@test "the clock is set back or forth by more than any window: nothing more starts, 7; resumed with the right clock" {
  local jump
  for jump in "+40d" "-400d"; do
    clock_set "$jump" 7
    grep -q "the clock was set" out
    [ "$(on_fault "select count(*) from upkeep.ledger where step like '%fat_1%'")" -eq 0 ]
    carry_on && the_same || { echo "$jump"; return 1; }
  done
}

@test "the clock is set by an hour where no window says anything: the run goes on" {
  local jump
  for jump in "+1h" "-1h"; do
    clock_set "$jump" 0
    the_same || { echo "$jump"; return 1; }
  done
}

@test "resumed by a machine whose clock is a day late: what ran is not run again" {
  [ -n "$FAKETIME" ] || skip "libfaketime is not installed"
  anew
  hold keyless_1 "row share"
  apply_on
  until_waiting >waiter
  kill -9 "$APPLIER"
  wait "$APPLIER" || true
  let_go keyless_1
  echo "-1d" >clock
  run env LD_PRELOAD="$FAKETIME" FAKETIME_TIMESTAMP_FILE="$PWD/clock" FAKETIME_DONT_FAKE_MONOTONIC=1 \
    DONT_FAKE_MONOTONIC=1 "$UPKEEP" resume last
  expect_clean
  carry_on
  the_same
}
