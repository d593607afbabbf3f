# Plans for reviewers: markdown of any size, pages and graphs with hostile names,
# comparisons, SARIF, and the files of examples/ci in a scratch repository. What
# others read is read by their own programs: cmark-gfm, mermaid, dot, Chromium,
# the SARIF schema.
# long
load common
. "$UPKEEP_SOURCE/tests/live/npm.sh"

CI=$UPKEEP_SOURCE/examples/ci
TOOLS=$UPKEEP_SOURCE/tests/live/review

# A project whose tables are each a step; names from standard input, a line each.
project() {
  python3 -c '
import sqlite3, sys
db = sqlite3.connect("t.db")
for name in sys.stdin.read().splitlines():
    name = eval(name) if name.startswith(("\"", "\x27")) else name
    db.execute("create table \"%s\" (a)" % name.replace("\"", "\"\""))
db.commit()'
  cat >upkeep.yaml <<'YAML'
version: 1
targets:
  shop: { engine: sqlite, connect: t.db }
windows:
  nightly: { rrule: "FREQ=DAILY;BYHOUR=2", duration: 3h, timezone: Europe/Berlin }
include: [ policies/* ]
YAML
  mkdir -p policies
  policy 'select 1' >policies/p.yaml
}

policy() { # statement
  cat <<YAML
policies:
  - name: filled
    for: table
    where: name != 'none'
    ensure: rows > 0
    by: run_sql
    window: nightly
    limits: { max_actions: 100000 }
    with: { irreversible: a test, checks: [ { sql: select 1 as a, expect: a = 1 } ], run: [ $1 ] }
YAML
}

plan() { "$UPKEEP" plan -q -o "$1" "${@:2}" 2>/dev/null; }

hostile() {
  cat <<'NAMES'
"a|b"
"a\\|b"
"`tick`"
"``two``"
"```"
"<script>alert(1)</script>"
"<img src=x onerror=alert(1)>"
"line\nbreak"
"cr\rx"
"\U0001f600 emoji"
"\u202eevil"
"@octocat"
"@org/team"
"#123"
"GH-1"
"http://evil.example/x"
"www.evil.example"
"a@b.example"
":+1:"
"*b*"
"__u__"
"~~s~~"
"[x](http://y.example)"
"![i](http://y.example)"
"$x$"
"-->"
"--> <!--"
"</details>"
"</title></style>"
"end"
"subgraph"
"1. one"
"- item"
"%% comment"
"a;b"
"\"q\""
"'s'"
"&lt;&amp;&#64;"
"#35;"
"x:y"
"((a))"
"{{x}}"
"0123456789abcdef0123456789abcdef01234567"
" lead"
"trail "
"\u200bzero"
"\u2028ls"
"]]>"
"\x1b[31mred"
"\\N\\G\\"
"x" * 3000
"\u00e9" * 200
NAMES
}

verdict() { sed -n 2p; }

@test "markdown of 1, 300 and 5,000 steps fits a comment, verdict first, and says what is left out" {
  for steps in 1 300 5000; do
    mkdir "p$steps" && cd "p$steps"
    seq -f 'tab_%05g' "$steps" | project
    plan plan.json
    upkeep show plan.json --format markdown >comment.md
    [ "$(wc -c <comment.md)" -lt 65000 ]
    [ "$(head -n 1 comment.md)" = '<!-- upkeep:plan shop -->' ]
    run verdict <comment.md
    expect_text "**$((steps + 1)) steps for \`shop\`: medium risk"
    expect_text "fits \`nightly\` (20"
    expect_text "cannot be undone, no blocking"
    grep -q 'digest `sha256:' comment.md
    upkeep show plan.json --format markdown --max-bytes 4000 >short.md
    [ "$(wc -c <short.md)" -le 4000 ]
    [ "$(verdict <short.md)" = "$(verdict <comment.md)" ]
    upkeep show plan.json --format mermaid >graph.mmd
    upkeep show plan.json --format gantt >times.mmd
    cd ..
  done
  run grep 'left out' p1/comment.md
  expect_code 1
  grep -q 'left out here: the SQL' p300/comment.md
  run grep 'left out' p5000/comment.md
  expect_text "the SQL, "
  expect_text " of 5001 steps (of the least risk)"
  grep -q '| `filled` | `run_sql` | 5000 |' p5000/comment.md
  # what is kept fills the room there is
  [ "$(wc -c <p5000/comment.md)" -gt 60000 ]
  for n in 0 3999 x 4000x 99999999999; do
    run upkeep show p1/plan.json --format markdown --max-bytes $n
    expect_code 64
    expect_text "--max-bytes"
  done
}

@test "no name becomes markup: markdown by cmark-gfm, dot, SQL and text" {
  command -v cmark-gfm >/dev/null || skip "cmark-gfm is not installed"
  hostile | project
  plan plan.json
  upkeep show plan.json --format markdown >comment.md
  run python3 "$TOOLS/markdown.py" comment.md
  expect_code 0
  # it would tell: the same with a name that is not escaped
  sed '0,/`"@octocat"`/s//@octocat/' comment.md >bad.md
  run python3 "$TOOLS/markdown.py" bad.md
  expect_code 1
  mkdir old && cd old
  echo none | project
  plan ../old.json
  cd ..
  upkeep diff old.json plan.json --format markdown >diff.md
  run python3 "$TOOLS/markdown.py" diff.md
  expect_code 0
  upkeep show plan.json --format dot | dot -Tsvg >graph.svg
  xmllint --noout graph.svg
  [ "$(grep -c 'class="node"' graph.svg)" -eq "$(python3 -c 'import json; print(len(json.load(open("plan.json"))["body"]["steps"]))')" ]
  # each comment of the SQL is one line, and what stands between them runs
  upkeep show plan.json --format sql >plan.sql
  python3 - <<'PY'
import sqlite3
db = sqlite3.connect("t.db", isolation_level=None)
for name in ("upkeep_value", "upkeep_digest"): # the driver's own
    db.create_function(name, 1, lambda text: None)
db.executescript(open("plan.sql").read())
PY
  run grep -aP '\x1b|\xe2\x80\xae' plan.sql comment.md
  expect_no_text "-- "
  run upkeep show plan.json
  expect_clean
}

@test "mermaid's own parser reads graph and time line, within its limits" {
  npm_get mermaid mermaid@11.17.2 jsdom@29.1.1 || skip "$NPM_WHY"
  hostile | project
  plan hostile.json
  mkdir large && cd large
  seq -f 'tab_%05g' 2000 | project
  { policy 'select 1'; policy 'select 2' | sed '1d; s/name: filled/name: again/; s/    window/    after: [ filled ]\n&/'; } >policies/p.yaml
  plan ../large.json
  cd ..
  for name in hostile large; do
    upkeep show $name.json --format mermaid >$name.mmd
    upkeep show $name.json --format gantt >$name-times.mmd
  done
  cd "$NPM_FOLDER"
  run node "$TOOLS/mermaid.mjs" "$BATS_TEST_TMPDIR"/{hostile,large}{,-times}.mmd
  expect_code 0
  expect_text "hostile.mmd flowchart 53 52"
  expect_text "hostile-times.mmd gantt 53"
  expect_text "large.mmd flowchart 3 "
  echo 'flowchart LR; a[' >"$BATS_TEST_TMPDIR/broken.mmd"
  run node "$TOOLS/mermaid.mjs" "$BATS_TEST_TMPDIR/broken.mmd"
  expect_code 1
}

@test "the page is one file, fits phone and desk, light and dark" {
  command -v chromium >/dev/null || skip "chromium is not installed"
  npm_get playwright playwright-core@1.65.1 || skip "$NPM_WHY"
  hostile | project
  plan plan.json
  upkeep show plan.json --format html >"$BATS_TEST_TMPDIR/plan.html"
  run grep -cE 'https?://|src=|href=|url\((["'\'']?)[^#]' plan.html
  cd "$NPM_FOLDER"
  run node "$TOOLS/page.js" "$BATS_TEST_TMPDIR/plan.html"
  expect_code 0
  expect_text "390 dark 53 rgb(230, 237, 243) on rgb(13, 17, 23)"
  expect_text "1280 light 53"
}

@test "diff: what differs, why, and whether approvals hold" {
  printf 'a\nb\nc\n' | project
  sqlite3 t.db 'insert into c values (1)'
  plan old.json
  run upkeep diff old.json old.json --detailed-exitcode
  expect_code 0
  expect_text "0 added, 0 removed, 0 changed, 3 unchanged"
  # fewer steps: each is an approved one
  sqlite3 t.db 'insert into b values (1)'
  plan fewer.json
  run upkeep diff old.json fewer.json --detailed-exitcode
  expect_code 2
  expect_text "- run_sql:b#filled"
  expect_text "because facts changed: no longer rows 0 <= 0"
  expect_text "Verdicts of filled: broken 2 -> 1, holds 1 -> 2"
  expect_text "Approvals of the first hold for the second: each of its steps is one of the first"
  run upkeep diff fewer.json old.json
  expect_text "+ run_sql:b#filled"
  expect_text "do not hold for the second: 1 step is not approved by them: run_sql:b#filled"
  # the policy says something else, at its place
  upkeep inspect -o facts.json
  plan before.json --facts facts.json
  policy 'select 2' >policies/p.yaml
  plan after.json --facts facts.json
  run upkeep diff before.json after.json --detailed-exitcode
  expect_code 2
  expect_text "because policy \`filled\` changed at policies/p.yaml:2:11"
  expect_text 'run: [{"sql":"select 1"}] -> [{"sql":"select 2"}]'
  expect_no_text "facts"
  upkeep diff before.json after.json --format json >diff.json
  python3 - <<'PY'
import json
d = json.load(open("diff.json"))
assert d["format"] == "upkeep.diff/1" and not d["approvals"]["hold"] and d["approvals"]["same_target"]
(step,) = [s for s in d["steps"] if s["kind"] == "changed"]
assert step["at"] == "policies/p.yaml:2:11" and d["approvals"]["breaks"] == [step["step"]]
assert {"from": [{"sql": "select 1"}], "member": "run", "to": [{"sql": "select 2"}]} in step["changes"], step
PY
  # a comment in the file is no change of the policy
  { echo '# a word'; policy 'select 2'; } >policies/p.yaml
  plan same.json --facts facts.json
  run upkeep diff after.json same.json --detailed-exitcode
  expect_code 0
  # an option
  plan some.json --facts facts.json --except filled
  run upkeep diff same.json some.json
  expect_text "because other options were given"
}

@test "diff: estimates alone void nothing; order, checks and another database are told" {
  printf 'a\nb\nc\n' | project
  plan old.json
  edit() { # Python over body and steps, which are made a whole plan again
    python3 - "$@" <<'PY'
import hashlib, json, sys
plan = json.load(open("old.json"))
body = plan["body"]
steps = body["steps"]
exec(sys.argv[1])
dump = lambda v: json.dumps(v, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
plan["digest"] = "sha256:" + hashlib.sha256(dump(body).encode()).hexdigest()
open("new.json", "w").write(dump(plan) + "\n")
PY
  }
  edit 'steps[1]["estimate"]["p50_ms"] = 77'
  run upkeep diff old.json new.json --detailed-exitcode
  expect_code 0
  expect_text '. run_sql:a#filled'
  expect_text "1 with another estimate or reason only"
  expect_text "Approvals of the first hold"
  edit 'steps[1]["pre"] = []'
  run upkeep diff old.json new.json --detailed-exitcode
  expect_code 2
  expect_text '* run_sql:a#filled'
  edit 'steps[1:] = steps[:0:-1]'
  run upkeep diff old.json new.json
  expect_text "Order: 2 steps at another place"
  edit 'body["target"]["name"] = "other"'
  run upkeep diff old.json new.json --detailed-exitcode
  expect_code 2
  expect_text "the target is \`other\` instead of \`shop\`"
  expect_text "it is for another database"
  head -c 200 old.json >cut.json
  run upkeep diff old.json cut.json
  expect_code 5
}

sarif_schema() {
  npm_get sarif @microsoft/jest-sarif@1.0.0-beta.0 ajv@8.20.0 ajv-draft-04@1.0.0 ajv-formats@3.0.1 || return 1
  (cd "$NPM_FOLDER" && node "$TOOLS/schema.js" \
    node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json "$@")
}

@test "SARIF: the schema, UTF-16 columns, paths from the repository's root" {
  git init -q . && mkdir -p db && cd db
  echo t | project
  printf 'policies:\n  - { name: p, why: "\360\237\230\200 \303\251", for: tabel, ensure: rows > 0 }\n' >'policies/é x.yaml'
  run upkeep validate --format text
  expect_text "policies/é x.yaml:2:37"
  upkeep validate --format sarif >"$BATS_TEST_TMPDIR/validate.sarif" 2>/dev/null || [ $? -eq 3 ]
  python3 - "$BATS_TEST_TMPDIR/validate.sarif" <<'PY'
import json, sys
(run,) = json.load(open(sys.argv[1]))["runs"]
assert run["columnKind"] == "utf16CodeUnits"
(result,) = run["results"]
place = result["locations"][0]["physicalLocation"]
assert place["artifactLocation"]["uri"] == "db/policies/%C3%A9%20x.yaml", place
line = open("policies/é x.yaml").read().splitlines()[1].encode("utf-16-le")
region = place["region"]
word = line[2 * (region["startColumn"] - 1):2 * (region["endColumn"] - 1)].decode("utf-16-le")
assert word == "tabel", word
rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
assert rule["id"] == result["ruleId"] and rule["help"]["text"] and rule["defaultConfiguration"]["level"] == "error"
PY
  rm 'policies/é x.yaml'
  # findings of lint, with facts, and without a place in the repository
  cp -r "$UPKEEP_SOURCE/examples/quickstart/upkeep.yaml" "$UPKEEP_SOURCE/examples/quickstart/policies" .
  sqlite3 shop.db <"$UPKEEP_SOURCE/examples/quickstart/make_database.sql" >/dev/null
  rm policies/p.yaml
  upkeep plan --format sarif >"$BATS_TEST_TMPDIR/plan.sarif" 2>/dev/null
  jq -e '[.runs[0].results[] | {(.ruleId): .locations[0].physicalLocation.artifactLocation.uri}] | add |
    .UPK2015 == "db/policies/retention.yaml" and .UPK2011 == "db/upkeep.yaml"' "$BATS_TEST_TMPDIR/plan.sarif"
  (cd "$BATS_TEST_TMPDIR" && mkdir none && cd none && { upkeep validate --format sarif || true; } >../none.sarif 2>/dev/null)
  grep -q '"uri":"upkeep.yaml"' "$BATS_TEST_TMPDIR/none.sarif"
  sarif_schema "$BATS_TEST_TMPDIR"/{validate,plan,none}.sarif || { [ -z "$NPM_WHY" ] || skip "$NPM_WHY"; false; }
  sed 's/"2.1.0"/"2.0.0"/' "$BATS_TEST_TMPDIR/plan.sarif" >"$BATS_TEST_TMPDIR/bad.sarif"
  refute sarif_schema "$BATS_TEST_TMPDIR/bad.sarif" 2>/dev/null
}

@test "a plan that is refused is a comment too, with the same marker" {
  echo t | project
  sed -i 's/rows > 0/rows > 3MiB/' policies/p.yaml
  run upkeep plan --format markdown
  expect_code 3
  expect_text '<!-- upkeep:plan shop -->'
  expect_text '**No plan for `shop`: refused, 1 error, 0 warnings**'
  expect_text '`policies/p.yaml:5:13`'
}

# ---- examples/ci, in a scratch repository ----

git_do() { git -c user.name=dba -c user.email=dba@example.com -c commit.gpgsign=false "$@"; }

repository() {
  git init -q -b main .
  printf 'orders\nevents\n' | project
  mkdir ci facts
  cp "$CI"/{review,comment,apply,install,codequality} ci/
  upkeep inspect -o facts/shop.json.zst
  printf 't.db\n.upkeep/\n' >.gitignore
  git_do add -A
  git_do commit -qm 'policies'
}

# A gh, and a curl, that keep the comments of one pull request in files.
fakes() {
  mkdir -p bin comments
  cat >bin/gh <<'SH'
#!/usr/bin/env bash
method=GET body=
for a in "$@"; do
  case $a in
  repos/*) path=$a ;;
  body=@*) body=${a#body=@} ;;
  GET | POST | PATCH) method=$a ;;
  esac
done
printf '%s %s\n' "$method" "$path" >>calls
case $method in
POST) cp "$body" "comments/$(($(ls comments | wc -l) + 1))" ;;
PATCH) cp "$body" "comments/${path##*/}" ;;
GET) for f in comments/*; do [ -e "$f" ] && printf '%s\t%s\n' "${f##*/}" "$(head -n 1 "$f")"; done ;;
esac
exit 0
SH
  cat >bin/curl <<'SH'
