# Sourced by tests/run: suites of bats, and their counting.

# Runs one; what it says and its code are kept under its name.
bats_run() { # suite
  local name
  local start=$SECONDS
  name=$(basename "$1" .bats)
  bats --formatter tap "$1" >"$work/$name.tap" 2>&1 </dev/null
  echo $? >"$work/$name.code"
  echo $((SECONDS - start)) >"$work/$name.seconds"
}

bats_count() { # suite
  local name tap before=$failed line
  name=$(basename "$1" .bats)
  tap=$work/$name.tap
  passed=$((passed + $(grep -cE '^ok [0-9]+ ' "$tap") -
    $(grep -cE '^ok [0-9]+ .*# skip' "$tap")))
  while read -r line; do
    report_skip "$name.bats ${line%%# skip*}" "${line##*# skip}"
  done < <(grep -E '^ok [0-9]+ .*# skip' "$tap" | sed -E 's/^ok [0-9]+ //')
  while read -r line; do
    report_fail "$name.bats $line"
  done < <(grep -E '^not ok ' "$tap" | sed -E 's/^not ok [0-9]+ //')
  if [ "$failed" -gt "$before" ]; then
    grep -vE '^ok ' "$tap" | head -n 120
  elif [ "$(cat "$work/$name.code")" -ne 0 ]; then
    tail -n 40 "$tap"
    report_fail "$1 ended with $(cat "$work/$name.code")"
  fi
}
