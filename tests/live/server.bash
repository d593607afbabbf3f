# A PostgreSQL server of the suite's own, to be loaded after common. Who needs
# more at the beginning writes a setup_file that calls server_start.
# PG_BIN_FOLDER chooses the server's programs.

server_start() {
  export PG_NO_TRAP=1
  . "$UPKEEP_SOURCE/tests/live/postgres.sh"
  pg_start ${PG_BIN_FOLDER:-} || return 1
  export PG_DIR PG_BIN PGHOST PGPORT PGUSER
  PSQL=$(pg_find_psql)
  export PSQL
}

setup_file() { server_start; }

teardown_file() {
  . "$UPKEEP_SOURCE/tests/live/postgres.sh"
  pg_stop "$PG_DIR"
}

# Rows without headers; the database is PGDATABASE's.
sql() { "$PSQL" -Xqtc "$1" "${@:2}"; }
