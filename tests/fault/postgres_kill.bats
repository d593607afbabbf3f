# PostgreSQL: the executor is killed anywhere; its session may live on.
load postgres
load kill

setup_file() { faulty_start; }

@test "PostgreSQL: kill -9 at every fourth write, of the log and any other" {
  KILL_EVERY=4 at_every write signal=SIGKILL
}

@test "PostgreSQL: kill -9 at every second fdatasync" {
  KILL_EVERY=2 at_every fdatasync signal=SIGKILL
}

# A table of each sort of step, and the lock that keeps its step waiting.
lock_of() {
  case $1 in
  keyless_1) echo row share ;;
  fat_1) echo row exclusive ;;
  *) echo share update exclusive ;;
  esac
}

# The executor is killed while its statement is in flight, kept by a lock.
killed_amidst() { # table
  anew
  hold "$1" "$(lock_of "$1")"
  "$UPKEEP" apply plan.json >out 2>&1 3>&- &
  APPLIER=$!
  until_waiting >waiter
  kill -9 "$APPLIER"
  wait "$APPLIER" 2>/dev/null || true
}

resume_on() { # flags..
  timeout 120 "$UPKEEP" resume last "$@" >out 2>&1 3>&- &
  APPLIER=$!
}

@test "kill -9 inside a transaction, ANALYZE, VACUUM, REINDEX CONCURRENTLY: resumed when its session is gone" {
  local table
  for table in keyless_1 unknown_1 hollow_1 fat_1; do
    killed_amidst "$table"
    let_go "$table"
    { carry_on && the_same; } || { echo "at $table"; cat out; return 1; }
  done
}

@test "the same, resumed while its session works on: it is waited for, never doubled" {
  local table
  for table in keyless_1 unknown_1 hollow_1 fat_1; do
    killed_amidst "$table"
    resume_on
    sleep 0.5
    # One session at most works for the run at any moment.
    [ "$(sql "select count(*) from pg_stat_activity where application_name like 'upkeep/%' and state = 'active' and query !~ 'advisory'" -d postgres)" -le 1 ]
    let_go "$table"
    finished 0 && the_same || { echo "at $table"; cat out; return 1; }
  done
}

# With several sessions the log is synced on a thread of its own.
two_sessions() {
  gcc -shared -fPIC -O1 -o nth_sync.so "$UPKEEP_SOURCE/tests/fault/nth_sync.c" || return 1
  HERE=$PWD/calm
  mkdir "$HERE"
  jobs=2
  (cd "$HERE" && project && database_anew && calm_run)
}

apply_synced() { # n, more variables..
  run env NTH_SYNC="$1" "${@:2}" LD_PRELOAD="$PWD/nth_sync.so" ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0 \
    timeout 60 "$UPKEEP" -q apply plan.json
}

@test "two sessions: a sync of the log fails, or is the last thing that is done, by turns, at every third" {
  local n calls
  two_sessions
  anew
  apply_synced 0 NTH_SYNC_COUNT="$PWD/count"
  [ "$status" -eq 0 ]
  the_same
  calls=$(wc -c <count)
  [ "$calls" -gt 8 ]
  for n in $(seq 1 3 "$calls"); do
    anew
    case $((n % 2)) in 0) apply_synced "$n" NTH_SYNC_KILL=1 ;; *) apply_synced "$n" ;; esac
    [ "$n" -ge "$calls" ] || [ "$status" -ne 0 ] || { echo "nothing came of number $n of $calls"; return 1; }
    { carry_on && the_same; } || { echo "after sync $n of $calls"; return 1; }
  done
}
