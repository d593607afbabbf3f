# Sourced by tests/run: the unit programs, counted test by test.
say "unit tests"
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export ASAN_OPTIONS=detect_leaks=1

unit_run() { # program
  local name
  name=$(basename "$1")
  "$1" >"$work/$name.out" 2>&1 </dev/null
  echo $? >"$work/$name.code"
}

unit_count() { # program's name
  local out="$work/$1.out" code bad test
  code=$(cat "$work/$1.code")
  bad=$(grep -E '^\[  (FAILED|ERROR)  *\] [a-z]' "$out" |
    sed 's/^[^]]*\] //' | sort -u)
  passed=$((passed + $(grep -c '^\[       OK \]' "$out")))
  # A test that is skipped prints why, in the line before.
  while IFS='|' read -r why test; do
    report_skip "$1 $test" "$why"
  done < <(awk '/^\[  SKIPPED \] [a-z]/ && !seen[$4]++ { print (last ~ /^\[/ ? "gives no reason" : last) "|" $4 }
    { last = $0 }' "$out")
  if [ -n "$bad" ]; then
    cat "$out"
    for test in $bad; do report_fail "$1 $test"; done
  elif [ "$code" -ne 0 ]; then
    tail -n 60 "$out"
    report_fail "$1 ended with $code"
  fi
}

at_once unit_run build/asan/tests/test_*
for program in build/asan/tests/test_*; do unit_count "$(basename "$program")"; done
