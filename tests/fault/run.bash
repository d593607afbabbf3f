# A run that is disturbed, and its comparison with one that is not: what
# postgres.bash and sqlite.bash share. Each of them gives `project`,
# `database_anew`, `database_digest` and `ledger_digest`; HERE holds what the
# calm run left.

semantic_digest() {
  upkeep log verify "$@" | sed 's/.*semantic digest //'
}

# The calm run, in HERE: its plan, and what it leaves behind.
calm_run() {
  upkeep plan -o plan.json >/dev/null && upkeep apply plan.json || return 1
  database_digest >calm.database
  ledger_digest >calm.ledger
  semantic_digest >calm.semantic
}

# Applies the plan, or what is left of it, until it has ended.
carry_on() { # most processes
  local try
  local most=${1:-4}
  for try in $(seq "$most"); do
    if compgen -G ".upkeep/runs/*/log.jsonl" >/dev/null; then
      run timeout 120 "$UPKEEP" resume last
    else
      run timeout 120 "$UPKEEP" apply plan.json
    fi
    expect_clean || return 1
    [ "$status" -ne 0 ] || return 0
  done
  echo "not at its end after $most processes: exit $status"
  echo "$output"
  return 1
}

# After a step that failed, which the log does not forget.
the_same_but_the_log() {
  diff "$HERE/calm.ledger" <(ledger_digest) || { echo "the ledger differs"; return 1; }
  diff "$HERE/calm.database" <(database_digest) || { echo "the database differs"; return 1; }
}

# Fails, and shows both, unless a run that was disturbed ended like the other.
the_same() {
  the_same_but_the_log || return 1
  diff "$HERE/calm.semantic" <(semantic_digest) || { echo "the semantic digest differs"; return 1; }
}
