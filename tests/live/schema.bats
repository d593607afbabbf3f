# The JSON Schemas: what upkeep reads and writes, by validators of others.
load common

# ajv from npm, once; without npm's registry only jsonschema looks.
setup_file() {
  local folder=$UPKEEP_SOURCE/build/ajv
  if [ ! -d "$folder/node_modules/ajv" ]; then
    rm -rf "$folder.part" && mkdir -p "$folder.part"
    (cd "$folder.part" && timeout 120 npm install --prefix . --no-audit --no-fund --no-package-lock ajv@8.17.1) \
      >"$folder.log" 2>&1 && rm -rf "$folder" && mv "$folder.part" "$folder"
  fi
  [ -d "$folder/node_modules/ajv" ] && AJV=$folder
  export AJV
}

# Lines of schema.py on standard input.
validate() {
  run python3 "$UPKEEP_SOURCE/tests/live/schema.py"
  expect_code 0
}

@test "ajv is there" {
  [ "$AJV" ] || skip "npm could not install ajv: only jsonschema looks at the documents"
}

@test "all our projects, policies and tests" {
  mkdir fresh
  upkeep -C fresh init >/dev/null 2>&1
  {
    for file in "$UPKEEP_SOURCE"/examples/*/upkeep.yaml fresh/upkeep.yaml; do echo "project valid $file"; done
    for file in "$UPKEEP_SOURCE"/policies/*.yaml "$UPKEEP_SOURCE"/examples/*/policies/*.yaml fresh/policies/*.yaml; do
      echo "policies valid $file"
    done
    for file in "$UPKEEP_SOURCE"/examples/*/tests/*.yaml; do echo "test valid $file"; done
  } >list
  validate <list
  echo "$output"
}

@test "the schema that a file's first line names is there" {
  upkeep init >/dev/null 2>&1
  grep -rhoE '^# yaml-language-server: \$schema=.*' --include=*.yaml . >lines
  [ -s lines ]
  grep -rlE '^# yaml-language-server: \$schema=' --include=*.yaml . | while read -r file; do
    schema=$(sed -n 's/^# yaml-language-server: $schema=//p' "$file")
    python3 -m json.tool <"$(dirname "$file")/$schema" >/dev/null
  done
}

@test "golden plans" {
  ls "$UPKEEP_SOURCE"/tests/golden/plans/*/plan.json | sed 's/^/plan valid /' >list
  [ "$(wc -l <list)" -gt 10 ]
  validate <list
}

@test "facts, plan, log and reports of a real run" {
  sqlite3 shop.db <"$UPKEEP_SOURCE/examples/quickstart/make_database.sql" >/dev/null
  cp -r "$UPKEEP_SOURCE"/examples/quickstart/{upkeep.yaml,policies,tests} .
  sed -i 's/^include/windows: { w: { rrule: "FREQ=DAILY", duration: 1d } }\nblackouts: [ { from: 2026-01-01T00:00Z, to: 2026-01-02T00:00Z, reason: x } ]\ninclude/' upkeep.yaml
  upkeep inspect --all -o facts.json
  upkeep plan -o plan.json
  upkeep check --format json >check.lines || [ $? -eq 2 ]
  upkeep test --format json --coverage >test.json
  upkeep apply plan.json
  cp .upkeep/runs/*/log.jsonl .
  validate <<'LIST'
project valid upkeep.yaml
facts valid facts.json
plan valid plan.json
check-report valid check.lines
test-report valid test.json
log valid log.jsonl
LIST
}

@test "a plan with requirements and an error budget" {
  sqlite3 shop.db <"$UPKEEP_SOURCE/examples/quickstart/make_database.sql" >/dev/null
  cp -r "$UPKEEP_SOURCE"/examples/quickstart/{upkeep.yaml,policies} .
  sed -i 's/^version: 1/version: 1\nrequirements: CLAUDE.md/' upkeep.yaml
  printf '# Database maintenance\n\n- availability: 99.9%% a month\n- maintenance window: daily 02:00-05:00 UTC\n' >CLAUDE.md
  upkeep plan -o plan.json
  jq -e '.body.budget.period and (.body.budget.steps | type == "array") and .body.inputs.requirements and
    .provenance.requirements' plan.json
  jq '.body.budget.steps = [{ step: "a", blocking_ms: 3 }]' plan.json >cost.json
  jq '.body.budget.steps = [{ step: "a" }]' plan.json >wrong.json
  jq 'del(.body.budget.allowed_ms)' plan.json >short.json
  validate <<'LIST'
plan valid plan.json
plan valid cost.json
plan invalid wrong.json
plan invalid short.json
LIST
}

# What the reader refuses for its form, the schema refuses.
refused() { # schema, file, text
  printf '%s' "$3" >"$2"
  echo "$1 invalid $2" >>list
}

@test "wrong files are refused" {
  n=0
  while IFS= read -r line; do
    refused "${line%% *}" "wrong$((n += 1)).yaml" "$(printf '%b' "${line#* }")"
  done <<'CASES'
project version: 2\ntargets: { a: { engine: sqlite, connect: x } }
project version: 1
project version: 1\ntargets: { a: { engine: sqlite } }
project version: 1\ntargets: { a: { engine: mongodb, connect: x } }
project version: 1\ntargets: { a: { engine: sqlite, connect: x, jobs: many } }
project version: 1\ntargets: { a: { engine: sqlite, connect: x, jobs: 65 } }
project version: 1\ntargets: { a: { engine: sqlite, connect: x, job: 1 } }
project version: 1\ntargets: { "a b": { engine: sqlite, connect: x } }
project version: 1\ntargets: [ a ]
project version: 1\ntargets: { a: { engine: sqlite, connect: [ x ] } }
project version: 1\ntargets: { a: { engine: sqlite, connect: x } }\nwindows: { w: { rrule: DAILY, duration: 1h } }
project version: 1\ntargets: { a: { engine: sqlite, connect: x } }\nwindows: { w: { rrule: FREQ=DAILY, duration: 1 hour } }
project version: 1\ntargets: { a: { engine: sqlite, connect: x } }\nblackouts: [ { from: 2026-01-01T00:00Z } ]
project version: 1\ntargets: { a: { engine: sqlite, connect: x } }\nblackouts: [ { calendar: a.ics, from: 2026-01-01T00:00Z, to: 2026-01-02T00:00Z } ]
project version: 1\ntargets: { a: { engine: sqlite, connect: x } }\ninclude: [ ../x.yaml ]
project version: 1\ntargets: { a: { engine: sqlite, connect: x } }\nvars: { a: [ 1 ] }
policies policy: []
policies policies: [ { name: a, for: table } ]
policies policies: [ { name: a, for: table, ensure: x > 1, sevrity: info } ]
policies policies: [ { name: a, for: table, ensure: x > 1, severity: bad } ]
policies policies: [ { name: a, for: table, ensure: x > 1, atomic: yes } ]
policies policies: [ { name: a, for: table, ensure: x > 1, ahead: 3 } ]
policies policies: [ { name: a, for: table, ensure: x > 1, ahead: 1h3d } ]
policies policies: [ { name: a, for: table, ensure: x > 1, priority: 101 } ]
policies policies: [ { name: a, for: table, ensure: [ x ] } ]
policies policies: [ { name: a, for: table, ensure: null } ]
policies policies: [ { name: a, for: table, ensure: x > 1, targets: [ a ] } ]
policies policies: [ { name: a, for: table, ensure: x > 1, limits: { retries: -1 } } ]
policies policies: [ { name: a, for: table, ensure: x > 1, by: { with: { a: 1 } } } ]
policies policies: [ { name: "", for: table, ensure: x > 1 } ]
test tests: [ { name: a } ]
test tests: [ { name: a, expect: { plan: [] } } ]
test tests: [ { name: a, expect: { planned: { step: x } } } ]
test tests: [ { name: a, expect: { refused: 1504 } } ]
test tests: [ { name: a, expect: { refused: UPK15 } } ]
test tests: [ { name: a, expect: { verdicts: [ { policy: x } ] } } ]
test tests: [ { name: a, expect: { verdicts: [ { policy: x, verdict: fine } ] } } ]
test tests: [ { name: a, objects: [ { name: x } ], expect: { exactly: [] } } ]
test tests: [ { name: a, objects: [ { kind: table, name: x, size: 1GiB } ], expect: { exactly: [] } } ]
test tests: [ { name: a, objects: [ { kind: table, name: x, attributes: { size: { a: 1 } } } ], expect: { exactly: [] } } ]
test tests: [ { name: a, at: tomorrow, expect: { exactly: [] } } ]
test tests: [ { name: a, facts: /etc/passwd, expect: { exactly: [] } } ]
CASES
  validate <list
  # and by us: none of them is wrong for the schema alone
  printf 'version: 1\ntargets: { a: { engine: sqlite, connect: x } }\ninclude: p.yaml\n' >good.yaml
  printf 'policies: []\n' >good_policies.yaml
  while read -r schema _ file; do
    mkdir -p tests
    case $schema in
    project) cp "$file" upkeep.yaml; command="validate" ;;
    policies) cp good.yaml upkeep.yaml; cp "$file" p.yaml; command="validate" ;;
    test) cp good.yaml upkeep.yaml; cp good_policies.yaml p.yaml; cp "$file" tests/t.yaml; command="test" ;;
    esac
    run upkeep $command
    [ "$status" -eq 3 ] || { cat "$file"; expect_code 3; }
  done <list
}

@test "files that look strange and are right" {
  cat >upkeep.yaml <<'YAML'
version: 1
required_version: ">= 0.1, < 9"
targets:
  2024: { engine: postgres, connect: service=x, labels: { env: no, tier: 1, on: yes } }
windows: { w: { rrule: FREQ=DAILY;BYHOUR=2, duration: 1h30m, timezone: Europe/Berlin } }
blackouts: [ { calendar: a.ics } ]
use: std/postgres-baseline
vars: { a: 0.5, b: true, c: 10%, d: 7 }
YAML
  cat >policies.yaml <<'YAML'
policies:
  - { name: 2024, why: no, for: table, ensure: true, targets: { env: [ no, 1 ] }, cooldown: 0, by: { action: vacuum }, exempt: { object: a, reason: b } }
  - { name: a, for: index, ensure: size > 0, by: [ rebuild_index, { action: reindex, with: { a: [ 1 ] } } ], limits: { max_duration: 1h }, targets: labels.env = 'no' }
YAML
  cat >tests.yaml <<'YAML'
tests:
  - { name: 16, version: 16.4, at: 2026-11-27T00:00:00Z, objects: [ { kind: table, name: 1, attributes: { a: null, b: [ x ], c: 4, d: yes } } ], expect: { exactly: [], refused: [ UPK1504 ] } }
YAML
  validate <<'LIST'
project valid upkeep.yaml
policies valid policies.yaml
test valid tests.yaml
LIST
}

@test "plans, facts and logs that are edited are refused" {
  python3 - "$UPKEEP_SOURCE/tests/golden/plans/plain/plan.json" <<'PY'
import copy, json, sys
plan = json.load(open(sys.argv[1]))
def edit(name, change):
    other = copy.deepcopy(plan)
    change(other)
    json.dump(other, open(f"{name}.json", "w"))
    print("plan invalid " + name + ".json", file=out)
with open("list", "w") as out:
    edit("key", lambda p: p["body"].update(more=1))
    edit("gone", lambda p: p["body"].pop("steps"))
    edit("type", lambda p: p["body"]["steps"][0].update(retries="3"))
    edit("word", lambda p: p["body"]["steps"][0].update(risk="none"))
    edit("bool", lambda p: p["body"]["steps"][0].update(because=True))
    edit("edge", lambda p: p["body"]["edges"].append({"from": "a", "to": "b"}))
    json.dump({"format": "upkeep.facts/1", "kinds": {}}, open("facts.json", "w"))
    print("facts invalid facts.json", file=out)
    json.dump({"det": {}, "event": "step.jump", "hash": "", "obs": {}, "prev": "", "seq": 1, "v": 1}, open("log.json", "w"))
    print("log invalid log.json", file=out)
PY
  validate <list
}
