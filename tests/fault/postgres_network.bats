# The network between upkeep and a real PostgreSQL breaks: tests/fault/proxy.py.
load postgres

setup_file() { faulty_start; }

# The plan through the proxy, disturbed as ordered; then the same end as ever.
disturbed() { # order..
  anew && say bytes && say "$@" || return 1
  carry_on || { echo "after: $*"; return 1; }
  the_same || { echo "after: $*"; return 1; }
}

@test "the connection is cut at 24 random places: each step once, the same end" {
  local round
  proxy_start
  RANDOM=20261123
  for round in $(seq 24); do
    # Several at once: the second cut often meets the questions after the first.
    disturbed bytes $((RANDOM % 14000)) $((RANDOM % 16000)) $((RANDOM % 30000))
  done
}

@test "COMMIT or its reply is lost, for each of them: the ledger decides" {
  local number action counts
  proxy_start
  for number in $(seq 6); do
    for action in lost unheard unread; do
      disturbed rule "$number" "$action" =commit
    done
  done
  # The rules met something: a calm run has a commit for each step.
  anew
  say rule 100 lost =commit
  upkeep apply plan.json
  read -r _ counts _ < <(say count)
  [ "$counts" -eq 6 ]
}

@test "a statement outside a transaction, or its reply, is lost: the probe decides" {
  local text action
  proxy_start
  for text in 'reindex index' 'vacuum "' 'analyze "'; do
    for action in unheard unread; do
      disturbed rule 1 "$action" "$text"
    done
  done
  disturbed rule 1 lost "reindex index"
}

@test "the ledger's row is lost on its way, and the question for it after that" {
  proxy_start
  for action in lost unheard; do
    disturbed rule 3 "$action" "insert into upkeep.ledger"
    disturbed rule 1 "$action" "select step from upkeep.ledger"
  done
}

@test "an end of file instead of an answer" {
  proxy_start
  anew
  say delay 20
  upkeep apply plan.json >out 2>&1 &
  until grep -q 'step.begin' .upkeep/runs/*/log.jsonl; do sleep 0.02; done 2>/dev/null
  say half
  wait $! || { cat out; false; }
  say delay 0
  the_same
}

@test "a slow network changes nothing but the time" {
  proxy_start
  anew
  say delay 8
  run upkeep apply plan.json
  expect_code 0
  the_same
}

@test "nobody listens for a while: retried with growing pauses" {
  proxy_start
  anew
  say rule 4 lost =commit
  upkeep apply plan.json >out 2>&1 &
  until grep -q keyless_1 out; do sleep 0.02; done
  say refuse on
  sleep 2
  say refuse off
  wait $!
  the_same
}
