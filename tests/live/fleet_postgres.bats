# Databases of one PostgreSQL, in one process: refusals, silence and deadlines
# stay with the target they belong to.
load common
. "$UPKEEP_SOURCE/tests/live/postgres.sh"

setup_file() {
  PG_NO_TRAP=1 pg_start || return 1
  export PG_DIR
  pg_sql "create role reader login password 'reader'" "create database pattern"
  PGDATABASE=pattern pg_sql "create table t (id int primary key)" "analyze"
  for i in $(seq 6); do pg_sql "create database d$i template pattern"; done
  # Accepts connections and never says a word.
  python3 -c '
import socket, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(50)
print(s.getsockname()[1], flush=True)
time.sleep(600)' >"$BATS_FILE_TMPDIR/port" 3>&- &
  echo $! >"$BATS_FILE_TMPDIR/silent"
  for _ in $(seq 100); do
    [ -s "$BATS_FILE_TMPDIR/port" ] && break
    sleep 0.1
  done
}

teardown_file() {
  kill "$(cat "$BATS_FILE_TMPDIR/silent")"
  pg_stop "$PG_DIR"
}

project() { # "NAME CONNECT" lines from standard input
  local name connect
  printf 'version: 1\ntargets:\n' >upkeep.yaml
  while read -r name connect; do
    printf '  %s: { engine: postgres, connect: "%s" }\n' "$name" "$connect" >>upkeep.yaml
  done
  printf 'use: [ { name: std/postgres-baseline } ]\n' >>upkeep.yaml
}

here() { echo "host=$PGHOST port=$PGPORT user=postgres dbname=$1"; }

@test "silent servers cost one deadline together, and nobody else anything" {
  silent="host=127.0.0.1 port=$(cat "$BATS_FILE_TMPDIR/port") user=x dbname=x"
  {
    for i in 1 2 3 4 5 6 7 8; do echo "s$i $silent"; done
    for i in 1 2 3 4 5 6; do echo "d$i $(here d$i)"; done
    echo "gone $(here gone)"
  } | project
  start=$(date +%s)
  run upkeep check --connect-timeout 4s
  expect_code 12
  [ $(($(date +%s) - start)) -lt 30 ] # one after the other: 32 s at least
  for i in 1 2 3 4 5 6 7 8; do expect_text "target s$i cannot be reached: the server did not answer in time"; done
  for i in 1 2 3 4 5 6; do expect_text "d$i: "; done
  expect_text "target gone cannot be reached"
  expect_text "database \"gone\" does not exist"
  expect_clean
}

@test "a view that is denied takes nothing else with it" {
  PGDATABASE=d3 pg_sql "revoke select on pg_catalog.pg_settings from public"
  { for i in 2 3 4; do echo "d$i host=$PGHOST port=$PGPORT user=reader dbname=d$i"; done; } | project
  run upkeep inspect d2 d3 d4 -o facts/
  expect_code 0
  expect_text "permission denied for view pg_settings"
  expect_text "Said of d3."
  for i in 2 4; do
    jq -e '.kinds.setting.rows | length > 100' facts/d$i.json
  done
  jq -e '.kinds.setting.rows == []' facts/d3.json
  # What came before and after it in the same snapshot is all there.
  for i in 2 3 4; do
    jq -c '[.kinds | to_entries[] | select(.key != "setting") | [.key, (.value.rows | length > 0)]]' facts/d$i.json
  done | sort | uniq -c | awk '{ print $1 }' | grep -qx 3
  jq -e '[.kinds.table.rows[] | .[1]] | index("t")' facts/d3.json
}
