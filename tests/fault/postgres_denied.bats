# A real PostgreSQL refuses: locks, deadlocks, privileges, timeouts, cancels,
# objects that are no longer what they were.
load postgres

setup_file() { faulty_start; }

# Of the last run: how a step of a table ended.
outcome_of() { # table
  upkeep log show last | grep "step.end .*$1" | tail -n 1 | sed 's/.*outcome=//'
}
nothing_left() {
  [ "$(on_fault "select count(*) from pg_index where not indisvalid or not indisready or not indislive")" -eq 0 ]
}
effects() { on_fault "select count(*) from effects where what = '$1'"; }

@test "a lock held for long: bounded tries, then failed with nothing changed; nobody waits behind us for long" {
  anew
  hold keyless_1 "row exclusive"
  start=$SECONDS
  run upkeep apply plan.json
  [ $((SECONDS - start)) -lt 30 ]
  let_go keyless_1
  expect_code 9
  expect_clean
  expect_text "lock timeout, 55P03"
  [ "$(effects keyless_1)" -eq 0 ]
  [ "$(outcome_of keyless_1)" = failed ]
  [ "$(outcome_of fat_1)" = applied ]
  # Nothing of it was left behind: resume tries it again, and nothing else.
  run upkeep resume last
  expect_code 0
  the_same_but_the_log
}

@test "the victim of a deadlock tries its whole transaction again" {
  anew
  sql "alter role keeper set deadlock_timeout = '600ms'"
  rm -f now
  # The other has what we want, and then wants what we have.
  "$PSQL" -XqAt -d fault >held <<'SQL' &
set deadlock_timeout = '1min';
begin;
lock table keyless_1 in row exclusive mode;
select 'held';
\! until [ -e now ]; do sleep 0.01; done
lock table effects in exclusive mode;
rollback;
SQL
  until [ -s held ]; do sleep 0.02; done
  apply_on
  until_waiting >waiter
  touch now
  finished 0
  wait
  sql "alter role keeper reset deadlock_timeout"
  grep -q 'deadlock, 40P01' out
  the_same
}

@test "cancelled by somebody in REINDEX CONCURRENTLY: failed, said, and nothing left" {
  anew
  hold fat_1 "row exclusive"
  apply_on
  until_waiting >waiter
  sql "select pg_cancel_backend($(cat waiter))" -d postgres
  let_go fat_1
  finished 9
  grep -q "57014" out
  nothing_left
  [ "$(outcome_of fat_1)" = failed ]
  run upkeep resume last
  expect_code 0
  the_same_but_the_log
}

@test "timeouts and modes of the role and the database do not reach our sessions" {
  anew
  for setting in "statement_timeout = '1ms'" "lock_timeout = '1ms'" "idle_in_transaction_session_timeout = '1ms'" \
    "default_transaction_read_only = on" "default_transaction_isolation = serializable" "search_path = nowhere" \
    "datestyle = 'SQL, DMY'" "client_min_messages = error" "jit = on"; do
    sql "alter role keeper set $setting"
    sql "alter database fault set $setting"
  done
  run upkeep apply plan.json
  sql "alter role keeper reset all"
  expect_code 0
  PGOPTIONS="-c default_transaction_read_only=off -c statement_timeout=0 -c search_path=public" the_same
}

# As a role that owns what it works on, and nothing else.
as_owner() {
  sql "select 1 from pg_roles where rolname = 'maint'" | grep -q 1 || sql "create role maint login password 'kept'"
  anew
  sql "grant create on database fault to maint"
  on_fault "alter schema public owner to maint"
  for table in effects keyless_1 keyless_2 unknown_1 hollow_1 fat_1; do
    on_fault "alter table $table owner to maint"
  done
  export UPK_CONNECT="${UPK_CONNECT/user=keeper/user=maint}"
  upkeep plan -o plan.json >/dev/null
}

@test "privileges revoked after planning: failed with nothing changed, and a WARNING is no success" {
  as_owner
  for table in keyless_1 hollow_1 fat_1; do
    on_fault "alter table $table owner to postgres; grant select on $table to maint"
  done
  run upkeep apply plan.json
  expect_code 9
  expect_clean
  for table in keyless_1 hollow_1 fat_1; do
    [ "$(outcome_of $table)" = failed ] || { echo "$table: $(outcome_of $table)"; echo "$output"; false; }
  done
  [ "$(outcome_of keyless_2)" = applied ]
  expect_text 42501
  expect_text "the server warned: "
  [ "$(effects keyless_1)" -eq 0 ]
  nothing_left
  on_fault "select pg_relation_size('hollow_1') > 262144" | grep -qx t
}

