# The log of a run that was cut off is torn, cut, or changed: it is repaired or
# refused, and never believed when it is wrong.
load sqlite

setup_file() {
  faulty_start
  cd "$HERE" || return 1
  # Runs that were cut off early, in the middle and late: log and database.
  local n
  for n in 12 22 36; do
    anew
    ASAN_OPTIONS=detect_leaks=0 strace -qq -o /dev/null -e trace=write -e inject=write:signal=SIGKILL:when="$n" \
      "$UPKEEP" -q apply plan.json 2>/dev/null || true
    [ -d .upkeep/runs ] || continue
    mkdir -p "cut/$n"
    cp -a .upkeep fault.db* "cut/$n/"
  done
}

cut_off() { # which
  [ -d "$HERE/cut/$1" ] || skip "strace cannot trace here"
  [ -e upkeep.yaml ] || project
  rm -rf .upkeep fault.db*
  cp -a "$HERE/cut/$1/." .
  log=$(echo .upkeep/runs/*/log.jsonl)
}

# Resumed to the same end; or refused with 5, the place named, nothing changed.
repaired_or_refused() { # what was done to it
  local before
  before=$(database_digest)
  run timeout 60 "$UPKEEP" resume last
  expect_clean || return 1
  case $status in
  0) the_same && outcomes="$outcomes r" && return 0 ;;
  5)
    expect_text "error[UPK" || return 1
    [ "$before" = "$(database_digest)" ] && outcomes="$outcomes x" && return 0
    ;;
  esac
  echo "$1: exit $status"
  echo "$output"
  return 1
}

edit() { # Python over `data`, a bytearray
  python3 - "$log" "$1" <<'PY'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
lines = data.splitlines(keepends=True)
last = len(data) - len(lines[-1])
exec(sys.argv[2])
open(sys.argv[1], "wb").write(data)
PY
}

@test "a torn last record is cut off, kept beside the log, and said" {
  local at
  for at in 1 2 40 -2; do
    cut_off 22
    edit "at = $at; del data[last + at if at > 0 else at:]"
    size=$(wc -c <"$log")
    run timeout 60 "$UPKEEP" resume last
    expect_code 0
    expect_clean
    the_same
    ls "$log".torn* >/dev/null
    grep -q '"event":"run.recovered"' "$log"
  done
}

@test "a tail that is lost at 16 random places: the ledger and the probes decide" {
  local i
  RANDOM=7 outcomes=
  for i in $(seq 16); do
    cut_off "$(set -- 12 22 36; shift $((i % 3)); echo "$1")"
    at=$((RANDOM * 7 % $(wc -c <"$log")))
    edit "del data[$at:]"
    repaired_or_refused "cut at $at" || return 1
  done
  echo "#$outcomes (r: resumed to the same end, x: refused)" >&3
  [ "$(tr -cd r <<<"$outcomes" | wc -c)" -ge 6 ]
}

@test "a bit that is flipped at 16 random places before the last record is refused" {
  local i
  RANDOM=11 outcomes=
  for i in $(seq 16); do
    cut_off 36
    at=$((RANDOM * 7))
    bit=$((RANDOM % 8))
    edit "data[$at % last] ^= 1 << $bit"
    repaired_or_refused "bit $bit at $at" || return 1
  done
  [ "$(tr -d ' x' <<<"$outcomes")" = "" ] || { echo "not refused: $outcomes"; return 1; }
}

@test "a bit that is flipped in the last record is repaired as torn, or refused" {
  local i
  RANDOM=13 outcomes=
  for i in $(seq 8); do
    cut_off 22
    at=$((RANDOM))
    edit "data[last + $at % (len(data) - last)] ^= 1 << $((i % 8))"
    repaired_or_refused "bit $((i % 8)) at $at of the last" || return 1
  done
}

@test "records that are removed, doubled, swapped, or made again by hand are refused" {
  local change
  for change in \
    'data = bytearray(b"".join(lines[:3] + lines[4:]))' \
    'data = bytearray(b"".join(lines[:4] + lines[3:]))' \
    'lines[3], lines[4] = lines[4], lines[3]; data = bytearray(b"".join(lines))' \
    'data = bytearray(b"".join(lines[1:]))' \
    'data = data.replace(b"\"holds\":true", b"\"holds\":false", 1)' \
    'data = data + b"\n"' \
    'data = bytearray(b"".join(lines[:5]) + b"{}\n" + b"".join(lines[5:]))'; do
    cut_off 36
    edit "$change"
    outcomes=
    repaired_or_refused "$change" || return 1
    [ "$outcomes" = " x" ] || [ "$change" = 'data = data + b"\n"' ] || { echo "not refused: $change"; return 1; }
  done
}

@test "plan.json of a run that is not the one it began with is refused" {
  cut_off 22
  sed -i 's/delete from keyless_1/delete from keyless_2/' .upkeep/runs/*/plan.json
  outcomes=
  repaired_or_refused "plan.json edited"
  [ "$outcomes" = " x" ]
  cut_off 22
  rm .upkeep/runs/*/plan.json
  run timeout 60 "$UPKEEP" resume last
  [ "$status" -ne 0 ]
  expect_clean
}
