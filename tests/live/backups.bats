# Backups with the tools themselves: their age noted, verified, restored; sound and damaged ones.
# long
load common
load server

setup_file() {
  PG_OPTIONS="-c wal_level=replica -c max_wal_senders=4 -c archive_mode=on" server_start
  # The server's own user owns the file.
  echo "local replication all trust" >>"$PG_DIR/data/pg_hba.conf"
  "$PSQL" -XqAt -d postgres -c "select pg_reload_conf()" -c "create database shop" >/dev/null
  "$PSQL" -XqAt -d shop -c "create table orders as select g as id from generate_series(1, 1000) g" >/dev/null
}

bin=/usr/lib/postgresql/15/bin
helper=$UPKEEP_SOURCE/tools/upkeep-backup
question="select count(*) from orders"

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  . "$UPKEEP_SOURCE/tests/live/postgres.sh"
  [ -x $bin/pg_verifybackup ] || skip "no pg_verifybackup"
  # Short, for the socket in it.
  SCRATCH=$PG_DIR/scratch
  pg_as_user mkdir -p "$SCRATCH"
}

archive_by() { # archive_command
  PGDATABASE=postgres sql "alter system set archive_command = '$1'"
  PGDATABASE=postgres sql "select pg_reload_conf()"
}

project() { # tool, source, parameters of the tool, programs
  PGDATABASE=shop sql "drop schema if exists upkeep cascade" 2>/dev/null
  PGDATABASE=postgres sql "alter database shop set upkeep.backups = '[{\"name\": \"main\", \"tool\": \"$1\", \"source\": \"$2\"}]'"
  # The tool of verify_backup, which for pg_verifybackup is none of the others'.
  local other=$3
  [ "$1" = pg_verifybackup ] && other=""
  cat >upkeep.yaml <<YAML
version: 1
targets:
  p: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=postgres dbname=shop" }
use:
  - name: std/postgres-backup
    override:
      postgres-backup: { with: { $3 } }
      postgres-backup-age: { with: { helper: $helper, user: $(pg_user)${other:+, $other} } }
      postgres-backup-restore:
        with: { helper: $helper, user: $(pg_user), scratch: $SCRATCH, database: shop, query: "$question", expect: "1000"${other:+, $other} }
programs: [ $4, $helper ]
YAML
}

# As the policy would, with other parameters.
restore() { # --with ..
  local words=(--with helper="$helper" --with user="$(pg_user)" --with scratch="$SCRATCH" --with database=shop)
  run upkeep plan --do test_restore:main "${words[@]}" "$@" -o plan.json
  expect_code 0
  run upkeep apply plan.json
  expect_clean
}

nothing_left() {
  [ -z "$(ls -A "$SCRATCH")" ]
  refute grep -qslF "$SCRATCH" /proc/[0-9]*/cmdline
}

# Noted, verified, restored; then nothing to do. `file` is spoilt: named, and the step fails.
whole_way() { # file, its name in what is said, parameter of verify_backup, the tool's word, where it is spoilt
  run upkeep plan -o plan.json
  expect_code 0
  expect_text "4 steps" # the ledger, and
  expect_text "note_backup  main"
  expect_text "verify_backup  main"
  expect_text "test_restore  main"
  expect_text "0 deferred"
  run upkeep apply plan.json
  expect_clean
  expect_code 0
  expect_text "4 applied, 0 skipped"
  nothing_left
  run upkeep plan --detailed-exitcode
  expect_code 0
  spoil "$1" "${5:-}"
  run upkeep plan --do verify_backup:main --with "$3" -o plan.json
  expect_code 0
  run upkeep apply plan.json
  expect_clean
  [ "$status" -ne 0 ]
  expect_text "$4"
  run upkeep check
  expect_code 2
  expect_text "postgres-backup-damage"
  PGDATABASE=shop sql "select detail from upkeep.finding where damage > 0" | grep -qF "$2"
}

