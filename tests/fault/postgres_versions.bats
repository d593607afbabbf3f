# The faults of a network and of a server on other majors of PostgreSQL.
load postgres
. "$UPKEEP_SOURCE/tests/live/versions.sh"

# Cuts, lost replies to COMMIT, restarts and a crash: the same end each time.
faults_of() { # major
  local round table
  versions_get "$1" || skip "$VERSIONS_WHY"
  HERE=$BATS_TEST_TMPDIR/calm
  mkdir -p "$HERE"
  faulty_start "$VERSIONS_BIN"
  cd "$BATS_TEST_TMPDIR"
  proxy_start
  RANDOM=$1
  for round in $(seq 5); do
    anew
    if [ "$round" -le 3 ]; then say bytes $((RANDOM % 14000 + 2000)) $((RANDOM % 16000 + 3000))
    else
      say bytes
      say rule $((round - 2)) unheard =commit
    fi
    carry_on 6 && the_same || { echo "round $round"; return 1; }
  done
  for table in keyless_1 fat_1; do
    anew
    hold "$table" "$([ $table = fat_1 ] && echo row exclusive || echo row share)"
    apply_on
    until_waiting >waiter
    server restart -m "$([ $table = fat_1 ] && echo fast || echo immediate)"
    let_go "$table"
    finished 0 && the_same || { echo "$table"; cat out; return 1; }
  done
}

teardown() {
  [ -z "${PROXY_ORDERS:-}" ] || say quit || true
  [ -z "${PG_DIR:-}" ] || pg_stop "$PG_DIR"
}
teardown_file() { :; }

@test "PostgreSQL 13: cuts, lost replies, restart, crash" {
  faults_of 13
}

@test "PostgreSQL 16: cuts, lost replies, restart, crash" {
  faults_of 16
}

@test "PostgreSQL 18: cuts, lost replies, restart, crash" {
  faults_of 18
}
