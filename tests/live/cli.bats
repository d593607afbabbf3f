# The command line: help, init, explain, schema, compile, formats.
load common

@test "every verb has help" {
  run upkeep --help
  expect_code 0
  for verb in init validate inspect check plan show diff apply log explain schema compile; do
    expect_text "  $verb "
    "$UPKEEP" $verb --help | grep -q "upkeep $verb"
  done
  run upkeep --version
  expect_code 0
}

@test "init makes a project that validates, and overwrites nothing" {
  sqlite3 database.db "create table t (a)"
  run upkeep init
  expect_code 0
  run upkeep validate
  expect_code 0
  run upkeep check
  expect_clean
  run upkeep init
  expect_code 64
  expect_text "exists"
}

@test "init --from looks at the database" {
  sqlite3 shop.db <"$UPKEEP_SOURCE/examples/quickstart/make_database.sql" >/dev/null
  run upkeep init --from shop.db --name shop
  expect_code 0
  expect_text "sqlite-duplicate-index"
}

@test "explain knows codes, actions, kinds, attributes and passes" {
  for word in UPK1104 rebuild_index index index.duplicate_of lower; do
    run upkeep explain $word
    expect_code 0
    [ "${#output}" -gt 20 ]
  done
  run upkeep explain rebuld_index
  expect_code 64
  expect_text "rebuild_index"
  run upkeep explain
  expect_code 0
}

# Made anew by: upkeep explain actions-markdown >docs/actions.md
@test "docs/actions.md is what the program prints, and says what every promise comes to" {
  upkeep explain actions-markdown >actions.md
  diff actions.md "$UPKEEP_SOURCE/docs/actions.md"
  run grep "depends on object" actions.md
  expect_code 1
}

@test "schemas are JSON" {
  for word in project policies plan log; do
    upkeep schema $word | python3 -c 'import json, sys; d = json.load(sys.stdin); assert "$schema" in d'
  done
}

@test "the compiler shows its tree after every pass" {
  sqlite3 shop.db <"$UPKEEP_SOURCE/examples/quickstart/make_database.sql" >/dev/null
  cp -r "$UPKEEP_SOURCE/examples/quickstart/upkeep.yaml" "$UPKEEP_SOURCE/examples/quickstart/policies" .
  for pass in front resolve check bind lower optimise order schedule lint emit; do
    run upkeep compile --dump-after=$pass
    expect_code 0
    [ "${#output}" -gt 100 ]
  done
  run upkeep compile --dump-after=nonsense
  expect_code 64
}

@test "formats: JSON is JSON, markdown fits a pull request, diff tells" {
  sqlite3 shop.db <"$UPKEEP_SOURCE/examples/quickstart/make_database.sql" >/dev/null
  cp -r "$UPKEEP_SOURCE/examples/quickstart/upkeep.yaml" "$UPKEEP_SOURCE/examples/quickstart/policies" .
  run upkeep check --format json
  expect_code 2
  echo "$output" | python3 -c 'import json, sys; json.load(sys.stdin)'
  upkeep plan -o a.json >/dev/null
  upkeep plan --except sqlite-wal-size -o b.json >/dev/null
  upkeep show a.json --format json | cmp - a.json
  [ "$(upkeep show a.json --format markdown | wc -c)" -lt 65000 ]
  upkeep show a.json --format markdown | grep -q '```mermaid'
  upkeep show a.json --format sql | grep -qi 'drop index'
  upkeep show a.json --format mermaid | grep -q flowchart
  run upkeep diff a.json b.json --detailed-exitcode
  expect_code 2
  expect_text "checkpoint"
  run upkeep diff a.json a.json --detailed-exitcode
  expect_code 0
}

@test "flags come from the environment too, and the command line wins" {
  sqlite3 database.db "create table t (a)"
  upkeep init
  UPKEEP_FORMAT=json run upkeep check
  expect_text '"format":"upkeep.check/1"'
  UPKEEP_FORMAT=json run upkeep check --format text
  expect_no_text '"format":"upkeep.check/1"'
}