spoil() { # file, where (in its middle)
  printf '\125' | dd of="$1" bs=1 seek="${2:-$(($(stat -c %s "$1") / 2))}" conv=notrunc status=none
}

@test "a folder of pg_basebackup: verified, restored with its tablespace, asked, taken away" {
  pg_as_user mkdir "$PG_DIR/space" "$PG_DIR/space.copy"
  PGDATABASE=shop sql "create tablespace space location '$PG_DIR/space'"
  PGDATABASE=shop sql "create table far tablespace space as select 1 as one"
  pg_as_user $bin/pg_basebackup -D "$PG_DIR/base" -T "$PG_DIR/space=$PG_DIR/space.copy" -U postgres -c fast
  PGDATABASE=shop sql "drop table far"
  PGDATABASE=shop sql "drop tablespace space"
  project pg_verifybackup "$PG_DIR/base" "program: $bin/pg_verifybackup" $bin/pg_verifybackup
  question="select count(*) + (select one - 1 from far) from orders"
  sed -i "s/query: \"[^\"]*\"/query: \"$question\"/" upkeep.yaml
  whole_way "$PG_DIR/base/global/pg_control" pg_control program=$bin/pg_verifybackup checksum 8
  # What is spoilt does not start; the finding says why, and the old success does not hide it.
  restore --with "query=$question" --with expect=1000
  [ "$status" -ne 0 ]
  expect_text "FATAL:  database files are incompatible"
  run upkeep check
  expect_text "restore_detail"
  nothing_left
}

@test "a restore test that fails leaves nothing, and no backup is blamed for a lack of room" {
  pg_as_user $bin/pg_basebackup -D "$PG_DIR/base2" -U postgres -c fast
  project pg_verifybackup "$PG_DIR/base2" "program: $bin/pg_verifybackup" $bin/pg_verifybackup
  run upkeep plan --only postgres-backup-age -o plan.json
  run upkeep apply plan.json
  expect_code 0
  restore --with "query=$question" --with expect=1000 --with keep_free=100TiB
  [ "$status" -ne 0 ]
  expect_text "no room in"
  restore --with "query=$question" --with expect=4711
  [ "$status" -ne 0 ]
  expect_text "the query gives 1000, not 4711"
  [ "$(PGDATABASE=shop sql "select count(*) from upkeep.finding where kind = 'backup_restore'" -At)" = 1 ]
  nothing_left
  # A query is no way to programs.
  local words=(pg_verifybackup "$PG_DIR/base2" --user="$(pg_user)" --scratch="$SCRATCH" --database=shop --expect=1)
  run "$helper" restore "${words[@]}" --query="copy (select 1) to program 'touch $SCRATCH/owned'"
  expect_code 5
  expect_text "pg_execute_server_program"
  run "$helper" restore "${words[@]}" --query="\\! touch $SCRATCH/owned"
  expect_code 5
  expect_text "syntax error"
  nothing_left
}

@test "killed in the middle: the next test ends its server and removes its folder, and no other's" {
  pg_as_user $bin/pg_basebackup -D "$PG_DIR/base3" -U postgres -c fast
  pg_as_user mkdir "$SCRATCH/upkeep-restore-main.mine12"
  pg_as_user touch "$SCRATCH/upkeep-restore-main.mine12/precious"
  local words=(pg_verifybackup "$PG_DIR/base3" --name=main --user="$(pg_user)" --scratch="$SCRATCH" --database=shop)
  "$helper" restore "${words[@]}" --query="select pg_sleep(1000)" --expect=1 >out 2>&1 3>&- &
  local pid=$! left server
  for _ in $(seq 300); do
    left=$(ls -d "$SCRATCH"/upkeep-restore-main.*/socket/.s.PGSQL.5432.lock 2>/dev/null) && break
    sleep 0.05
  done
  server=$(head -n 1 "$left")
  run "$helper" restore "${words[@]}" --query="$question" --expect=1000
  expect_code 9
  expect_text "is under way"
  kill -9 "$pid"
  wait "$pid" || true
  kill -0 "$server"
  run "$helper" restore "${words[@]}" --query="$question" --expect=1000
  expect_code 0
  expect_text "removed what an earlier test left"
  # It may be dead and not yet taken note of by process 1.
  await refute kill -0 "$server"
  [ "$(ls "$SCRATCH")" = upkeep-restore-main.mine12 ]
  [ -e "$SCRATCH/upkeep-restore-main.mine12/precious" ]
  rm -r "$SCRATCH/upkeep-restore-main.mine12"
  nothing_left
}

