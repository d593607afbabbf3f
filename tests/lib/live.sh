# Sourced by tests/run: the built program on real databases, by bats.
say "live tests"
export UPKEEP="$top/build/asan/upkeep"
export UPKEEP_SOURCE="$top"
for suite in tests/live/*.bats; do
  say "$suite"
  bats_run "$suite"
  bats_count "$suite"
done
