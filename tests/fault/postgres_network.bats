# The network between upkeep and a real PostgreSQL breaks: tests/fault/proxy.py.
# long
load postgres

setup_file() { faulty_start; }

teardown() {
  [ -z "${PROXY_ORDERS:-}" ] || say quit || true
  [ -z "${CABLE:-}" ] || ip link del "$CABLE" 2>/dev/null || true
  [ -z "${NETWORK:-}" ] || kill "$NETWORK" 2>/dev/null || true
}

# The plan through the proxy, disturbed as ordered; then the same end as ever.
disturbed() { # order..
  anew && say bytes && say "$@" || return 1
  carry_on || { echo "after: $*"; return 1; }
  the_same || { echo "after: $*"; return 1; }
}

@test "the connection is cut at 12 random places: each step once, the same end" {
  local round
  proxy_start
  RANDOM=20261123
  for round in $(seq 12); do
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

@test "three sessions at once: cuts and lost commits, the same end" {
  local round number jobs=3
  proxy_start
  RANDOM=42
  for round in $(seq 9); do
    anew
    if [ "$round" -le 5 ]; then
      say bytes $((RANDOM % 20000 + 2000)) $((RANDOM % 24000 + 4000)) $((RANDOM % 30000 + 4000))
    else
      say bytes
      say rule $((round - 3)) unheard =commit
    fi
    carry_on 8 && the_same || { echo "round $round"; return 1; }
  done
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

@test "kill -9 of upkeep between COMMIT and its reply, the commit made or not: resume" {
  local number action
  proxy_start
  for number in 1 2 6; do
    for action in hole kept; do
      anew
      say bytes
      say rule "$number" "$action" =commit
      apply_on
      until read -r _ matched _ < <(say count) && [ "$matched" -ge "$number" ]; do sleep 0.02; done
      kill -9 "$APPLIER"
      wait "$APPLIER" || true
      say hole off
      say cut
      carry_on && the_same || { echo "commit $number, $action"; return 1; }
    done
  done
}

@test "the second signal ends the wait for a server that is away: 12, and resume goes on" {
  proxy_start
  anew
  say rule 4 lost =commit
  apply_on
  until grep -q keyless_1 out; do sleep 0.02; done
  say refuse on
  say cut
  kill -TERM "$APPLIER"
  sleep 0.5
  kill -0 "$APPLIER"
  kill -TERM "$APPLIER"
  code=0
  wait "$APPLIER" || code=$?
  say refuse off
  [ "$code" -eq 143 ] || [ "$code" -eq 12 ] || { echo "$code"; cat out; false; }
  carry_on
  the_same_but_the_log
}

# A network of its own for upkeep, joined to this one by a cable.
cable() {
  unshare -n sleep 600 3>&- &
  NETWORK=$!
  for _ in $(seq 100); do
    [ "$(readlink "/proc/$NETWORK/ns/net")" = "$(readlink /proc/self/ns/net)" ] || break
    sleep 0.02
  done
  CABLE=upk$((NETWORK % 100000))
  HOST=10.$((NETWORK % 200 + 20)).$((NETWORK / 200 % 250)).1
  ip link add "$CABLE" type veth peer name upk netns "$NETWORK" || return 1
  ip addr add "$HOST/30" dev "$CABLE"
  ip link set "$CABLE" up
  inside ip addr add "${HOST%.1}.2/30" dev upk
  inside ip link set upk up
}
inside() { nsenter --net="/proc/$NETWORK/ns/net" "$@"; }

@test "a black hole: noticed within tcp_user_timeout, and the server lets go of our lock when it heals" {
  cable 2>cable.err || skip "no network can be made here: $(tail -n 1 cable.err)"
  anew
  echo "listen_addresses = '127.0.0.1,$HOST'" | pg_as_user tee -a "$PG_DIR/data/postgresql.conf" >/dev/null
  echo "host all all $HOST/30 scram-sha-256" | pg_as_user tee -a "$PG_DIR/data/pg_hba.conf" >/dev/null
  server stop -m fast
  server start
  reach "$PGPORT" "keepalives_idle=1 keepalives_interval=1 keepalives_count=2 tcp_user_timeout=2000"
  UPK_CONNECT=${UPK_CONNECT/127.0.0.1/$HOST}
  hold keyless_2 "row share"
  inside "$UPKEEP" apply plan.json >out 2>&1 &
  APPLIER=$!
  until_waiting >waiter
  ip link set "$CABLE" down
  start=$SECONDS
  # It gives its socket up, and begins to connect again.
  until [ "$(inside ss -Htn state established | wc -l)" -eq 0 ]; do sleep 0.1; done
  [ $((SECONDS - start)) -lt 15 ]
  let_go keyless_2
  ip link set "$CABLE" up
  finished 0
  the_same
}
