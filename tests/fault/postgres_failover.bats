# A standby of a real PostgreSQL takes over: before a run, or in the middle of
# it, with or without what the primary had committed.
load postgres

setup_file() {
  faulty_start || return 1
  echo "local replication all trust" | pg_as_user tee -a "$PG_DIR/data/pg_hba.conf" >/dev/null
  server reload
}

# A standby of what is there now, on its own port.
standby_start() {
  export STANDBY=$PG_DIR/standby STANDBY_PORT
  STANDBY_PORT=$(pg_free_port)
  rm -rf "$STANDBY"
  pg_as_user "$PG_BIN/pg_basebackup" -h "$PG_DIR" -p "$PGPORT" -U postgres -D "$STANDBY" -R -X stream -c fast --no-sync
  pg_as_user "$PG_BIN/pg_ctl" -D "$STANDBY" -l "$PG_DIR/standby.log" -w -t 60 -o "-p $STANDBY_PORT" start >/dev/null
}

standby_stop() {
  pg_as_user "$PG_BIN/pg_ctl" -D "$STANDBY" -w -m immediate stop >/dev/null 2>&1 || true
}

teardown() {
  [ -z "${STANDBY:-}" ] || standby_stop
  [ -z "${PROXY_ORDERS:-}" ] || say quit || true
}

on_standby() { PGPORT=$STANDBY_PORT sql "$1" -d "${2:-fault}"; }
caught_up() {
  local here
  here=$(sql "select pg_current_wal_lsn()" -d postgres)
  until [ "$(on_standby "select pg_last_wal_replay_lsn() >= '$here'" postgres)" = t ]; do sleep 0.02; done
}
# It receives nothing any more: what the primary commits now is lost with it.
cut_off() {
  on_standby "alter system set primary_conninfo = ''" postgres
  on_standby "select pg_reload_conf()" postgres >/dev/null
  until [ "$(sql "select count(*) from pg_stat_replication" -d postgres)" -eq 0 ]; do sleep 0.02; done
}
promote() { on_standby "select pg_promote()" postgres >/dev/null; }

@test "failover between plan and apply: refused with 5, nothing changed; planned anew it runs" {
  anew
  standby_start
  caught_up
  promote
  reach "$STANDBY_PORT"
  run upkeep apply plan.json
  expect_code 5
  expect_clean
  expect_text "timeline is"
  [ "$(on_standby "select to_regnamespace('upkeep') is null")" = t ]
  upkeep plan -o new.json >/dev/null
  run upkeep apply new.json
  expect_code 0
}

@test "the target is a standby: refused with 5 before anything, and in the middle of a run" {
  anew
  standby_start
  caught_up
  reach "$STANDBY_PORT"
  run upkeep apply plan.json
  expect_code 5
  expect_text "the server's role is \`replica\`"
  proxy_start
  hold keyless_2 "row share"
  apply_on
  until_waiting >waiter
  say to "$STANDBY_PORT"
  say cut
  let_go keyless_2
  finished 5
  grep -q "the server's role is \`replica\`" out
  expect_no_text Sanitizer
}

@test "failover in the middle of a run, nothing lost: stopped with 5, nothing is done on the other timeline" {
  anew
  standby_start
  proxy_start
  hold keyless_2 "row share"
  apply_on
  until_waiting >waiter
  caught_up
  promote
  say to "$STANDBY_PORT"
  say cut
  finished 5
  let_go keyless_2
  grep -q "timeline is" out
  [ "$(on_standby "select count(*) from effects where what = 'keyless_1'")" -eq 1 ]
  run upkeep resume last
  expect_code 5
  [ "$(on_standby "select count(*) from effects where what = 'keyless_2'")" -eq 0 ]
}

@test "failover in the middle of a run that loses what was committed: 5, nothing runs twice" {
  anew
  standby_start
  proxy_start
  hold unknown_1 "share update exclusive"
  apply_on
  until_waiting >waiter
  caught_up
  cut_off
  hold keyless_2 "row share"
  let_go unknown_1
  until grep -q "keyless_1 .*applied" out && until_waiting >waiter; do sleep 0.02; done
  promote
  say to "$STANDBY_PORT"
  say cut
  finished 5
  let_go keyless_2
  [ "$(sql "select count(*) from effects" -d fault)" -eq 1 ]
  run upkeep resume last
  expect_code 5
  [ "$(on_standby "select count(*) from effects")" -eq 0 ]
}

# Of a machine that was set back to a snapshot: the same system, the same
# timeline, and not what the log knows.
@test "the server is set back to an older copy in the middle of a run: diverged, 5, nothing runs twice" {
  anew
  server stop -m fast
  cp -a "$PG_DIR/data" "$PG_DIR/copy"
  server start -o "-p $PGPORT"
  proxy_start
  hold keyless_2 "row share"
  apply_on
  until_waiting >waiter
  server stop -m immediate
  rm -rf "$PG_DIR/data"
  mv "$PG_DIR/copy" "$PG_DIR/data"
  server start
  finished 5
  let_go keyless_2
  grep -q UPK3200 out || { cat out; false; }
  [ "$(on_fault "select count(*) from effects")" -eq 0 ]
  run upkeep resume last
  expect_code 5
  expect_text UPK3200
  [ "$(on_fault "select count(*) from effects")" -eq 0 ]
  [ "$(on_fault "select to_regnamespace('upkeep') is null")" = t ]
}
