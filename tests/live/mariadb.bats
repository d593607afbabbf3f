# The whole path on MariaDB: inspect, plan, apply, empty second plan.
load common
. "$BATS_TEST_DIRNAME/mariadb.sh"

teardown() { my_stop; }

@test "MariaDB: old statistics are found, planned, refreshed, and then fresh" {
  [ -x "${UPKEEP%/*}/tests/live_driver_mariadb" ] || skip "built without ODBC"
  command -v mariadbd >/dev/null || skip "no MariaDB server is installed"
  my_start
  trap - EXIT
  my_sql "create database shop; create user keeper@localhost identified by 'se;cret'; grant all on *.* to keeper@localhost"
  my_sql "create table \`kunden ü\` (id int primary key); create table orders (id bigint primary key); insert into orders values (1);
    update mysql.innodb_table_stats set last_update = '2020-01-01'" shop
  mkdir policies
  cat >upkeep.yaml <<'YAML'
version: 1
targets: { shop: { engine: mariadb, connect: "env:SHOP" } }
include: [ policies/*.yaml ]
YAML
  cat >policies/statistics.yaml <<'YAML'
policies:
  - { name: statistics, for: table, ensure: stats_age <= 30d, by: refresh_statistics }
YAML
  SHOP="$(my_connect shop | sed 's/UID=root/UID=keeper/');PWD={se;cret}"
  export SHOP
  run upkeep plan -o plan.json
  expect_code 0
  expect_text 'create_ledger' && expect_text 'kunden ü' && expect_text 'shop.orders'
  run upkeep apply plan.json
  expect_code 0
  expect_clean
  expect_text '3 applied'
  run upkeep plan --detailed-exitcode
  expect_code 0
  [ "$(my_sql "select count(*) from upkeep_log where outcome = 'applied' and duration_ms >= 0" shop)" = 3 ]
  [ "$(my_sql "select count(*) from mysql.innodb_table_stats where database_name = 'shop' and last_update < '2021-01-01'")" = 0 ]
  refute grep -r 'se;cret' .upkeep plan.json
  # A password that is wrong: the server's words, and no secret.
  SHOP=${SHOP/se;cret/wrong;secret} run upkeep inspect
  [ "$status" -ne 0 ]
  expect_text 'UPK3140' && expect_no_text 'wrong;secret'
  # Nothing of it stays.
  server=$MY_PID
  [ "$(cat "$MY_DIR/pid")" = "$server" ]
  my_stop
  refute kill -0 "$server" 2>/dev/null
}
