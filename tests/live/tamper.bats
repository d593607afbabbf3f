# Edited, cut and damaged files: refused, with exit 5 and the place.
load common

prepare() {
  sqlite3 shop.db <"$UPKEEP_SOURCE/examples/quickstart/make_database.sql" >/dev/null
  cp -r "$UPKEEP_SOURCE/examples/quickstart/upkeep.yaml" "$UPKEEP_SOURCE/examples/quickstart/policies" .
  upkeep plan -o plan.json >/dev/null 2>&1
}

@test "a plan edited by hand is refused" {
  prepare
  sed 's/drop index/DROP index/' plan.json >edited.json
  refute cmp -s plan.json edited.json
  for verb in "apply edited.json" "show edited.json" "diff plan.json edited.json"; do
    run upkeep $verb
    expect_code 5
    expect_clean
  done
  [ ! -d .upkeep/runs ] || [ -z "$(ls .upkeep/runs)" ]
}

@test "a plan whose digest was made again is refused for its intent" {
  prepare
  python3 - <<'PY'
import hashlib, json
text = open("plan.json").read()
plan = json.loads(text)
plan["body"]["steps"][-1]["run"][0]["sql"] = "drop table customer"
dump = lambda v: json.dumps(v, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
plan["digest"] = "sha256:" + hashlib.sha256(dump(plan["body"]).encode()).hexdigest()
open("edited.json", "w").write(dump(plan) + "\n")
PY
  run upkeep apply edited.json
  expect_code 5
  [ "$(sqlite3 shop.db 'select count(*) from customer')" = 500 ]
}

@test "a plan or facts file cut anywhere is refused" {
  prepare
  upkeep inspect -o facts.json
  for file in plan facts; do
    size=$(stat -c %s $file.json)
    for part in 0 1 2 3 4 5 6 7 8 9 10; do
      cut=$((size * part / 11))
      head -c $cut $file.json >cut.json
      case $file in
      plan) run upkeep apply cut.json ;;
      facts) run upkeep plan --facts cut.json -o x.json ;;
      esac
      expect_code 5
      expect_clean
    done
    head -c $((size - 1)) $file.json >cut.json
    case $file in
    plan) run upkeep apply cut.json ;;
    facts) run upkeep plan --facts cut.json -o x.json ;;
    esac
    expect_code 5
  done
  [ ! -e x.json ]
}

@test "a log is whole after a run; every kind of tampering is found" {
  prepare
  upkeep apply plan.json >/dev/null 2>&1
  log=$(ls -d .upkeep/runs/*)/log.jsonl
  run upkeep log verify
  expect_code 0
  cp "$log" good
  count=$(wc -l <good)
  # one record away, in the middle
  sed '3d' good >"$log"
  run upkeep log verify
  expect_code 5
  # one byte changed
  python3 - "$log" <<'PY'
import sys
data = bytearray(open("good", "rb").read())
data[len(data) // 2] ^= 1
open(sys.argv[1], "wb").write(data)
PY
  run upkeep log verify
  expect_code 5
  expect_clean
  # the seal cut off
  head -n $((count - 1)) good >"$log"
  run upkeep log verify
  expect_code 5
  # two records exchanged
  awk 'NR==2{h=$0;next} {print} NR==3{print h}' good >"$log"
  run upkeep log verify
  expect_code 5
  # the plan beside it changed
  cp good "$log"
  run upkeep log verify
  expect_code 0
  printf ' ' >>"$(dirname "$log")/plan.json"
  run upkeep log verify
  expect_code 5
}

@test "no file of a run is readable for others, and none holds the connection" {
  prepare
  upkeep apply plan.json >/dev/null 2>&1
  for file in .upkeep/runs/*/*; do
    case $(stat -c %a "$file") in *00) ;; *) stat -c '%a %n' "$file"; return 1 ;; esac
  done
  refute grep -r "$PWD" .upkeep/runs plan.json
}