@test "a project is found from a folder below, and by -C and -f" {
  sqlite3 database.db "create table t (a)"
  upkeep init
  mkdir -p deep/er
  (cd deep/er && upkeep validate)
  cd /
  upkeep -C "$BATS_TEST_TMPDIR" validate
  upkeep validate -f "$BATS_TEST_TMPDIR/upkeep.yaml"
}

@test "apply --json gives one event a line, with run, step, state and times" {
  sqlite3 shop.db <"$UPKEEP_SOURCE/examples/quickstart/make_database.sql" >/dev/null
  cp -r "$UPKEEP_SOURCE/examples/quickstart/upkeep.yaml" "$UPKEEP_SOURCE/examples/quickstart/policies" .
  upkeep plan -o plan.json >/dev/null
  upkeep apply plan.json --json >events 2>/dev/null
  python3 - <<'PY'
import json
events = [json.loads(line) for line in open("events")]
records = [e["record"] for e in events if "record" in e]
names = [r["event"] for r in records]
assert names[0] == "run.begin" and names[-1] == "run.end", names
assert [r["seq"] for r in records] == list(range(1, len(records) + 1))
assert len({e["run"] for e in events}) == 1
times = [e["wall_us"] for e in events]
assert times == sorted(times) and times[0] > 1_700_000_000_000_000
for e in events:
    assert e["event"] != "step.begin" or e["state"] == "running", e
    assert e["event"] != "step.end" or e["state"] == "applied", e
    assert ("step" in e) == (e["event"].startswith("step.") or e["event"] == "progress"), e
assert events[-1]["state"] == "ended" and events[-1]["done"] == events[-1]["total"]
PY
}

@test "apply --dry-run runs the checks and changes nothing" {
  sqlite3 shop.db <"$UPKEEP_SOURCE/examples/quickstart/make_database.sql" >/dev/null
  cp -r "$UPKEEP_SOURCE/examples/quickstart/upkeep.yaml" "$UPKEEP_SOURCE/examples/quickstart/policies" .
  upkeep plan -o plan.json >/dev/null
  sqlite3 shop.db .schema >before
  run upkeep apply plan.json --dry-run
  expect_code 0
  expect_text "nothing was changed"
  sqlite3 shop.db .schema | cmp - before
}

@test "the manual has every key of the schemas" {
  "$UPKEEP_SOURCE/docs/manual/keys" "$UPKEEP" >keys.md
  diff -u "$UPKEEP_SOURCE/docs/manual/keys.md" keys.md
}

@test "the manual has every rule of lint" {
  "$UPKEEP_SOURCE/docs/manual/lint" "$UPKEEP" >lint.md
  diff -u "$UPKEEP_SOURCE/docs/manual/lint.md" lint.md
  grep -q drops-used-index lint.md
}

@test "validate judges by the rules that need no facts, once for several engines" {
  cat >upkeep.yaml <<'YAML'
version: 1
targets:
  p: { engine: postgres, connect: "host=/nowhere" }
  s: { engine: sqlite, connect: s.db }
include: [ p.yaml ]
YAML
  cat >p.yaml <<'YAML'
policies:
  - { name: a, for: index, ensure: duplicate_of is null, by: drop_index }
  - { name: b, for: index, ensure: size < 1B, by: rebuild_index, on_failure: rollback, waive: { rule: no-rollback, reason: agreed, until: 2027-01-01T00:00Z } }
YAML
  run upkeep validate --verbose
  expect_code 0
  expect_text "UPK2022"
  [ "$(grep -c UPK2022 <<<"$output")" = 1 ]
  [ "$(grep -c UPK2090 <<<"$output")" = 1 ]
  expect_text "(waived until 2027-01-01T00:00Z: agreed)"
  sed -i 's/, until: 2027-01-01T00:00Z//' p.yaml
  run upkeep validate
  expect_code 3
  expect_text "\`until\` is missing in this waiver"
  sed -i 's/rule: no-rollback, reason: agreed/rule: no-rolback, reason: agreed, until: 2027-01-01T00:00Z/' p.yaml
  run upkeep validate
  expect_code 3
  expect_text "did you mean \`no-rollback\`?"
  [ "$(grep -c UPK2092 <<<"$output")" = 1 ]
}

