# Sourced by examples/quickstart/run and tests/run: Debian packages by need.
#   packages_need "what for" PACKAGE...
# installs what is missing, as root or through sudo, and says so; when it may
# not, it says what to install by hand and ends with exit code 1.

packages_build="cmake ninja-build gcc libc6-dev pkg-config libsqlite3-dev
  liblua5.4-dev libyaml-dev libuv1-dev libssl-dev libseccomp-dev libzstd-dev
  libpq-dev libical-dev libcmark-gfm-dev libcmark-gfm-extensions-dev"
packages_test="libcmocka-dev clang clang-format clang-tidy cppcheck bats sqlite3
  unixodbc-dev odbc-mariadb mariadb-server postgresql-15 postgresql-client-15 pgbackrest barman libclang-rt-14-dev util-linux procps
  python3 python3-dateutil python3-jsonschema libxml2-utils zstd iproute2 faketime strace mandoc man-db
  bsdextrautils zsh fish openssh-client git cmark-gfm
  graphviz chromium jq python3-yaml"

packages_missing() {
  local name
  for name in "$@"; do
    dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2>/dev/null |
      grep -q '^ii' || printf '%s ' "$name"
  done
}

packages_need() {
  local what=$1 missing root=
  shift
  if ! command -v dpkg-query >/dev/null; then
    echo "This is no Debian: install the equivalents of: $*" >&2
    return 0
  fi
  missing=$(packages_missing "$@")
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    if ! sudo -n true 2>/dev/null; then
      printf '%s needs packages that are not here, and this user may not install them.\nBy hand, as root:\n\n  apt-get install %s\n\n' \
        "$what" "$missing" >&2
      exit 1
    fi
    root=sudo
  fi
  echo "$what: installing $missing"
  local log
  log=$(mktemp)
  # shellcheck disable=SC2086
  if ! { $root env DEBIAN_FRONTEND=noninteractive apt-get update -qq &&
         $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
           --no-install-recommends $missing; } >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    printf 'Installing failed. By hand, as root:\n\n  apt-get install %s\n\n' \
      "$missing" >&2
    exit 1
  fi
  rm -f "$log"
}
