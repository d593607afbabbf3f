# Sourced by tests/run: each fuzz target for FUZZ_SECONDS, from its corpus.
say "fuzzing"
seconds=${FUZZ_SECONDS:-20}
build fuzz

fuzz_one() { # program
  local name corpus
  name=$(basename "$1")
  corpus="$work/corpus-$name"
  mkdir -p "$corpus"
  cp tests/fuzz/corpus/"${name#fuzz_}"/* "$corpus"/ 2>/dev/null
  "$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -artifact_prefix="$work/" -print_final_stats=1 "$corpus" \
    >"$work/$name.log" 2>&1 </dev/null
  echo $? >"$work/$name.code"
}

# shellcheck disable=SC2046
at_once fuzz_one $(find build/fuzz/tests -maxdepth 1 -name 'fuzz_*' -type f -perm -u+x | sort)
for code in "$work"/fuzz_*.code; do
  [ -f "$code" ] || continue
  name=$(basename "$code" .code)
  if [ "$(cat "$code")" -eq 0 ]; then
    report_pass
    printf '%s: %s runs\n' "$name" \
      "$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/$name.log")"
  else
    tail -n 40 "$work/$name.log"
    for input in "$work"/crash-* "$work"/timeout-* "$work"/oom-* "$work"/leak-*; do
      [ -f "$input" ] && { echo "input, base64:"; base64 "$input" | head -n 40; }
    done
    report_fail "$name"
  fi
done
