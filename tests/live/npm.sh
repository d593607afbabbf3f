# Validators of others, from npm, each in a folder of its own below build/, once.
# To be sourced by bats suites.
#
#   npm_get NAME PACKAGE@VERSION...   sets NPM_FOLDER; or returns 1 and sets NPM_WHY

npm_get() {
  local folder=$UPKEEP_SOURCE/build/npm-$1 part=$UPKEEP_SOURCE/build/npm-$1.part.$$
  NPM_FOLDER=$folder NPM_WHY=
  shift
  [ -d "$folder/node_modules" ] && return 0
  if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
    NPM_WHY="npm is not installed, which brings $*"
    return 1
  fi
  mkdir -p "$part"
  if (cd "$part" && timeout 180 npm install --prefix . --no-audit --no-fund \
    --no-package-lock --ignore-scripts "$@") >"$part/npm.log" 2>&1; then
    mv -T "$part" "$folder" 2>/dev/null || rm -rf "$part" # another was quicker
    return 0
  fi
  NPM_WHY="npm: $(grep -m 1 -iE 'err(or|!)' "$part/npm.log")"
  rm -rf "$part"
  return 1
}
