# The PostgreSQL driver on a real server: live_driver_postgres.c.
load common

@test "the PostgreSQL driver keeps its contract on a real server" {
  program=${UPKEEP%/*}/tests/live_driver_postgres
  [ -x "$program" ] || skip "live_driver_postgres is not built"
  ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || skip "no PostgreSQL server is installed"
  run timeout 120 "$UPKEEP_SOURCE/tests/live/driver_postgres.sh" "$program"
  expect_code 0
  expect_clean
}
