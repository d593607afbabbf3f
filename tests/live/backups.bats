# verify_backup with the tools themselves, on sound and on damaged backups.
load common
load server

setup_file() {
  PG_OPTIONS="-c wal_level=replica -c max_wal_senders=4" server_start
  # The server's own user owns the file.
  echo "local replication all trust" >>"$PG_DIR/data/pg_hba.conf"
  "$PSQL" -XqAt -d postgres -c "select pg_reload_conf()" >/dev/null
}

bin=/usr/lib/postgresql/15/bin

project() { # tool, source, parameters, program
  PGDATABASE=postgres sql "drop database if exists shop" 2>/dev/null
  PGDATABASE=postgres sql "create database shop"
  PGDATABASE=postgres sql "alter database shop set upkeep.backups = '[{\"name\": \"main\", \"tool\": \"$1\", \"source\": \"$2\"}]'"
  cat >upkeep.yaml <<YAML
version: 1
targets:
  p: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=postgres dbname=shop" }
use: [ { name: std/postgres-backup, override: { postgres-backup: { with: { $3 } } } } ]
programs: [ $4 ]
YAML
}

# Verified and sound; then nothing to do. A byte flipped in `file`: named, and the step fails.
whole_way() { # file, its name in what is said, parameter
  run upkeep plan -o plan.json
  expect_code 0
  expect_text "2 steps" # the ledger, and
  expect_text "verify_backup  main"
  expect_text "0 deferred"
  run upkeep apply plan.json
  expect_clean
  expect_code 0
  run upkeep plan --detailed-exitcode
  expect_code 0
  run upkeep check
  expect_code 0
  printf '\125' | dd of="$1" bs=1 seek=$(($(stat -c %s "$1") / 2)) conv=notrunc status=none
  run upkeep plan --do verify_backup:main ${3:+--with "$3"} -o plan.json
  expect_code 0
  run upkeep apply plan.json
  expect_clean
  [ "$status" -ne 0 ]
  expect_text "checksum"
  run upkeep check
  expect_code 2
  expect_text "postgres-backup-damage"
  PGDATABASE=shop sql "select detail from upkeep.finding where damage > 0" | grep -qF "$2"
}

@test "a folder of pg_basebackup" {
  [ -x $bin/pg_verifybackup ] || skip "no pg_verifybackup"
  $bin/pg_basebackup -D "$PWD/base" -U postgres -c fast
  project pg_verifybackup "$PWD/base" "program: $bin/pg_verifybackup" $bin/pg_verifybackup
  whole_way base/global/pg_control pg_control program=$bin/pg_verifybackup
}

@test "pgBackRest" {
  command -v pgbackrest >/dev/null || skip "no pgbackrest"
  . "$UPKEEP_SOURCE/tests/live/postgres.sh"
  local repo=$PG_DIR/repo
  mkdir -p "$repo" "$PG_DIR/spool" && chmod 777 "$repo" "$PG_DIR/spool"
  cat >"$PG_DIR/pgbackrest.conf" <<CONF
[global]
repo1-path=$repo
log-level-file=off
lock-path=$PG_DIR/spool
compress-type=none
archive-check=n
start-fast=y
[main]
pg1-path=$PG_DIR/data
pg1-socket-path=$PG_DIR
pg1-port=$PGPORT
pg1-user=postgres
CONF
  chmod 644 "$PG_DIR/pgbackrest.conf"
  rest() { pg_as_user pgbackrest --config="$PG_DIR/pgbackrest.conf" --stanza=main "$@"; }
  PGDATABASE=postgres sql "alter system set archive_command = 'pgbackrest --config=$PG_DIR/pgbackrest.conf --stanza=main archive-push %p'"
  rest stanza-create
  rest backup
  chmod -R a+rwX "$repo" "$PG_DIR/spool"
  project pgbackrest main "config: $PG_DIR/pgbackrest.conf" pgbackrest
  whole_way "$repo"/backup/main/latest/pg_data/global/pg_control pg_control config="$PG_DIR/pgbackrest.conf"
}

@test "a tool that the project does not allow, and one that upkeep does not know" {
  project pg_verifybackup "$PWD/base" "" true
  run upkeep plan -o plan.json
  expect_code 3
  expect_text "UPK1526"
  project tar "$PWD/base" "" tar
  run upkeep plan
  expect_text "none of pgbackrest, pg_verifybackup"
}