@test "pgBackRest, compressed, with its archive of WAL" {
  command -v pgbackrest >/dev/null || skip "no pgbackrest"
  local repo=$PG_DIR/repo conf=$PG_DIR/pgbackrest.conf
  pg_as_user mkdir -p "$repo" "$PG_DIR/spool"
  chmod 777 "$PG_DIR/spool"
  cat >"$conf" <<CONF
[global]
repo1-path=$repo
repo1-retention-full=2
log-level-file=off
lock-path=$PG_DIR/spool
compress-type=gz
start-fast=y
[main]
pg1-path=$PG_DIR/data
pg1-socket-path=$PG_DIR
pg1-port=$PGPORT
pg1-user=postgres
CONF
  chmod 644 "$conf"
  rest() { pg_as_user pgbackrest --config="$conf" --stanza=main "$@"; }
  archive_by "pgbackrest --config=$conf --stanza=main archive-push %p"
  PGDATABASE=shop sql "delete from orders where id > 900"
  rest stanza-create
  rest backup
  # What came later is in the archive alone.
  PGDATABASE=shop sql "insert into orders select generate_series(901, 1000)"
  rest check
  project pgbackrest main "config: $conf" pgbackrest
  whole_way "$repo"/backup/main/latest/pg_data/global/pg_control.gz pg_control config="$conf" checksum
  PGDATABASE=shop sql "select detail from upkeep.finding where kind = 'backup_newest'" | grep -q " kind=full size=[1-9]"
}

@test "Barman" {
  command -v barman >/dev/null || skip "no barman"
  local home=$PG_DIR/barman conf=$PG_DIR/barman.conf file
  pg_as_user mkdir -p "$home" "$PG_DIR/barman.locks"
  cat >"$conf" <<CONF
[barman]
barman_home = $home
barman_lock_directory = $PG_DIR/barman.locks
barman_user = $(pg_user)
log_file = $PG_DIR/barman.log
[main]
description = main
conninfo = host=$PG_DIR port=$PGPORT user=postgres dbname=postgres
streaming_conninfo = host=$PG_DIR port=$PGPORT user=postgres
backup_method = postgres
archiver = on
path_prefix = $bin
CONF
  chmod 644 "$conf"
  bar() { pg_as_user barman -q -c "$conf" "$@"; }
  bar check main >/dev/null || true # makes its folders
  archive_by "cp %p $home/main/incoming/%f"
  bar switch-wal --force --archive main
  bar backup --wait main
  project barman main "config: $conf" barman
  file=$(ls -d "$home"/main/base/*/data/global/pg_control)
  whole_way "$file" pg_control config="$conf" "verify backup failure"
}

@test "a tool that the project does not allow, one that upkeep does not know, and no folder" {
  project pg_verifybackup "$PWD/base" "" true
  run upkeep plan -o plan.json
  expect_code 3
  expect_text "UPK1526"
  project tar "$PWD/base" "" tar
  run upkeep plan
  expect_text "none of pgbackrest, barman, pg_verifybackup"
  project pgbackrest main "" pgbackrest
  sed -i 's/ scratch: [^,]*,//' upkeep.yaml
  run upkeep plan
  expect_text "no folder to restore it into is named"
}
