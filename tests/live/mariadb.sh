# Private MariaDB servers for tests. To be sourced by bash scripts.
#
#   my_start     makes and starts a server on a socket, and no network; sets
#                MY_DIR, MY_SOCKET and MY_PID. Root has no password there.
#   my_stop      stops it and removes its folder.
#   my_sql SQL   mariadb on it: no header; a second argument is the database.
#   my_connect   an ODBC connection string for root and the database of $1.
#
# A script with an EXIT trap of its own calls my_stop there. The server never
# runs as root: as the user mysql, or nobody.

# In place of the shell, so that its process id is the server's.
my_exec() {
  [ "$(id -u)" = 0 ] || exec "$@"
  exec setpriv --reuid "$MY_USER" --regid "$(id -g "$MY_USER")" --clear-groups "$@"
}

my_stop() {
  [ -n "${MY_PID:-}" ] && kill "$MY_PID" 2>/dev/null && wait "$MY_PID" 2>/dev/null
  MY_PID=
  [ -n "${MY_DIR:-}" ] && rm -rf "$MY_DIR"
  MY_DIR=
}

my_sql() {
  mariadb --no-defaults --default-character-set=utf8mb4 -N -B -uroot -S "$MY_SOCKET" ${2:+"$2"} -e "$1"
}

my_connect() {
  printf 'Driver=%s;Socket=%s;Database=%s;UID=root' \
    "$(find /usr/lib -name libmaodbc.so | head -n 1)" "$MY_SOCKET" "$1"
}

my_start() {
  local tries
  trap my_stop EXIT
  MY_DIR=$(mktemp -d /tmp/upkeep-my.XXXXXX) || return 1
  MY_SOCKET=$MY_DIR/socket
  MY_USER=nobody
  ! id -u mysql >/dev/null 2>&1 || MY_USER=mysql
  [ "$(id -u)" != 0 ] || chown "$MY_USER" "$MY_DIR"
  chmod 755 "$MY_DIR"
  (my_exec mariadb-install-db --no-defaults --datadir="$MY_DIR/data" \
    --auth-root-authentication-method=normal --skip-test-db >"$MY_DIR/install.log" 2>&1) ||
    { cat "$MY_DIR/install.log" >&2; return 1; }
  my_exec mariadbd --no-defaults --datadir="$MY_DIR/data" \
    --socket="$MY_SOCKET" --pid-file="$MY_DIR/pid" --skip-networking \
    --innodb-buffer-pool-size=32M --innodb-log-file-size=8M \
    --innodb-flush-log-at-trx-commit=2 "$@" >"$MY_DIR/log" 2>&1 3>&- &
  MY_PID=$!
  for ((tries = 0; tries < 200; tries++)); do
    my_sql "select 1" >/dev/null 2>&1 && return 0
    kill -0 "$MY_PID" 2>/dev/null || break
    sleep 0.1
  done
  cat "$MY_DIR/log" >&2
  return 1
}
