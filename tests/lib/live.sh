# Sourced by tests/run: the built program on real databases, by bats.
say "live tests"
export UPKEEP="$top/build/asan/upkeep"
export UPKEEP_SOURCE="$top"
bats_all tests/live/*.bats
