# What the fault suites of PostgreSQL share: a server, a database that is made
# anew for each test, one plan for it, and the run that nothing happened to.
#
# FAULT_MAJOR=18 has the suites try that major of PostgreSQL, not Debian's.
#
#   faulty_start [BIN]   the server, the database `calm` from which `fault` is
#                        copied, the role keeper, the plan, and what a run that
#                        nothing happened to leaves behind.
#   anew                 the database and the project as before that run; `jobs`
#                        sessions, 1 unless it is set
#   carry_on [FLAG..]    resumes the run until it has ended
#   the_same             the log, the ledger and the database are as after it
#   proxy_start, say     tests/fault/proxy.py before the server, and its orders
. "${UPKEEP_SOURCE:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}/tests/live/common.bash"
. "$UPKEEP_SOURCE/tests/fault/run.bash"
. "$UPKEEP_SOURCE/tests/live/postgres.sh"

sql() { "$PSQL" -XqAtc "$1" "${@:2}"; }
on_fault() { "$PSQL" -XqAt -d fault -c "$1"; }

# Where upkeep finds the database: by TCP, on a port of 127.0.0.1.
reach() { # port, more
  export UPK_CONNECT="host=127.0.0.1 port=$1 user=keeper password=kept dbname=fault sslmode=disable gssencmode=disable ${2:-}"
}

# A step of each sort: two in transactions, and those that cannot be in one.
policies() {
  local table
  echo "policies:"
  for table in keyless_1 keyless_2; do
    cat <<YAML
  - name: $table
    for: table
    where: name = '$table'
    ensure: has_primary_key
    by: run_sql
    limits: { lock_wait: 4s }
    with:
      run:
        - { sql: "insert into public.effects (what) values ('$table')" }
        - { sql: "alter table public.$table add primary key (id)" }
      checks: [ { sql: "select count(*) as n from public.effects where what = '$table'", expect: n = 1 } ]
      undo: [ { sql: "alter table public.$table drop constraint ${table}_pkey" }, { sql: "delete from public.effects where what = '$table'" } ]
YAML
  done
  cat <<'YAML'
  - name: statistics
    for: table
    where: name like 'unknown_%'
    ensure: not never_analyzed
    by: refresh_statistics
    limits: { pace: none }
  - name: hollow
    for: table
    where: name like 'hollow_%'
    ensure: measured_size <= 256KiB
    by: vacuum
  - name: fat
    for: index
    where: name like 'fat_%'
    ensure: measured_size <= 128KiB
    by: rebuild_index
YAML
}

project() {
  cat >upkeep.yaml <<YAML
version: 1
targets:
  p: { engine: postgres, connect: "env:UPK_CONNECT", jobs: ${jobs:-1} }
include: [ policies.yaml ]
YAML
  policies >policies.yaml
}

database_anew() {
  sql "drop database if exists fault with (force)" -d postgres &&
    sql "create database fault template calm" -d postgres
}

# What the database holds: relations, columns, indexes, constraints, rows.
database_digest() {
  on_fault "select md5(string_agg(line, e'\n' order by line)) from (
    select concat_ws(' ', 'relation', n.nspname, c.relname, c.relkind, c.relpersistence, c.reloptions) as line
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg_toast%' and n.nspname not like 'pg_temp%'
    union all
    select concat_ws(' ', 'index', pg_get_indexdef(indexrelid), indisvalid, indisready, indislive)
    from pg_index i join pg_class c on c.oid = i.indrelid where c.relnamespace = 'public'::regnamespace
    union all
    select concat_ws(' ', 'constraint', conrelid::regclass, pg_get_constraintdef(oid)) from pg_constraint where connamespace = 'public'::regnamespace
    union all
    select concat_ws(' ', 'analysed', attrelid::regclass, attname) from pg_statistic join pg_attribute on attrelid = starelid and attnum = staattnum
    join pg_class c on c.oid = attrelid where c.relnamespace = 'public'::regnamespace
    union all select concat('effect ', what) from effects
    union all select concat('rows ', (select md5(string_agg(t::text, ',' order by id)) from keyless_1 t))
    union all select concat('rows ', (select md5(string_agg(t::text, ',' order by id)) from fat_1 t))
    union all select concat('rows ', (select md5(string_agg(t::text, ',' order by id)) from hollow_1 t))
    union all select concat('truncated ', pg_relation_size('hollow_1') < 262144)
    union all select concat('rebuilt ', pg_relation_size('fat_1_v') < 131072)) as lines"
}