@test "a policy that matches nothing and waives that is shown as waived" {
  sqlite3 t.db "create table t (a)"
  sqlite_project t.db <<'YAML'
policies:
  - { name: p, for: table, where: "name = 'pubilc'", ensure: has_primary_key,
      waive: { rule: matched-nothing, reason: comes with the next release, until: 2027-01-01T00:00Z } }
  - { name: q, for: table, where: "name = 'x'", ensure: has_primary_key }
YAML
  upkeep inspect -o facts.json
  run upkeep plan --facts facts.json --at 2026-11-23T00:00Z --verbose
  expect_text "note[UPK2090]: no object is matched by \`where\` of \`p\` (waived until 2027-01-01T00:00Z: comes with the next release)"
  expect_text "note[UPK2011]: no object is matched by \`where\` of \`q\`"
  run upkeep plan --facts facts.json --at 2027-01-02T00:00Z --verbose
  expect_text "UPK2091"
  expect_text "note[UPK2011]: no object is matched by the \`where\` of \`p\`, \`q\`"
}

@test "what is waived is shown with the plan" {
  sqlite3 t.db "create table t (a); create index t_a on t (a)"
  sqlite_project t.db <<'YAML'
policies:
  - { name: p, for: index, where: name = 't_a', ensure: table = 'x', by: drop_index,
      waive: { rule: drop-usage-unknown, reason: looked at by hand, until: 2027-09-01T00:00Z } }
YAML
  upkeep inspect -o facts.json
  run upkeep plan --facts facts.json --at 2026-11-23T00:00Z
  expect_code 0
  expect_text "note[UPK2090]: policy \`p\`: steps drop indexes whose use is not known: \`drop_index:t_a\` (waived until 2027-09-01T00:00Z: looked at by hand)"
  run upkeep plan --facts facts.json --at 2027-09-02T00:00Z
  expect_text "UPK2091"
  expect_text "warning[UPK2020]"
  run upkeep plan --facts facts.json --at 2026-08-01T00:00Z
  expect_code 3
  expect_text "UPK2094"
}

@test "the manual's pages are the program's help" {
  for verb in init validate inspect check plan show diff apply log explain schema compile; do
    page=$UPKEEP_SOURCE/docs/manual/$verb.md
    upkeep $verb --help | while IFS= read -r line; do
      [ -z "$line" ] || grep -qxF -- "    $line" "$page" || { echo "$verb.md lacks: $line"; exit 1; }
    done
  done
}

@test "--at is now, for check and compile too; what is no time is refused" {
  sqlite3 database.db "create table t (a)"
  upkeep init
  for verb in check plan compile; do
    run upkeep $verb --at tomorrow
    expect_code 64
    expect_text "2026-11-27T00:00Z"
  done
  sqlite_project database.db <<'YAML'
policies:
  - { name: p, for: table, ensure: rows > 9, exempt: { object: t, reason: new, until: 2026-12-01T00:00Z } }
YAML
  run upkeep check --at 2026-11-30T00:00Z
  expect_code 0
  run upkeep check --at 2026-12-02T00:00Z
  expect_code 2
}

@test "what is not in force yet is said, once" {
  sqlite3 database.db "create table t (a)"
  sqlite_project database.db <<'YAML'
policies:
  - { name: p, for: table, ensure: rows >= 0 }
YAML
  sed -i 's/engine: sqlite/engine: sqlite, accept_timeline_change: true/' upkeep.yaml
  run upkeep plan
  expect_code 0
  [ "$(grep -c 'warning.UPK1053' <<<"$output")" -eq 1 ]
}
