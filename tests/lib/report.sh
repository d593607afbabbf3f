# Counting: every test ends in one of report_pass, report_fail, report_skip.
passed=0 failed=0 skipped=0
failures=

say() { printf '== %s\n' "$*"; }
report_pass() { passed=$((passed + 1)); }
report_fail() {
  failed=$((failed + 1))
  failures="$failures
  $*"
  printf 'FAILED %s\n' "$*"
}
report_skip() { # name, reason
  skipped=$((skipped + 1))
  printf 'SKIPPED %s: %s\n' "$1" "$2"
}

# As many at once as there are processors; returns when all have ended.
at_once() { # function, arguments: one each
  local each=$1 running=0 argument
  shift
  for argument in "$@"; do
    "$each" "$argument" &
    running=$((running + 1))
    if [ "$running" -ge "$jobs" ]; then
      wait -n
      running=$((running - 1))
    fi
  done
  wait
}

# A command as one test: its output is shown when it fails.
report_run() { # name, command...
  local name=$1
  shift
  if "$@" >"$work/out" 2>&1 </dev/null; then
    report_pass
  else
    tail -n 60 "$work/out"
    report_fail "$name"
  fi
}

report_end() {
  [ -z "$failures" ] || printf 'These failed:%s\n' "$failures"
  printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  [ "$failed" -eq 0 ]
  exit
}
