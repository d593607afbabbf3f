# The ODBC driver on a real MariaDB server: live_driver_mariadb.c.
load common

@test "the ODBC driver keeps its contract on a real MariaDB server" {
  program=${UPKEEP%/*}/tests/live_driver_mariadb
  [ -x "$program" ] || skip "live_driver_mariadb is not built"
  command -v mariadbd >/dev/null || skip "no MariaDB server is installed"
  run timeout 60 "$UPKEEP_SOURCE/tests/live/driver_mariadb.sh" "$program"
  expect_code 0
  expect_clean
}
