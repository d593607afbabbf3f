# Sourced by tests/run: the machine against a model of everything around it.
say "simulator"
if tests/sim --file tests/simulator/seeds.txt >"$work/sim" 2>&1; then
  report_pass "simulator: seeds that once found something"
else
  grep '^seed' "$work/sim" | head -n 10
  report_fail "simulator: seeds that once found something"
fi
if tests/sim --seeds "${SIM_SEEDS:-30000}" >"$work/sim" 2>&1; then
  say "$(tail -n 1 "$work/sim")"
  report_pass "simulator: ${SIM_SEEDS:-30000} seeds"
else
  grep '^seed' "$work/sim" | head -n 10
  say "again with: tests/sim --seed S --verbose"
  report_fail "simulator: ${SIM_SEEDS:-30000} seeds"
fi
