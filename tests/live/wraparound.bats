# At the end of transaction ids a server refuses every write, the row in upkeep's own ledger too: what helps goes without it.
load common
load server

# The ids are moved ahead to where the server gives no new ones. A prepared transaction keeps autovacuum from mending it.
setup_file() {
  export PG_OPTIONS="-c max_prepared_transactions=5"
  server_start || return 1
  [ -x "$PG_BIN/pg_resetwal" ] || return 0
  local xid=$((2147483648 - 3000000 + 5000))
  sql "create database worn" -d postgres
  export PGDATABASE=worn
  sql "create table t as select g as id from generate_series(1, 1000) g"
  sql "begin; insert into t values (0); prepare transaction 'forgotten'"
  cat >"$BATS_FILE_TMPDIR/before.yaml" <<YAML
version: 1
targets: { p: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=postgres dbname=worn" } }
include: [ p.yaml ]
YAML
  echo 'policies: [ { name: fresh, for: table, where: "name = '"'t'"'", ensure: xid_age <= 0, by: freeze } ]' >"$BATS_FILE_TMPDIR/p.yaml"
  # What an earlier plan would be: it has a ledger.
  (cd "$BATS_FILE_TMPDIR" && "$UPKEEP" -f before.yaml plan --no-record --do refresh_statistics:public.t -o made.json >/dev/null &&
    "$UPKEEP" -f before.yaml apply made.json >/dev/null && "$UPKEEP" -f before.yaml plan --no-record --do freeze:public.t -o before.json >/dev/null) || return 1
  pg_as_user "$PG_BIN/pg_ctl" -D "$PG_DIR/data" -w -m fast stop >/dev/null
  pg_as_user "$PG_BIN/pg_resetwal" -x "$xid" -D "$PG_DIR/data" >/dev/null
  pg_as_user dd if=/dev/zero of="$PG_DIR/data/pg_xact/$(printf '%04X' $((xid / 1048576)))" bs=256k count=1 status=none
  pg_as_user "$PG_BIN/pg_ctl" -D "$PG_DIR/data" -w -l "$PG_DIR/server.log" \
    -o "-p $PGPORT -k $PG_DIR -c listen_addresses=127.0.0.1 -c autovacuum=off -c fsync=off -c max_prepared_transactions=5" start >/dev/null
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  [ -x "$PG_BIN/pg_resetwal" ] || skip "no pg_resetwal"
  export PGDATABASE=worn
  cat >upkeep.yaml <<YAML
version: 1
targets: { p: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=postgres dbname=worn", jobs: 2 } }
use: [ std/emergency ]
YAML
}

@test "no new ids: the cause is named, and a plan that wants a ledger is refused before anything is done" {
  refute sql "insert into t values (1)"
  run upkeep check
  expect_code 2
  expect_text "emergency-prepared"
  expect_text "emergency-wraparound-database"
  run upkeep plan -o plan.json
  expect_code 0
  expect_text "an old snapshot holds every row that could be frozen: prepared transaction 'forgotten', role postgres, transaction"
  expect_text "Nothing to do now: what is broken is deferred."
  expect_no_text "UPK1595"
  cp "$BATS_FILE_TMPDIR"/before.* "$BATS_FILE_TMPDIR/p.yaml" .
  run upkeep -f before.yaml apply before.json
  [ "$status" -ne 0 ]
  expect_clean
  expect_text "UPK3170"
  expect_text "not accepting commands"
  expect_text "make the plan again"
  expect_text "0 applied"
}

@test "no new ids: with the prepared transaction the server is mended, without a row in a ledger" {
  cat >upkeep.yaml <<YAML
version: 1
targets: { p: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=postgres dbname=worn", jobs: 2 } }
use: [ { name: std/emergency, override: { emergency-prepared: { by: { action: resolve_prepared, with: { how: rollback } } } } } ]
YAML
  run upkeep plan -o plan.json
  expect_code 0
  expect_text "UPK1595"
  expect_no_text "create_ledger"
  expect_text "freeze  public.t"
  run upkeep apply plan.json
  expect_code 0
  expect_clean
  expect_text "resolve_prepared  forgotten  applied"
  # The databases that nobody may connect to are autovacuum's, which comes as soon as it is of use.
  for _ in $(seq 100); do sql "insert into t values (1)" 2>/dev/null && break; sleep 0.1; done
  [ "$(sql "select count(*) from t" | xargs)" = 1001 ]
  [ "$(sql "select count(*) from upkeep.ledger where action in ('resolve_prepared', 'freeze')" | xargs)" = 0 ]
  run upkeep log verify
  expect_code 0
  run upkeep plan --detailed-exitcode
  expect_code 0
  expect_text "Nothing to do: "
}
