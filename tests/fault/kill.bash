# Kill -9 and failing system calls at the n-th of them, for every n: strace(1)
# brings them about, in the thread that writes the log. To be loaded after
# sqlite.bash or postgres.bash.
#
# KILL_EVERY=3 tries only each third (tests/run does where a try is slow).
# KILL_LEAST: so many must have disturbed the run; else more than half.

# Leaks cannot be looked for under it. FOLLOW=-f traces every thread; n counts the calls of each by itself.
FOLLOW=${FOLLOW:-}

# What strace needs may be forbidden, as in some containers.
need_strace() {
  strace -qq -o /dev/null -e trace=none true 2>/dev/null || skip "strace cannot trace here"
}

# How often a run that nothing happens to makes a system call.
calls_of() { # system call
  anew
  ASAN_OPTIONS=detect_leaks=0 strace $FOLLOW -qq -e trace="$1" -o calls "$UPKEEP" -q apply plan.json || return 1
  grep -c "$1(" calls
}

# A run, or another part of it, in which the n-th call meets a fault.
apply_with() { # system call, fault, n
  run env ASAN_OPTIONS=detect_leaks=0 timeout 60 strace $FOLLOW -qq -o /dev/null -e trace="$1" -e inject="$1:$2:when=$3" \
    "$UPKEEP" -q apply plan.json
}

# For each n: the fault, then resumed to the same end.
at_every() { # system call, fault
  local n calls hit=0 every=${KILL_EVERY:-1} least
  need_strace
  calls=$(calls_of "$1") || return 1
  [ "$calls" -gt 10 ] || { echo "only $calls calls of $1"; return 1; }
  for n in $(seq 1 "$every" "$calls"); do
    anew
    apply_with "$1" "$2" "$n"
    [ "$status" -eq 0 ] || hit=$((hit + 1))
    { carry_on && the_same; } || { echo "after $2 at $1 number $n of $calls"; return 1; }
  done
  # Most of them must have disturbed the run, or nothing was shown.
  least=${KILL_LEAST:-$((calls / every / 2 + 1))}
  [ "$hit" -ge "$least" ] || { echo "only $hit of $calls faults were met"; return 1; }
  echo "# $hit runs ended by $2 at $1, of $calls calls" >&3
}