@test "the ledger may no longer be written: the step's transaction is rolled back" {
  as_owner
  upkeep plan --only statistics -o first.json >/dev/null
  upkeep apply first.json
  upkeep plan --only keyless_1 -o plan.json >/dev/null
  on_fault "alter table upkeep.ledger owner to postgres; grant select on upkeep.ledger to maint"
  run upkeep apply plan.json
  expect_code 8
  expect_clean
  expect_text UPK3144
  [ "$(effects keyless_1)" -eq 0 ]
}

@test "what was dropped and made again, renamed or repaired after planning is skipped; the rest is done" {
  anew
  on_fault "drop table keyless_1; create table keyless_1 (id int primary key); alter table unknown_1 rename to known_1; alter index fat_1_v rename to thin_1_v; alter table keyless_2 add primary key (id)"
  run upkeep apply plan.json
  expect_code 0
  expect_clean
  expect_text "4 skipped"
  [ "$(outcome_of hollow_1)" = applied ]
  on_fault "select count(*) from pg_statistic where starelid = 'known_1'::regclass" | grep -qx 0
  on_fault "select pg_relation_size('thin_1_v') > 131072" | grep -qx t
  [ "$(effects keyless_2)" -eq 0 ]
}

@test "dropped by others while the step waits for its lock: nothing half done" {
  anew
  "$PSQL" -XqAt -d fault >held <<'SQL' &
begin;
drop table keyless_1, fat_1;
select 'held';
\! until [ -e let_go ]; do sleep 0.02; done
commit;
SQL
  until [ -s held ]; do sleep 0.02; done
  apply_on
  until_waiting >waiter
  touch let_go
  finished 0 || finished 9
  nothing_left
  [ "$(effects keyless_1)" -eq 0 ]
  [ "$(outcome_of keyless_2)" = applied ]
}

# A file system of 8 MiB for a tablespace; no room is left but what is given.
small_disk() {
  SMALL=$PG_DIR/small
  pg_as_user mkdir -p "$SMALL"
  mount -t tmpfs -o "size=8m,mode=700,uid=$(id -u "$(pg_user)"),gid=$(id -g "$(pg_user)")" upkeep "$SMALL" 2>mount.err || return 1
}

@test "no room for the rebuilt index (53100): said, its leftover dropped, and done once there is room" {
  anew
  small_disk || skip "a tmpfs cannot be mounted here: $(cat mount.err)"
  sql "create tablespace small location '$SMALL'"
  on_fault "alter index fat_1_v set tablespace small"
  on_fault "create unlogged table filler tablespace small as select repeat('x', 7000) from generate_series(1, 300)"
  # The rest, up to less than the new index needs.
  dd if=/dev/zero of="$SMALL/rest" bs=8k 2>/dev/null || true
  run upkeep apply plan.json
  code=$status
  room=$(df --output=avail "$SMALL" | tail -n 1)
  nothing_left || code=left
  rm -f "$SMALL/rest"
  [ "$code" -eq 9 ] || { echo "$code"; echo "$output"; }
  run_again=0
  upkeep plan -o again.json >/dev/null && upkeep apply again.json || run_again=$?
  left=$(on_fault "select pg_relation_size('fat_1_v') < 131072")
  PGDATABASE=postgres sql "drop database fault with (force)"
  sql "drop tablespace small"
  umount "$SMALL"
  expect_text "53100"
  [ "$code" = 9 ]
  [ "$run_again" -eq 0 ]
  [ "$left" = t ]
}

@test "too little memory: a clear end, nothing begun twice" {
  local limit codes=
  # The address sanitizer reserves terabytes before the program begins.
  prlimit --as=$((1024 * 1024 * 1024)) "$UPKEEP" --version >/dev/null 2>&1 || skip "this build begins in no limited memory"
  for limit in $(seq 34 4 90); do
    anew
    code=0
    timeout 60 prlimit --as=$((limit * 1024 * 1024)) "$UPKEEP" apply plan.json >out 2>&1 || code=$?
    codes="$codes $limit:$code"
    [ -s out ] || { echo "$codes: nothing was said"; return 1; }
    [ "$code" -ne 0 ] || break
    carry_on || { echo "$codes"; return 1; }
    the_same || { echo "$codes"; return 1; }
  done
  echo "$codes"
  [ "$code" -eq 0 ]
  the_same
}
