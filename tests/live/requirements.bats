# The requirements document, end to end on SQLite: the example's, and a budget.
load common
bats_require_minimum_version 1.5.0

shop() {
  cp -r "$UPKEEP_SOURCE"/examples/requirements/. .
  sqlite3 shop.db "create table payments (id integer primary key, a);
    create table orders (id integer primary key, a); create index orders_a on orders (a);
    create index payments_a on payments (a);
    insert into orders (a) select value from generate_series(1, 2000);
    insert into payments (a) select value from generate_series(1, 2000);"
}

@test "what was read, with its places, as text and as JSON" {
  shop
  run -0 "$UPKEEP" validate --requirements
  [[ $output == *"CLAUDE.md asks for"* && $output == *"p99"*"50ms"*"CLAUDE.md:12"* ]]
  [[ $output == *"limits.lock_timeout 2s"*"fresh-statistics"* ]]
  "$UPKEEP" validate --requirements --format json >said.json
  python3 - <<'PY'
import json
said = json.load(open("said.json"))
values = {v["key"]: v for v in said["values"]}
assert said["format"] == "upkeep.requirements/1" and said["diagnostics"] == [], said["diagnostics"]
assert values["availability"]["value"] == "99.95%" and values["availability"]["at"].startswith("CLAUDE.md:7:")
assert any(f["key"] == "window" and f["value"] == "maintenance" for f in said["fills"])
PY
}

@test "a plan has the window, the limits, the protected table and the budget" {
  shop
  "$UPKEEP" plan -o plan.json --at 2026-11-23T12:00Z >text
  grep -q "deferred  refresh_statistics  payments  (protected: CLAUDE.md:16:" text
  grep -q "required  window maintenance  (CLAUDE.md:9:" text
  grep -q "Blocking expected .* left this month (availability 99.95%)" text
  python3 - <<'PY'
import json
plan = json.load(open("plan.json"))
body = plan["body"]
assert body["inputs"]["requirements"]["sha256"].startswith("sha256:")
assert body["budget"]["allowed_ms"] == 30 * 86400 * 1000 * 500 // 1000000, body["budget"]
assert [w["name"] for w in body["windows"]] == ["maintenance"]
steps = [s for s in body["steps"] if s.get("policy")]
assert steps and all(s["window"] == "maintenance" and s["timeouts"]["blocking_ms"] == 1000 for s in steps)
assert not any(s["object"]["name"][-1] == "payments" for s in steps)
# Black Friday ends on Tuesday: the first Sunday after it
assert body["windows"][0]["opens_at"] == 1796518800000000, body["windows"]
assert {f["key"] for f in plan["provenance"]["requirements"]["fills"]} >= {"window", "limits.lock_timeout"}
PY
}

@test "a plan with a budget is read again, shown in each form, and applied" {
  shop
  sed -i '/Maintenance window/d; /Blackout/d' CLAUDE.md
  "$UPKEEP" plan -o plan.json >/dev/null
  "$UPKEEP" show plan.json >text
  grep -q "^Blocking expected .* left this month (availability 99.95%)" text
  "$UPKEEP" show plan.json --format markdown >text
  grep -q "^- Blocking expected .* left this month (availability 99.95%)" text
  "$UPKEEP" show plan.json --format html >text
  grep -q "error budget.*Blocking expected .* left this month" text
  "$UPKEEP" apply plan.json
}

@test "init names the requirements, and each of their lines is understood" {
  upkeep init
  run -0 "$UPKEEP" validate --requirements
  [[ $output == *"availability"*"limits.lock_timeout 1s"* && $output != *warning* ]]
}

@test "equal inputs give equal plans" {
  shop
  "$UPKEEP" inspect >facts.json
  "$UPKEEP" plan --facts facts.json --at 2026-11-23T12:00Z -o a.json >/dev/null
  "$UPKEEP" plan --facts facts.json --at 2026-11-23T12:00Z -o b.json >/dev/null
  cmp a.json b.json
}

@test "over the budget nothing is planned, and what fits is said" {
  shop
  sed -i 's/^We promise.*/- Allowed downtime: 1 ms per day/' CLAUDE.md
  run -3 "$UPKEEP" plan -o plan.json --at 2026-11-23T12:00Z
  [[ $output == *"UPK1570"* && $output == *"blocks for"* ]]
  [ ! -e plan.json ]
}

@test "what past runs blocked is spent: of a seal, of this target, in this period" {
  shop
  run=.upkeep/runs/20261110T020000Z-abcdef
  mkdir -p "$run"
  printf '%s\n' '{"event":"run.begin","obs":{"target":"shop"}}' '{"event":"run.end","obs":{"blocked_ms":1000}}' >"$run/log.jsonl"
  cp -r "$run" .upkeep/runs/20261010T020000Z-abcdef
  sed 's/"shop"/"crm"/' "$run/log.jsonl" >other
  mkdir .upkeep/runs/20261111T020000Z-abcdef && mv other .upkeep/runs/20261111T020000Z-abcdef/log.jsonl
  "$UPKEEP" plan -o plan.json --at 2026-11-23T12:00Z >/dev/null
  [ "$(python3 -c 'import json; print(json.load(open("plan.json"))["body"]["budget"]["spent_ms"])')" = 1000 ]
}

