# The state store on real databases: samples become trends and plans that act
# before, runs become estimates, and a store that fails stops nobody.
# long
load common

# A table of 1,000 rows that may have 1,500, and is to be emptied 14 days before
# it has.
growing() {
  sqlite3 t.db "create table event (id integer primary key, x);
    with recursive n (i) as (select 1 union all select i + 1 from n where i < 1000)
    insert into event select i, 'x' from n"
  sqlite_project t.db <<'YAML'
policies:
  - name: keep-small
    for: table
    where: name = 'event'
    ensure: rows <= 1_500
    ahead: 14d
    by: run_sql
    with:
      run: [ "delete from event where id <= (select max(id) from event) - 100" ]
      checks: [ { sql: "select count(*) as n from event", expect: "n <= 200" } ]
      irreversible: old rows are not wanted
      risk: low
YAML
}

# Facts as they were so many days ago, when there were 40 rows fewer a day.
days_ago() { # first last
  "$UPKEEP" inspect -o now.json 2>/dev/null
  python3 - "$1" "$2" <<'PY'
import json, sys
now = json.load(open("now.json"))
table = now["kinds"]["table"]
names = [c["name"] for c in table["columns"]]
kept = [i for i, n in enumerate(names) if "_trend" not in n]
for day in range(int(sys.argv[1]), int(sys.argv[2]) - 1, -1):
    facts = json.loads(json.dumps(now))
    facts["taken_at"] -= day * 86400 * 1000000
    t = facts["kinds"]["table"]
    for row in t["rows"]:
        row[names.index("rows")] = 1000 - 40 * day
    t["rows"] = [[row[i] for i in kept] for row in t["rows"]]
    t["columns"] = [t["columns"][i] for i in kept]
    open("day%02d.json" % (99 - day), "w").write(
        json.dumps(facts, sort_keys=True, separators=(",", ":")) + "\n")
PY
}

record_days() {
  local file
  for file in day*.json; do
    "$UPKEEP" inspect -q --record --facts "$file"
  done
}

plan_json() { # Python over `body` and `steps`
  python3 -c 'import json, sys
body = json.load(open("plan.json"))["body"]
steps = body["steps"]
exec(sys.argv[1])' "$1"
}

@test "samples of twenty days foretell a break: planned with its date, held at apply, and gone afterwards" {
  growing
  run upkeep plan
  expect_text "Nothing to do"
  rm -r .upkeep
  days_ago 20 1
  record_days
  run upkeep plan -o plan.json
  expect_code 0
  expect_clean
  expect_text "rows 1000 grows by 560 within 14d, breaks about 20"
  plan_json 'assert steps[-1]["action"] == "run_sql"; assert steps[-1]["pre"][0]["expect"] == "not ((rows + 560) <= 1500)"'
  # 1000 + 40 * 12.5 days = 1500
  plan_json 'import datetime, re
now = body["inputs"]["facts"]["taken_at"] / 1e6
at = re.search(r"about (\S+)Z", steps[-1]["because"]).group(1)
at = datetime.datetime.fromisoformat(at + "+00:00").timestamp()
assert 12.4 < (at - now) / 86400 < 12.6, (at - now) / 86400'
  run upkeep check --format json
  expect_code 0
  expect_text '"predicted":1'
  run upkeep apply plan.json
  expect_code 0
  [ "$(sqlite3 t.db 'select count(*) from event')" -eq 100 ]
  run upkeep plan --detailed-exitcode
  expect_code 0
  expect_text "Nothing to do"
}

@test "a trend that is no more at apply: the step is skipped as satisfied" {
  growing
  days_ago 20 1
  record_days
  upkeep plan -o plan.json
  sqlite3 t.db 'delete from event where id > 500'
  run upkeep apply plan.json
  expect_code 0
  expect_text "1 skipped"
  [ "$(sqlite3 t.db 'select count(*) from event')" -eq 500 ]
}

@test "few samples foretell nothing, and say what is missing" {
  growing
  days_ago 3 1
  record_days
  run upkeep plan
  expect_code 0
  expect_text "Nothing to do"
  run upkeep inspect
  expect_text "a trend needs 5 samples over 1 d, and there are 4 over 3 d"
}

@test "--no-record and --facts keep nothing; what is seen of history is read all the same" {
  growing
  days_ago 20 1
  UPKEEP_NO_RECORD=1 upkeep check
  upkeep plan --no-record
  upkeep plan --facts now.json
  upkeep inspect >/dev/null
  [ ! -e .upkeep/state.db ]
  record_days
  [ "$(stat -c %a .upkeep/state.db)" = 600 ]
  points=$(sqlite3 .upkeep/state.db 'select count(*) from point')
  run upkeep plan --no-record
  expect_text "breaks about"
  [ "$(sqlite3 .upkeep/state.db 'select count(*) from point')" -eq "$points" ]
}

@test "what runs took makes estimates; a run that was killed is taken in by the next plan" {
  growing
  sed -i 's/rows <= 1_500/rows <= 100/; s/ahead: 14d/ahead: 0s/' policies/p.yaml
  for round in 1 2 3 4 5; do
    sqlite3 t.db "with recursive n (i) as (select 1 union all select i + 1 from n where i < 200)
      insert into event (x) select 'x' from n"
    upkeep plan -o plan.json
    plan_json 'assert all(s["estimate"]["basis"] == "prior" for s in steps); assert "history" not in body["inputs"]'
    upkeep apply plan.json
  done
  sqlite3 .upkeep/state.db 'delete from run; delete from outcome' # as if the process had died before
  sqlite3 t.db "insert into event (x) select x from event"
  upkeep plan -o plan.json
  plan_json 'assert steps[-1]["estimate"]["basis"] == "history of 5 runs", steps[-1]["estimate"]; assert body["inputs"]["history"]["sha256"]'
  [ "$(sqlite3 .upkeep/state.db "select count(*) from run where status = 'done'")" -eq 5 ]
  # Elsewhere, from the same facts, nothing is learned.
  upkeep inspect -o facts.json
  upkeep plan --facts facts.json -o plan.json
  plan_json 'assert steps[-1]["estimate"]["basis"] == "prior"'
}

@test "status tells an ended run from the store, and again when its log grew" {
  growing
  sed -i 's/rows <= 1_500/rows <= 100/' policies/p.yaml
  upkeep plan -o plan.json
  upkeep apply plan.json
  run upkeep status
  expect_text "2 applied of 2 steps"
  first=$output
  [ "$(sqlite3 .upkeep/state.db 'select count(*) from summary')" -eq 1 ]
  run upkeep status
  [ "$output" = "$first" ]
  sqlite3 .upkeep/state.db "update summary set status = replace(status, '\"total\":2', '\"total\":7')"
  run upkeep status
  expect_text "of 7 steps" # it is the store that speaks
  sed -i 's/"steps":2/"steps":3/' .upkeep/runs/*/log.jsonl
  run upkeep status
  expect_text "damaged"
}

@test "two upkeeps at once record both" {
  growing
  for i in 1 2 3 4 5 6; do
    upkeep check >out.$i 2>&1 &
  done
  wait
  for i in 1 2 3 4 5 6; do
    output=$(cat out.$i)
    expect_text "0 broken"
    expect_no_text "UPK315"
  done
}
