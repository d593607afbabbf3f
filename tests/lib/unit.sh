# Sourced by tests/run: the unit programs, counted test by test.
say "unit tests"
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export ASAN_OPTIONS=detect_leaks=1
for program in build/asan/tests/test_*; do
  [ -x "$program" ] || continue
  name=$(basename "$program")
  "$program" >"$work/out" 2>&1 </dev/null
  code=$?
  ok=$(grep -c '^\[       OK \]' "$work/out")
  bad=$(grep -E '^\[  (FAILED|ERROR)  *\] [a-z]' "$work/out" |
    sed 's/^[^]]*\] //' | sort -u)
  passed=$((passed + ok))
  grep '^\[  SKIPPED \] [a-z]' "$work/out" | sed 's/^[^]]*\] //' | sort -u \
    >"$work/skips"
  while read -r test; do report_skip "$name $test" "the test says why above"; done \
    <"$work/skips"
  if [ -n "$bad" ]; then
    cat "$work/out"
    for test in $bad; do report_fail "$name $test"; done
  elif [ "$code" -ne 0 ]; then
    tail -n 60 "$work/out"
    report_fail "$name ended with $code"
  fi
done