ledger_digest() {
  on_fault "select string_agg(concat_ws(' ', step, action, object, outcome, digest), e'\n' order by step, id) from upkeep.ledger"
}

faulty_start() {
  export PG_NO_TRAP=1 HERE=${HERE:-$BATS_FILE_TMPDIR}
  if [ $# -eq 0 ] && [ "${FAULT_MAJOR:-}" ]; then
    . "$UPKEEP_SOURCE/tests/live/versions.sh"
    versions_get "$FAULT_MAJOR" || { echo "$VERSIONS_WHY"; return 1; }
    set -- "$VERSIONS_BIN"
  fi
  pg_start "$@" || return 1
  PSQL=$(pg_find_psql)
  export PG_DIR PG_BIN PGHOST PGPORT PGUSER PSQL
  # So that it can be started again as it was.
  pg_as_user tee -a "$PG_DIR/data/postgresql.conf" >/dev/null <<-CONF
	port = $PGPORT
	unix_socket_directories = '$PG_DIR'
	listen_addresses = '127.0.0.1'
	fsync = off
	autovacuum = off
	password_encryption = 'scram-sha-256'
	CONF
  sql "create role keeper superuser login password 'kept'"
  sql "create database calm"
  "$PSQL" -Xq -v ON_ERROR_STOP=1 -d calm -f "$UPKEEP_SOURCE/tests/fault/postgres.sql"
  cd "$HERE" && project && reach "$PGPORT" && database_anew || return 1
  calm_run
}

anew() {
  project
  cp "$HERE/plan.json" .
  rm -rf .upkeep
  database_anew
}

# A lock held by somebody else until `let_go` of its table, or until the server
# ends.
hold() { # table, mode
  rm -f "held_$1" "let_go_$1"
  "$PSQL" -XqAt -d fault >"held_$1" 2>/dev/null <<SQL &
begin;
lock table $1 in $2 mode;
select 'held';
\\! while [ ! -e let_go_$1 ]; do sleep 0.05; done
rollback;
SQL
  until [ -s "held_$1" ]; do sleep 0.02; done
}
let_go() { touch "let_go_$1"; }

# Until a session of upkeep's waits for a lock; gives its pid.
until_waiting() {
  local pid=
  until [ -n "$pid" ]; do
    sleep 0.02
    pid=$(sql "select pid from pg_stat_activity where application_name like 'upkeep/%' and wait_event_type = 'Lock' limit 1" -d postgres)
  done
  echo "$pid"
}

# The plan in the background, its output in `out`; `finished CODE` waits for it.
apply_on() {
  "$UPKEEP" apply plan.json "$@" >out 2>&1 &
  APPLIER=$!
}
finished() {
  local code=0
  wait "$APPLIER" || code=$?
  [ "$code" -eq "$1" ] && return 0
  echo "exit $code, not $1"
  cat out
  return 1
}

server() { pg_as_user "$PG_BIN/pg_ctl" -D "$PG_DIR/data" -l "$PG_DIR/server.log" -w -t 60 "$@" >/dev/null; }

proxy_start() { # port of the server
  rm -f proxy.at
  python3 "$UPKEEP_SOURCE/tests/fault/proxy.py" "${1:-$PGPORT}" proxy.at &
  until [ -s proxy.at ]; do sleep 0.02; done
  read -r PROXY PROXY_ORDERS <proxy.at
  reach "$PROXY" "${2:-}"
}

# An order to the proxy; prints its answer unless that is "ok".
say() {
  local answer
  exec 9<>"/dev/tcp/127.0.0.1/$PROXY_ORDERS" || return 1
  echo "$*" >&9
  [ "$1" = quit ] || read -r answer <&9
  exec 9>&-
  [ "$answer" = ok ] || echo "$answer"
}

teardown() {
  [ -z "${PROXY_ORDERS:-}" ] || say quit || true
}

teardown_file() {
  pg_stop "$PG_DIR"
}
