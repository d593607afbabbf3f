# Sourced by tests/run: the built program on real databases, by bats.
say "live tests"
export UPKEEP="$top/build/asan/upkeep"
export UPKEEP_SOURCE="$top"
for suite in tests/live/*.bats; do
  say "$suite"
  bats --formatter tap "$suite" >"$work/tap" 2>&1 </dev/null
  code=$?
  before=$failed
  passed=$((passed + $(grep -cE '^ok [0-9]+ ' "$work/tap") -
    $(grep -cE '^ok [0-9]+ .*# skip' "$work/tap")))
  while read -r line; do
    report_skip "$(basename "$suite") ${line%%# skip*}" "${line##*# skip}"
  done < <(grep -E '^ok [0-9]+ .*# skip' "$work/tap" | sed -E 's/^ok [0-9]+ //')
  while read -r line; do
    report_fail "$(basename "$suite") $line"
  done < <(grep -E '^not ok ' "$work/tap" | sed -E 's/^not ok [0-9]+ //')
  if [ "$failed" -gt "$before" ]; then
    grep -vE '^ok ' "$work/tap" | head -n 120
  elif [ "$code" -ne 0 ]; then
    tail -n 40 "$work/tap"
    report_fail "$suite ended with $code"
  fi
done
