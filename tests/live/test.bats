# upkeep test: policy tests. No server is needed.
load common

# A project with a target of each engine, its policies from standard input.
project() {
  mkdir -p policies tests
  cat >upkeep.yaml <<-'YAML'
	version: 1
	targets:
	  shop: { engine: postgres, connect: "service=shop", role: primary, labels: { env: prod } }
	windows:
	  nightly: { rrule: "FREQ=DAILY;BYHOUR=2;BYMINUTE=0;BYSECOND=0", duration: 3h, timezone: Europe/Berlin }
	include: [ policies/* ]
	vars: { limit: 50% }
	YAML
  cat >policies/p.yaml <<-'YAML'
	vars: { limit: 40% }
	policies:
	  - name: lean-indexes
	    targets: { env: prod }
	    for: index
	    where: size >= 64MiB
	    ensure: bloat_ratio <= ${limit}
	    by: rebuild_index
	    window: nightly
	  - name: fresh-statistics
	    for: table
	    ensure: changed_ratio <= 10%
	    by: refresh_statistics
	    after: lean-indexes
	  - name: small-enough
	    for: database
	    ensure: size <= 100GiB
	    severity: critical
	  - name: prod-connections
	    targets: { env: prod }
	    for: instance
	    ensure: connections_used_ratio <= 80%
	YAML
}

# Tests from standard input; a line `tests:` goes before them.
tests() {
  { echo "tests:"; cat; } >tests/t.yaml
}

passes() { # count
  run upkeep test
  expect_clean
  expect_code 0
  expect_text "$1 passed, 0 failed, 0 in error"
}

@test "facts inline: attributes, defaults of what is not given, order, windows" {
  project
  tests <<'YAML'
  - name: the whole
    at: 2026-11-23T00:00Z
    objects:
      - { kind: index, name: public.orders_pkey, attributes: { size: 2GiB, bloat_ratio: 61%, table: orders } }
      - { kind: index, name: public.little, attributes: { size: 2MiB, bloat_ratio: 61% } }
      - { kind: index, name: 'public."not. known"', attributes: { size: 2GiB } }
      - { kind: table, name: public.orders, attributes: { changed_ratio: 0.3, size: 10GiB, rows: 5M } }
      - { kind: database, name: shop, attributes: { size: 200GiB } }
      - { kind: instance, attributes: { connections_used_ratio: 85% } }
    expect:
      exactly:
        - { step: "rebuild_index:public.orders_pkey", because: "bloat_ratio 61% > 50%", window: nightly, risk: low, policy: lean-indexes }
        - { action: refresh_statistics, object: public.orders, after: "rebuild_index:*" }
      not_planned: [ "rebuild_index:public.little", { action: vacuum } ]
      verdicts:
        - { policy: lean-indexes, object: public.little, verdict: excluded }
        - { policy: lean-indexes, object: 'public."not. known"', verdict: unknown, because: not given in the test }
        - { policy: small-enough, object: shop, verdict: broken, severity: critical }
        - { policy: prod-connections, verdict: broken }
  - name: vars and labels
    labels: { tier: gold }
    vars: { limit: 70% }
    objects:
      - { kind: index, name: public.orders_pkey, attributes: { size: 2GiB, bloat_ratio: 61%, table: orders } }
    expect:
      exactly: []
      verdicts: [ { policy: lean-indexes, verdict: holds } ]
  - name: a replica is refused
    role: replica
    objects: [ { kind: database, name: shop, attributes: { size: 1GiB } } ]
    expect: { refused: UPK1504 }
  - name: another engine, of no target of the project
    engine: sqlite
    policies: small-*
    objects: [ { kind: database, name: main, attributes: { size: 1GiB } } ]
    expect:
      verdicts: [ { policy: small-enough, object: main, verdict: holds } ]
  - name: no capability
    capabilities: []
    policies: lean-indexes
    objects:
      - { kind: index, name: public.orders_pkey, attributes: { size: 2GiB, bloat_ratio: 61%, table: orders, is_valid: true } }
    expect: { planned: [ "rebuild_index:*" ] }
YAML
  passes 5
}

@test "facts of a file, compressed too, with changes of one test" {
  sqlite3 shop.db <"$UPKEEP_SOURCE/examples/quickstart/make_database.sql" >/dev/null
  cp -r "$UPKEEP_SOURCE"/examples/quickstart/{upkeep.yaml,policies,tests} .
  mkdir tests/facts
  upkeep inspect -o tests/facts/shop.json.zst
  cat >tests/recorded.yaml <<'YAML'
defaults: { facts: tests/facts/shop.json.zst }
tests:
  - name: as it was
    expect: { planned: [ "archive_rows:event", "drop_index:order_customer" ] }
  - name: without old events
    objects: [ { kind: table, name: event, attributes: { oldest_row_age(created_at): 10d } } ]
    expect:
      not_planned: [ "archive_rows:*" ]
      verdicts: [ { policy: events-retention, object: event, verdict: holds } ]
  - name: one more table
    objects: [ { kind: table, name: another, attributes: { rows: 5 } } ]
    expect: { verdicts: [ { policy: events-retention, object: another, verdict: excluded } ] }
YAML
  passes 6
  head -c 200 tests/facts/shop.json.zst >cut
  mv cut tests/facts/shop.json.zst
  run upkeep test tests/recorded.yaml
  expect_code 1
  expect_text "is not compressed as its name says"
  expect_text "0 passed, 0 failed, 3 in error"
}

@test "the examples of the manual pass" {
  project
  python3 - "$UPKEEP_SOURCE/docs/manual/testing.md" >tests/manual.yaml <<'PY'
import re, sys
print("tests:")
for block in re.findall(r"(?:^(?:    .*)?\n)+", open(sys.argv[1]).read(), re.M):
    text = re.sub(r"^    ", "", block, flags=re.M).strip("\n")
    text = re.sub(r"^(#.*\n)+tests:\n", "", text)
    if re.match(r" *- name:", text) and "facts:" not in text:
        shift = "  " if text.startswith("-") else ""
        print(re.sub(r"^", shift, text, flags=re.M))
PY
  passes 6
}

@test "the example's tests pass, and cover its policy" {
  cp -r "$UPKEEP_SOURCE"/examples/quickstart/{upkeep.yaml,policies,tests} .
  run upkeep test --coverage --fail-under 100%
  expect_code 0
  expect_text "coverage 100%: 2 of 2"
}

# What is said with a code, whether it stands in the report or beside it.
golden() { # code, arguments...
  local code=$1 file=$UPKEEP_SOURCE/tests/golden/diagnostics/UPK$1.txt
  shift
  "$UPKEEP" test "$@" >out 2>err </dev/null && status=0 || status=$?
  output=$(cat out err)
  expect_clean
  [ "$status" -ne 0 ]
  cat out err | awk -v mark="UPK$code]" '
    /^(error|warning)\[/ { on = index($0, mark) } !/^(error|warning|[ ])/ { on = 0 } on' >said
  [ -s said ] || { printf 'UPK%s is not said: %s\n' "$code" "$output" >&2; return 1; }
  if [ "${UPKEEP_REGOLD:-}" ]; then cp said "$file"; fi
  diff -u "$file" said >&2
}

# One test with these lines below its name.
one() {
  { printf -- '  - name: one\n'; cat; } | tests
}

index='{ kind: index, name: public.orders_pkey, attributes: { size: 2GiB, bloat_ratio: 61%, table: orders } }'

@test "files of tests that are wrong" {
  project
  golden 4100
  run upkeep test nothing.yaml
  expect_code 64
  expect_text "nothing.yaml is not there"
  one <<<'    target: shp
    policies: [ lean-index ]
    expect: { exactly: [] }'
  golden 4101
  one <<<'    expect: {}'
  golden 4109
  tests <<<'  - { name: a, expect: { exactly: [] } }
  - { name: a, expect: { exactly: [] } }'
  golden 4108
  [ "$status" -eq 3 ]
}

@test "facts that are wrong" {
  project
  one <<<'    objects: [ { kind: indx, name: a.b } ]
    expect: { exactly: [] }'
  golden 4102
  one <<<'    objects: [ { kind: index, name: a.b, attributes: { bloat_rato: 1% } } ]
    expect: { exactly: [] }'
  golden 4103
  one <<<'    objects: [ { kind: index, name: a.b, attributes: { bloat_ratio: 41MB, is_valid: perhaps, size: [ 1GiB ] } } ]
    expect: { exactly: [] }'
  golden 4104
  one <<<'    objects: [ { kind: index, name: b }, { kind: instance, name: a }, { kind: index } ]
    expect: { exactly: [] }'
  golden 4105
  one <<<'    objects: [ { kind: index, name: a.b }, { kind: index, name: a.b } ]
    expect: { exactly: [] }'
  golden 4106
  one <<<'    capabilities: [ superusr ]
    expect: { exactly: [] }'
  golden 4107
  one <<<'    facts: tests/none.json
    expect: { exactly: [] }'
  golden 4119
  [ "$status" -eq 1 ]
}

@test "expectations that are not met" {
  project
  one <<<"    objects: [ $index ]
    expect: { planned: [ 'rebuild_index:public.order_pkey', 'rebuild_indx:public.orders_pkey', 'vacuum:public.x' ] }"
  golden 4110
  one <<<"    objects: [ $index ]
    expect: { not_planned: [ 'rebuild_index:*' ] }"
  golden 4111
  one <<<"    objects: [ $index ]
    expect: { exactly: [] }"
  golden 4112
  one <<<"    objects: [ $index ]
    expect: { planned: [ { step: 'rebuild_index:*', because: table, window: daily, risk: high, parameters: { online: maybe } } ] }"
  golden 4113
  one <<<"    objects: [ $index, { kind: table, name: public.orders, attributes: { changed_ratio: 30%, size: 1GiB, rows: 5M } } ]
    expect: { planned: [ { action: rebuild_index, after: [ 'refresh_statistics:*', 'vacuum:*' ] } ] }"
  golden 4114
  one <<<"    objects: [ $index ]
    expect: { verdicts: [ { policy: lean-indexes, verdict: holds }, { policy: lean-indexs, verdict: broken }, { policy: lean-indexes, verdict: broken, severity: info } ] }"
  golden 4115
  one <<<"    objects: [ $index ]
    expect: { deferred: [ 'rebuild_index:public.orders_pkey' ] }"
  golden 4116
  one <<<"    policies: small-enough
    objects: [ { kind: database, name: shop, attributes: { size: 1GiB } } ]
    expect: { refused: UPK1504, diagnostics: [ UPK2001 ] }"
  golden 4117
  one <<<"    role: replica
    objects: [ $index ]
    expect: { exactly: [] }"
  golden 4118
  one <<<"    objects: [ $index ]
    expect: { planned: [ 'rebuild_index:*' ] }"
  golden 4120 --fail-under 90
  [ "$status" -eq 1 ]
}

@test "reports are equal twice, and readable by others" {
  project
  tests <<'YAML'
  - name: "hostile <&\"'> ]]> \e[31m \b \x7f \uFFFE # \\ \n new line"
    objects: [ { kind: index, name: 'public."<&>\"x"', attributes: { size: 2GiB, bloat_ratio: 61%, table: t } } ]
    expect: { exactly: [] }
  - name: an error
    facts: tests/none.json
    expect: { exactly: [] }
  - name: fine
    expect: { exactly: [] }
YAML
  for format in text json tap; do
    "$UPKEEP" test --format $format --coverage >a || [ $? -eq 1 ]
    "$UPKEEP" test --format $format --coverage >b || [ $? -eq 1 ]
    cmp a b
    refute grep -q "$(printf '\033')" a
  done
  run upkeep test --junit report.xml --format junit
  expect_code 1
  [ -s report.xml ]
  xmllint --noout --schema "$UPKEEP_SOURCE/tests/live/samples/junit.xsd" report.xml
  python3 - <<'PY'
import json, subprocess, os, xml.etree.ElementTree as tree
suite = tree.parse("report.xml").getroot()[0]
assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "1"), suite.attrib
name = suite.findall("testcase")[0].get("name")
assert "hostile <&\"'> ]]> \\x1b[31m" in name, name
assert "UPK4112" in suite.find(".//failure").text
assert suite.find(".//error").get("type") == "UPK4119"
def out(format):
    return subprocess.run([os.environ["UPKEEP"], "test", "--format", format], capture_output=True, text=True).stdout
report = json.loads(out("json"))
assert report["totals"] == {"errors": 1, "failed": 1, "passed": 1}, report
assert report["tests"][0]["failures"][0]["code"] == 4112
tap = out("tap").splitlines()
assert tap[:2] == ["TAP version 14", "1..3"], tap
assert [l for l in tap if l.startswith(("ok", "not ok"))][2].startswith("ok 3 - ")
assert len([l for l in tap if l.startswith(("ok", "not ok"))]) == 3
PY
}

@test "which tests: files, folders, names" {
  project
  mkdir tests/more
  printf 'tests: [ { name: one, expect: { exactly: [] } }, { name: other, expect: { exactly: [] } } ]\n' >tests/a.yaml
  printf 'tests: [ { name: third, expect: { exactly: [] } } ]\n' >tests/more/b.yml
  while read -r count arguments; do
    run upkeep test $arguments
    expect_code 0
    expect_text "$count passed"
  done <<-'CASES'
	3
	2 tests/a.yaml
	1 tests/more
	3 tests tests/a.yaml
	2 o*
	1 --only third
	1 tests/a.yaml one
	CASES
  run upkeep test --only nothing
  expect_code 64
  expect_text "is the name of no test"
  run upkeep test ../elsewhere.yaml
  expect_code 64
  cd tests/more
  run upkeep test b.yml
  expect_code 0
  expect_text "1 passed"
}

@test "coverage says which policies never acted, and never held" {
  project
  one <<<"    objects: [ $index, { kind: table, name: public.t, attributes: { changed_ratio: 1% } } ]
    expect: { exactly: [ 'rebuild_index:*' ] }"
  run upkeep test --coverage
  expect_code 0
  grep -E '^lean-indexes +1 +1 +- +-  never held$' <<<"$output"
  grep -E '^fresh-statistics +- +- +1 +-  never acted$' <<<"$output"
  grep -E '^small-enough .* never matched an object$' <<<"$output"
  expect_text "coverage 25%: 2 of 8"
  run upkeep test --fail-under 25
  expect_code 0
  run upkeep test --fail-under 101
  expect_code 64
}

@test "hundreds of tests run in seconds" {
  project
  python3 - "$index" >tests/many.yaml <<'PY'
import sys
print("tests:")
for i in range(300):
    print(f"""  - name: case {i}
    at: 2026-{i % 12 + 1:02}-01T00:00Z
    objects: [ {sys.argv[1].replace("61%", f"{i % 100}%")} ]
    expect: {{ {"exactly: [ 'rebuild_index:*' ]" if i % 100 > 50 else "exactly: []"} }}""")
PY
  run timeout 60 "$UPKEEP" test
  expect_code 0
  expect_text "300 passed"
}

@test "a test that runs for ever is an error, and the others go on" {
  project
  cat >policies/q.lua <<'LUA'
policy("endless", { ["for"] = "table", ensure = function(o) while true do end end })
LUA
  tests <<'YAML'
  - name: endless
    objects: [ { kind: table, name: a.b } ]
    expect: { exactly: [] }
  - name: after it
    policies: lean-indexes
    expect: { exactly: [] }
YAML
  run upkeep test
  expect_code 1
  expect_text "1 passed, 1 failed, 0 in error"
  expect_text "UPK13"
}

@test "requirements of a test stand over the document's: windows, protected tables, budget" {
  mkdir -p policies tests
  cat >upkeep.yaml <<-'YAML'
	version: 1
	requirements: CLAUDE.md
	targets: { shop: { engine: sqlite, connect: shop.db } }
	include: [ policies/*.yaml ]
	YAML
  cat >CLAUDE.md <<-'MD'
	# Database maintenance
	- Availability: 99.95% per month
	- Maintenance window: Sundays 02:00-05:00 UTC
	- Protected tables: payments
	MD
  cat >policies/p.yaml <<-'YAML'
	policies:
	  - { name: fresh, for: table, ensure: stats_rows_ratio >= 50%, by: refresh_statistics }
	YAML
  tests <<'YAML'
  - name: the document's
    expect:
      exactly: [ { object: orders, window: maintenance } ]
      deferred: [ { object: payments, reason: protected } ]
  - name: the test's
    requirements: { protected: [ orders ], maintenance windows: { nightly: daily 01:00-02:00 UTC } }
    expect:
      exactly: [ { object: payments, window: nightly } ]
      deferred: [ { object: orders, reason: protected } ]
  - name: nothing is protected, and nothing may run
    requirements: { protected: null, blackouts: "2026-11-20 to 2026-12-30 (freeze), UTC" }
    expect: { exactly: [], deferred: [ { object: payments, reason: window }, { object: orders, reason: window } ] }
  - name: within the budget
    requirements: { downtime: 10m }
    spent: 9m
    expect: { planned: [ { object: orders } ] }
  - name: over it
    requirements: { downtime: 10m }
    spent: 10m
    expect: { refused: UPK1570 }
YAML
  cat >>tests/t.yaml <<-'YAML'
	defaults:
	  at: 2026-11-23T12:00Z
	  objects:
	    - { kind: table, name: orders, attributes: { rows: 1M, stats_rows_ratio: 10%, size: 1GiB } }
	    - { kind: table, name: payments, attributes: { rows: 1M, stats_rows_ratio: 10%, size: 1GiB } }
	YAML
  passes 5
  sed -i 's/protected: \[ orders \]/availabilty: 3, availability: 199%/' tests/t.yaml
  run upkeep test
  expect_code 3
  expect_text '`availabilty` is no requirement'
  expect_text "a share of 199% is more than all"
  expect_text "tests/t.yaml:7"
}
