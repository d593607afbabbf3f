# Sourced by tests/run: faults on real databases (tests/fault/README.md). The
# suites mostly wait, so that as many run at once as there are processors.
say "fault tests"
report_run "every fault has its row and its tests" tests/fault/check
build release
export UPKEEP="$top/build/release/upkeep"
export UPKEEP_SOURCE="$top"
suites=$(ls tests/fault/*.bats 2>/dev/null)
running=0
for suite in $suites; do
  bats_run "$suite" &
  running=$((running + 1))
  if [ "$running" -ge "$jobs" ]; then
    wait -n
    running=$((running - 1))
  fi
done
wait
for suite in $suites; do
  say "$suite ($(cat "$work/$(basename "$suite" .bats).seconds") s)"
  bats_count "$suite"
done
