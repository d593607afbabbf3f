# Sourced by tests/run: faults on real databases (tests/fault/README.md).
say "fault tests"
report_run "every fault has its row and its tests" tests/fault/check
build release
export UPKEEP="$top/build/release/upkeep"
export UPKEEP_SOURCE="$top"
bats_all tests/fault/*.bats