@test "the state store and the logs tell the same of what past runs blocked, and each run counts once" {
  shop
  printf '%s\n' '{"event":"run.begin","obs":{"target":"shop"}}' >begin
  for day in 10 11 12; do mkdir -p ".upkeep/runs/202611${day}T020000Z-abcdef"; done
  printf '%s\n' '{"event":"run.end","obs":{"blocked_ms":1000}}' | cat begin - >.upkeep/runs/20261110T020000Z-abcdef/log.jsonl
  # One that has no seal: its steps; and one that nobody measured.
  printf '%s\n' '{"det":{},"event":"step.end","obs":{"blocked_ms":30,"step":"a"}}' '{"det":{},"event":"step.end","obs":{"blocked_ms":4,"step":"b"}}' |
    cat begin - >.upkeep/runs/20261111T020000Z-abcdef/log.jsonl
  printf '%s\n' '{"det":{},"event":"step.end","obs":{"step":"a"}}' | cat begin - >.upkeep/runs/20261112T020000Z-abcdef/log.jsonl
  budget() {
    "$UPKEEP" plan "$@" -o plan.json --at 2026-11-23T12:00Z >/dev/null
    python3 -c 'import json; b = json.load(open("plan.json"))["body"]["budget"]; print(b["spent_ms"], b.get("unmeasured"))'
  }
  [ ! -e .upkeep/state.db ]
  logs=$(budget --no-record)
  [[ $logs == "1034 "* ]]
  [ "$(budget)" = "$logs" ] # takes them in
  [ "$(sqlite3 .upkeep/state.db 'select count(*) from run')" -eq 3 ]
  [ "$(budget)" = "$logs" ]
  # It is the store that speaks, also of a log that is gone; a log that grew says more.
  sqlite3 .upkeep/state.db "update run set blocked_ms = 2000 where run like '20261110%'"
  [[ $(budget) == "2034 "* ]]
  rm -r .upkeep/runs/20261110T020000Z-abcdef
  [[ $(budget) == "2034 "* ]]
  printf '%s\n' '{"det":{},"event":"step.end","obs":{"blocked_ms":6,"step":"c"}}' >>.upkeep/runs/20261111T020000Z-abcdef/log.jsonl
  [[ $(budget --no-record) == "2040 "* ]]
}

# A document of others, in their words: KEY VALUE of each, sorted.
values() {
  mkdir -p words
  printf 'version: 1\nrequirements: CLAUDE.md\ntargets: { t: { engine: sqlite, connect: t.db } }\n' >words/upkeep.yaml
  printf '# Database maintenance\n\nTime zone: UTC\n\n%b\n' "$1" >words/CLAUDE.md
  "$UPKEEP" -C words validate --requirements --format json |
    jq -r '.values[] | select(.key != "timezone") | "\(.key) \(.name // "") \(.value)"' | tr -s ' ' | tr -d "'" | sort
}

@test "tables of retention under other headings" {
  said=$(values '| What | How long do we keep it |\n|---|---|\n| carts | 14 days |\n| web_logs | 3 months |')
  [ "$said" = "$(printf 'retention carts 14d\nretention web_logs 93d')" ]
  said=$(values '| Data | Hold for | Legal basis |\n|---|---|---|\n| mes.alarms | 18 months | ISO 9001 |')
  [ "$said" = "retention mes.alarms 558d" ]
  # A table of requirements stays one.
  said=$(values '| What | Value |\n|---|---|\n| Max lock wait | 2s |')
  [ "$said" = "lock_wait 2s" ]
}

@test "sentences of a bank, a shop and a factory" {
  [ "$(values 'Off limits tables: orders, payments')" = "$(printf 'protected orders\nprotected payments')" ]
  [ "$(values 'The tables mes.a and mes.b must not be modified by maintenance.')" = "$(printf 'protected mes.a\nprotected mes.b')" ]
  [ "$(values 'Replication must never fall more than 15 seconds behind.')" = "replica_lag 15s" ]
  [[ $(values 'Maximum downtime per month: 20 minutes.') == *"downtime 20m"* ]]
  [[ $(values '* We do maintenance nightly from 3am to 5am Europe/Paris') == "windows "*"FREQ=DAILY;BYHOUR=3"*"Europe/Paris"* ]]
}

@test "a zone that does not exist is an error in the document" {
  shop
  sed -i 's,Europe/Berlin,Mars/Phobos,' CLAUDE.md
  run -3 "$UPKEEP" validate
  [[ $output == *"UPK1563"*"CLAUDE.md:9:"* ]]
}

@test "5 MB are refused at once" {
  shop
  head -c 5000000 /dev/zero | tr '\0' '[' >>CLAUDE.md
  run -3 timeout 10 "$UPKEEP" validate
  [[ $output == *"UPK1601"* ]]
}
