# Sourced by tests/run: suites of bats, and their counting.
#
# Suites mostly wait, so that one more runs at once than there are processors. What
# fails there is tried once more when nothing else runs: a test of real servers
# has limits of time, and a busy machine is none of their faults. That is said;
# who fails alone too has failed.

# Runs one; what it says and its code are kept under its name.
bats_run() { # suite
  local name
  local start=$SECONDS
  name=$(basename "$1" .bats)
  bats --formatter tap "$1" >"$work/$name.tap" 2>&1 </dev/null
  echo $? >"$work/$name.code"
  echo $((SECONDS - start)) >"$work/$name.seconds"
}

bats_again() { # suite, test
  local pattern
  pattern=$(printf '%s' "$2" | sed 's/[][\.*^$(){}?+|/]/\\&/g')
  bats --formatter tap -f "^$pattern\$" "$1" >"$work/again.tap" 2>&1 </dev/null &&
    grep -qE '^ok 1 ' "$work/again.tap"
}

bats_count() { # suite
  local name tap bad=0 line
  name=$(basename "$1" .bats)
  tap=$work/$name.tap
  passed=$((passed + $(grep -cE '^ok [0-9]+ ' "$tap") -
    $(grep -cE '^ok [0-9]+ .*# skip' "$tap")))
  while read -r line; do
    report_skip "$name.bats ${line%%# skip*}" "${line##*# skip}"
  done < <(grep -E '^ok [0-9]+ .*# skip' "$tap" | sed -E 's/^ok [0-9]+ //')
  while read -r line; do
    bad=$((bad + 1))
    if bats_again "$1" "$line"; then
      report_pass
      printf 'SECOND TRY %s.bats %s: failed beside others, passed alone\n' "$name" "$line"
    else
      cat "$work/again.tap"
      report_fail "$name.bats $line"
    fi
  done < <(grep -E '^not ok ' "$tap" | sed -E 's/^not ok [0-9]+ //')
  if [ "$bad" -gt 0 ]; then
    grep -vE '^ok ' "$tap" | head -n 120
  elif [ "$(cat "$work/$name.code")" -ne 0 ]; then
    tail -n 40 "$tap"
    report_fail "$1 ended with $(cat "$work/$name.code")"
  fi
}

# The long ones begin first, or the last of them would run alone. A suite that
# takes a minute says so in a line of its own: "# long".
bats_order() { # suites
  grep -lx '# long' "$@"
  grep -Lx '# long' "$@"
}

bats_all() { # suites
  local suite jobs=$((jobs + 1))
  # shellcheck disable=SC2046
  at_once bats_run $(bats_order "$@")
  for suite in "$@"; do
    if grep -q '^not ok 1 setup_file failed' "$work/$(basename "$suite" .bats).tap"; then
      printf 'SECOND TRY %s: its set-up failed beside others\n' "$suite"
      bats_run "$suite"
    fi
    say "$suite ($(cat "$work/$(basename "$suite" .bats).seconds") s)"
    bats_count "$suite"
  done
}