#!/usr/bin/env bash
method=GET body=
for a in "$@"; do
  case $a in
  http*) url=$a ;;
  body@*) body=${a#body@} ;;
  POST | PUT) method=$a ;;
  *t0ken*) echo "the token is an argument" >&2; exit 1 ;;
  esac
done
grep -q 't0ken' || { echo "no token came in" >&2; exit 1; }
case $method in
POST) cp "$body" "comments/$(($(ls comments | wc -l) + 1))" ;;
PUT) cp "$body" "comments/${url##*/}" ;;
GET)
  case $url in *page=1) ;; *) echo '[]'; exit ;; esac
  for f in comments/*; do [ -e "$f" ] && jq -n --arg id "${f##*/}" --rawfile body "$f" '{id: ($id | tonumber), body: $body}'; done | jq -s . ;;
esac
SH
  chmod +x bin/*
  PATH=$PWD/bin:$PATH
}

@test "a change on a branch: review, comment, replaced comment, merge, apply" {
  repository
  fakes
  git_do checkout -qb change
  policy '"insert into orders values (1)"' | sed "s/name != 'none'/name = 'orders'/" >policies/p.yaml
  git_do commit -qam 'only orders, with a row'
  mv t.db away.db # recorded facts are enough
  run ci/review --base main
  expect_code 0
  expect_text '**2 steps for `shop`'
  [ "$(cat .upkeep/review/exit)" = 0 ]
  comment=.upkeep/review/shop.comment.md
  grep -q 'Against the plan of the base, `shop`: 0 added, 1 removed, 1 changed' $comment
  grep -q 'policy `filled` changed at policies/p.yaml:2:11' $comment
  [ "$(wc -c <$comment)" -lt 65000 ]
  [ -z "$(git worktree list | sed 1d)" ]
  grep -q '<h1>2 steps' .upkeep/review/shop.plan.html
  # the comment is posted once, and then replaced; another's stays
  export GITHUB_REPOSITORY=team/db PULL_REQUEST=7
  echo 'a word of somebody' >comments/1
  ci/comment github $comment
  ci/comment github $comment
  [ "$(ls comments | wc -l)" -eq 2 ]
  cmp comments/2 $comment
  [ "$(grep -c ^POST calls) $(grep -c ^PATCH calls)" = '1 1' ]
  export CI_API_V4_URL=http://gitlab/api CI_PROJECT_ID=1 CI_MERGE_REQUEST_IID=2 UPKEEP_GITLAB_TOKEN=t0ken
  rm comments/2
  ci/comment gitlab $comment
  ci/comment gitlab $comment
  [ "$(ls comments | wc -l)" -eq 2 ]
  cmp comments/2 $comment
  # what does not compile is exit code 3, SARIF and a comment, not silence
  sed -i 's/rows > 0/rowz > 0/' policies/p.yaml
  run ci/review --base main
  expect_code 3
  expect_text '**No plan for `shop`: refused'
  ci/codequality .upkeep/review/*.sarif | jq -e '.[0].location.path == "policies/p.yaml" and .[0].location.lines.begin == 5'
  git_do checkout -q policies/p.yaml
  # merged; the approved plan is beside the policies, and the facts have moved
  mv away.db t.db
  mkdir plans
  plan plans/shop.json
  git_do add -A && git_do commit -qm 'approved'
  git_do checkout -q main && git_do merge -q --ff-only change
  sed -i 's/    window: nightly//' policies/p.yaml
  plan plans/shop.json
  run ci/apply shop
  expect_code 0
  expect_text "Approvals of the first hold for the second"
  [ "$(sqlite3 t.db 'select count(*) from orders')" -eq 1 ]
  run ci/apply shop
  expect_code 0
  expect_text "Nothing to do"
  upkeep log verify
}

@test "two people approve; a fact that moves voids nothing, a late commit does" {
  repository
  export UPKEEP_EXECUTOR=$PWD/../executor.yaml
  for name in ann bob; do
    ssh-keygen -q -t ed25519 -N '' -C $name -f ../$name
    printf '%s %s\n' $name "$(cut -d ' ' -f 1,2 ../$name.pub)" >>../allowed_signers
  done
  printf 'version: 1\napprovals:\n  - { when: "risk <> '"'low'"'", signatures: 2 }\n' | tee "$UPKEEP_EXECUTOR" | sed 1d >>upkeep.yaml
  sed -i '/    window: nightly/d' policies/p.yaml
  run ci/review
  expect_text 'needs 2 approvals'
  mkdir plans
  plan plans/shop.json
  run ci/apply shop
  expect_code 11
  for name in ann bob; do upkeep approve plans/shop.json --key ../$name --yes; done
  sqlite3 t.db 'insert into events values (1)'
  sed -i 's/run: \[ select 1 \]/run: [ "insert into orders values (2)" ]/' policies/p.yaml
  run ci/apply shop
  expect_code 11
  expect_text 'policy `filled` changed at policies/p.yaml:2:11'
  sed -i 's/run: \[ .* \] }/run: [ select 1 ] }/' policies/p.yaml
  run ci/apply shop
  expect_text "Approvals of the first hold for the second"
  expect_no_text "error[UPK33"
  expect_clean
}

# By GitLab's own schema, as gitlab-ci-local brings it.
gitlab_valid() { # file
  python3 -c 'import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))' "$1" >ci.json
  cat >"$NPM_FOLDER/gitlab.mjs" <<'JS'
import { readFileSync } from "node:fs";
import Ajv from "ajv";
import schema from "gitlab-ci-local/src/schema/index.js";
const valid = new Ajv({ strict: false, validateFormats: false }).compile(schema);
if (!valid(JSON.parse(readFileSync(process.argv[2])))) {
  console.log(JSON.stringify(valid.errors));
  process.exit(1);
}
JS
  node "$NPM_FOLDER/gitlab.mjs" ci.json
}

@test "the files of examples/ci are what the services read" {
  python3 -c 'import yaml' || skip "python3-yaml is not installed"
  npm_get ci @action-validator/core@0.6.0 @action-validator/cli@0.6.0 gitlab-ci-local@4.60.1 || skip "$NPM_WHY"
  for file in "$CI"/github/*.yml; do
    "$NPM_FOLDER/node_modules/.bin/action-validator" "$file"
    sed 's/runs-on:/runs-of:/' "$file" >bad.yml
    refute "$NPM_FOLDER/node_modules/.bin/action-validator" bad.yml >/dev/null 2>&1
  done
  cp "$CI/gitlab/gitlab-ci.yml" .
  gitlab_valid gitlab-ci.yml
  sed -i 's/stage: apply/stage: { a: 7 }/' gitlab-ci.yml
  refute gitlab_valid gitlab-ci.yml >/dev/null 2>&1
  python3 - "$CI" <<'PY'
import re, sys, yaml
ci = sys.argv[1]
for name in ("review", "apply"):
    text = open(f"{ci}/github/upkeep-{name}.yml").read()
    flow = yaml.safe_load(text)
    assert flow["permissions"] == {}, name
    for job in flow["jobs"].values():
        assert "permissions" in job and "timeout-minutes" in job
        runs = any("ci/review" in s.get("run", "") for s in job["steps"])
        assert not runs or job["permissions"] == {"contents": "read"}
        for step in job["steps"]:
            assert "secrets." not in step.get("run", "") and "${{" not in step.get("run", ""), step
    for use in re.findall(r"uses: *(\S+)", text):
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", use), use
hooks = yaml.safe_load(open(f"{ci}/pre-commit/.pre-commit-hooks.yaml"))
assert {"id", "name", "entry", "language"} <= set(hooks[0]) and re.compile(hooks[0]["files"]).match("policies/a.yaml")
PY
}

@test "the git hook looks at what is staged" {
  repository
  cp "$CI/pre-commit/pre-commit" .git/hooks/pre-commit
  mkdir bin && ln -s "$UPKEEP" bin/upkeep
  PATH=$PWD/bin:$PATH
  printf 'bin/\n' >>.git/info/exclude
  sed -i 's/rows > 0/rowz > 0/' policies/p.yaml
  git_do add -A
  sed -i 's/rowz > 0/rows > 0/' policies/p.yaml
  run git_do commit -qm broken
  [ "$status" -ne 0 ]
  expect_text "UPK1107"
  git_do add -A
  sed -i 's/rows > 0/rowz > 0/' policies/p.yaml
  echo >>upkeep.yaml
  git_do add upkeep.yaml
  git_do commit -qm 'fine as staged'
}
