# What the live suites share. UPKEEP is the program, UPKEEP_SOURCE the tree;
# both have defaults, so that `bats tests/live/x.bats` works by itself.
UPKEEP_SOURCE=${UPKEEP_SOURCE:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}
UPKEEP=${UPKEEP:-$UPKEEP_SOURCE/build/asan/upkeep}
export UPKEEP UPKEEP_SOURCE
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1

upkeep() { "$UPKEEP" "$@"; }

# run's exit code must be $1; the output is shown when it is not.
expect_code() {
  if [ "$status" -ne "$1" ]; then
    printf 'exit code %s, expected %s\n%s\n' "$status" "$1" "$output" >&2
    return 1
  fi
}

# The output must hold $1, or must not.
expect_text() {
  case "$output" in *"$1"*) ;; *)
    printf 'not in the output: %s\n%s\n' "$1" "$output" >&2
    return 1 ;;
  esac
}
expect_no_text() {
  case "$output" in *"$1"*)
    printf 'in the output: %s\n%s\n' "$1" "$output" >&2
    return 1 ;;
  esac
}

# A command that must fail: `! command` in the middle of a test cannot.
refute() {
  if "$@"; then
    echo "did not fail: $*" >&2
    return 1
  fi
}

# A command.. until it succeeds, for 20 s at most.
await() {
  for _ in $(seq 400); do
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.05
  done
  echo "did not come about: $*" >&2
  return 1
}

# No sanitizer has spoken, and no signal ended the program.
expect_clean() {
  expect_no_text "Sanitizer" && expect_no_text "runtime error" && [ "$status" -lt 128 ]
}

# A project for one SQLite database, with a policy file from standard input.
sqlite_project() { # database
  cat >upkeep.yaml <<YAML
version: 1
targets:
  t: { engine: sqlite, connect: "$1" }
include: [ policies/* ]
YAML
  mkdir -p policies
  cat >policies/p.yaml
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
}
