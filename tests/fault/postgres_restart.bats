# A real PostgreSQL is restarted, crashes, or loses one backend, in the middle
# of each sort of step.
# long
load postgres

setup_file() { faulty_start; }

# A table of each sort of step, and the lock that keeps its step waiting.
lock_of() {
  case $1 in
  keyless_1) echo row share ;;
  fat_1) echo row exclusive ;;
  *) echo share update exclusive ;;
  esac
}

# Once the step of a table waits: COMMAND; then the same end as ever.
amidst() { # tables, command..
  local table tables=$1
  shift
  for table in $tables; do
    anew
    hold "$table" "$(lock_of "$table")"
    apply_on
    until_waiting >waiter
    "$@"
    let_go "$table"
    finished 0 && the_same || { echo "at $table: $*"; cat out; return 1; }
  done
}

kill_backend() { kill -9 "$(cat waiter)"; }
end_backend() { sql "select pg_terminate_backend($(cat waiter))" -d postgres >/dev/null; }

@test "fast restart inside a transaction, VACUUM and REINDEX CONCURRENTLY" {
  amidst "keyless_1 hollow_1 fat_1" server restart -m fast
}

@test "immediate stop inside a transaction and REINDEX CONCURRENTLY: recovery is waited for" {
  amidst "keyless_1 fat_1" server restart -m immediate
}

@test "kill -9 of our backend inside VACUUM: everybody's sessions end" {
  amidst "hollow_1" kill_backend
}

@test "pg_terminate_backend inside a transaction, ANALYZE and REINDEX CONCURRENTLY" {
  amidst "keyless_1 unknown_1 fat_1" end_backend
}

@test "a server that says for a while that it takes nobody (57P03)" {
  anew
  hold keyless_1 "row share"
  apply_on
  until_waiting >waiter
  # Smart shutdown waits for the one who holds the lock, and refuses others.
  ours=$(sql "select pid from pg_stat_activity where application_name like 'upkeep/%'" -d postgres)
  server stop -m smart -W
  kill -TERM $ours
  until grep -q "57P03\|is shutting down" "$PG_DIR/server.log"; do sleep 0.05; done
  sleep 1
  let_go keyless_1
  until [ ! -e "$PG_DIR/data/postmaster.pid" ]; do sleep 0.05; done
  server start
  finished 0
  the_same
}
