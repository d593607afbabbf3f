# The state store fails: whatever becomes of it, plan and apply do their work
# and say so once.
load ../live/common

small() {
  sqlite3 t.db "create table t (a)"
  sqlite_project t.db <<'YAML'
policies:
  - name: p
    for: table
    where: name = 't'
    ensure: rows > 0
    by: run_sql
    with: { irreversible: a test, checks: [ { sql: select 1 as a, expect: a = 1 } ], run: [ insert into t values (1) ] }
YAML
}

# plan and apply go well; the warning stands once in what each says.
goes_on() { # code of the warning
  local program=${AS:-} verb
  sqlite3 t.db "delete from t"
  for verb in "plan -o plan.json" "apply plan.json"; do
    # shellcheck disable=SC2086
    run $program "$UPKEEP" $verb
    expect_code 0
    expect_clean
    expect_text "$1"
    [ "$(grep -c "UPK315[0-9]\\]" <<<"$output")" -eq 1 ] || { echo "$output"; return 1; }
  done
  [ "$(sqlite3 t.db 'select count(*) from t')" -eq 1 ]
}

teardown() {
  umount "$BATS_TEST_TMPDIR/full" 2>/dev/null || true
}

@test "state store: no room on its disk" {
  small
  mkdir full
  mount -t tmpfs -o size=4m tmpfs full 2>/dev/null || skip "no file system can be mounted here"
  echo 'state: full/state.db' >>upkeep.yaml
  cat /dev/zero >full/filler 2>/dev/null || true
  goes_on UPK315
  rm full/filler
  run upkeep check
  expect_code 0
  expect_no_text UPK315
  [ "$(sqlite3 full/state.db 'pragma integrity_check')" = ok ]
}

@test "state store: it fills up in the middle, at many sizes" {
  local size met=0
  small
  mkdir full
  mount -t tmpfs -o size=64k tmpfs full 2>/dev/null || skip "no file system can be mounted here"
  echo 'state: full/state.db' >>upkeep.yaml
  for size in 64 80 96 112 128 144 160 192 224; do
    umount full
    mount -t tmpfs -o size=${size}k tmpfs full
    run upkeep plan
    expect_code 0
    expect_clean
    case "$output" in *UPK315*) met=$((met + 1)) ;; esac
    mount -o remount,size=4m full
    run upkeep check
    expect_no_text UPK315
    [ "$(sqlite3 full/state.db 'pragma integrity_check')" = ok ]
  done
  echo "# $met of 9 met a full disk" >&3
  [ "$met" -ge 3 ]
}

@test "state store: damaged, in its first page and behind it" {
  small
  upkeep check >/dev/null || true
  echo "this is no database, and was one yesterday" >.upkeep/state.db
  rm -f .upkeep/state.db-*
  run upkeep check
  expect_text UPK3153
  ls .upkeep/state.db.damaged-*
  run upkeep check
  expect_no_text UPK3153
  python3 - <<'PY'
with open(".upkeep/state.db", "r+b") as f:
    size = f.seek(0, 2)
    f.seek(4096)
    f.write(b"\xee" * (size - 4096))
PY
  rm .upkeep/state.db.damaged-*
  run upkeep plan -o plan.json
  expect_code 0
  expect_clean
  expect_text UPK3153
  ls .upkeep/state.db.damaged-*
  run upkeep apply plan.json
  expect_code 0
  expect_no_text UPK3153
  [ "$(sqlite3 .upkeep/state.db 'select count(*) from run')" -eq 1 ]
}

@test "state store: another process holds it" {
  small
  upkeep check >/dev/null || true
  python3 - <<'PY' &
import sqlite3, time, os
db = sqlite3.connect(".upkeep/state.db", isolation_level=None)
db.execute("begin exclusive")
open("held", "w").close()
while not os.path.exists("let-go"):
    time.sleep(0.05)
PY
  holder=$!
  timeout 10 sh -c 'until [ -e held ]; do sleep 0.05; done'
  goes_on UPK3152
  touch let-go
  wait "$holder"
  run upkeep plan
  expect_no_text UPK3152
  [ "$(sqlite3 .upkeep/state.db 'select count(*) from run')" -eq 1 ] # taken in afterwards
}

# As a user whom permissions bind: root may do anything.
as_nobody() {
  if [ "$(id -u)" = 0 ]; then
    setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups "$@"
  else "$@"; fi
}

@test "state store: its user may only read it, or not even that, or make none" {
  # bats' own folder may be closed to others.
  place=$(mktemp -d "${TMPDIR:-/tmp}/upkeep-state.XXXXXX")
  chmod 755 "$place"
  cd "$place"
  as_nobody true && as_nobody test -x "$UPKEEP" || { rm -rf "$place"; skip "no other user can run the program"; }
  small
  mkdir -p .upkeep/runs data
  [ "$(id -u)" != 0 ] || chown -R nobody "$place"
  echo 'state: data/state.db' >>upkeep.yaml
  run as_nobody "$UPKEEP" check
  expect_no_text UPK315
  AS=as_nobody
  chmod 444 data/state.db
  rm -f data/state.db-*
  chmod 555 data
  goes_on UPK315
  chmod 755 data
  chmod 000 data/state.db
  goes_on UPK3150
  rm -f data/state.db
  chmod 555 data
  goes_on UPK3150
  chmod 755 data
  rm -rf "$place"
}
