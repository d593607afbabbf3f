# Private PostgreSQL servers for tests. To be sourced by bash scripts.
#
#   pg_start [BIN]   makes and starts a server; BIN: the folder of its initdb,
#                    pg_ctl and postgres (default: the newest of Debian's).
#                    Sets PGHOST (a socket folder), PGPORT, PGUSER, PGDATABASE
#                    and PG_DIR. On TCP 127.0.0.1 it asks for passwords.
#   pg_stop [DIR]    stops one (default: the last started) and removes it.
#   pg_sql SQL..     psql on the last one: unaligned, no header, stops on errors.
#
# All that still run are stopped when the shell ends, whatever the reason. A
# script with an EXIT trap of its own calls pg_stop_all there. A server never
# runs as root: as the user postgres, or nobody.

PG_RUNNING=()

# The newest folder of server programs that Debian installed.
pg_find_bin() {
  local found
  found=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
  [ -x "$found/initdb" ] && echo "$found"
}

# psql by its real path: Debian's wrapper costs three times a connection.
pg_find_psql() {
  local found
  found=$(ls /usr/lib/postgresql/*/bin/psql 2>/dev/null | sort -V | tail -n 1)
  echo "${found:-psql}"
}

pg_user() {
  if [ "$(id -u)" != 0 ]; then id -un
  elif id -u postgres >/dev/null 2>&1; then echo postgres
  else echo nobody; fi
}

pg_as_user() {
  if [ "$(id -u)" != 0 ]; then
    (cd "$PG_DIR" && exec "$@")
  else
    local user
    user=$(pg_user)
    (cd "$PG_DIR" && exec setpriv --reuid="$user" --regid="$(id -g "$user")" \
      --clear-groups env HOME="$PG_DIR" "$@")
  fi
}

# A port that nobody listens on now.
pg_free_port() {
  local port
  while :; do
    port=$((20000 + RANDOM % 20000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  echo "$port"
}

pg_start() {
  local bin=${1:-$(pg_find_bin)}
  if [ ! -x "$bin/initdb" ]; then
    echo "no PostgreSQL server programs in '$bin'" >&2
    return 1
  fi
  PG_DIR=$(mktemp -d "${TMPDIR:-/tmp}/upkeep-pg.XXXXXX") || return 1
  PG_BIN=$bin
  echo "$bin" >"$PG_DIR/bin"
  chmod 755 "$PG_DIR"
  [ "$(id -u)" = 0 ] && chown "$(pg_user)" "$PG_DIR"
  if [ -z "${PG_NO_TRAP:-}" ]; then
    trap pg_stop_all EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
  fi
  PG_RUNNING+=("$PG_DIR")
  pg_as_user "$bin/initdb" -D "$PG_DIR/data" -U postgres -A trust -E UTF8 \
    --locale=C --no-sync >"$PG_DIR/initdb.log" 2>&1 || {
    cat "$PG_DIR/initdb.log" >&2
    return 1
  }
  pg_as_user tee "$PG_DIR/data/pg_hba.conf" >/dev/null <<-HBA
	local all all trust
	host all all 127.0.0.1/32 scram-sha-256
	HBA
  export PGHOST=$PG_DIR PGPORT PGUSER=postgres PGDATABASE=postgres
  local try
  for try in 1 2 3; do
    PGPORT=$(pg_free_port)
    pg_as_user "$bin/pg_ctl" -D "$PG_DIR/data" -l "$PG_DIR/server.log" -w \
      -t 60 -o "-k $PG_DIR -p $PGPORT -c listen_addresses=127.0.0.1 \
      -c fsync=off -c autovacuum=off -c password_encryption=scram-sha-256 ${PG_OPTIONS:-}" start \
      >"$PG_DIR/start.log" 2>&1 && return 0
  done
  cat "$PG_DIR/start.log" "$PG_DIR/server.log" >&2
  return 1
}

pg_stop() {
  local dir=${1:-$PG_DIR} pid kept=() other
  [ -n "$dir" ] && [ -d "$dir/data" ] || return 0
  pid=$(head -n 1 "$dir/data/postmaster.pid" 2>/dev/null)
  if [ -n "$pid" ]; then
    kill -INT "$pid" 2>/dev/null
    for _ in $(seq 100); do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
    kill -QUIT "$pid" 2>/dev/null && sleep 1
  fi
  rm -rf "$dir"
  for other in "${PG_RUNNING[@]}"; do
    [ "$other" = "$dir" ] || kept+=("$other")
  done
  PG_RUNNING=("${kept[@]}")
}

pg_stop_all() {
  local dir
  for dir in "${PG_RUNNING[@]}"; do pg_stop "$dir"; done
}

pg_sql() {
  local args=() one
  for one in "$@"; do args+=(-c "$one"); done
  "$(pg_find_psql)" -X -q -A -t -v ON_ERROR_STOP=1 "${args[@]}"
}
