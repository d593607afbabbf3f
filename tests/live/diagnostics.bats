# Golden diagnostics of what the runtime and the command line say: codes 3000
# and above. tests/golden/diagnostics/UPKnnnn.txt is exactly what is said of
# the code; UPKEEP_REGOLD=1 writes the files. What cannot be brought about here
# stands in without.txt beside them, with where it is tested.
load common

golden() { # code, command...
  local code=$1 file=$UPKEEP_SOURCE/tests/golden/diagnostics/UPK$1.txt
  shift
  "$UPKEEP" "$@" >out 2>err </dev/null && status=0 || status=$?
  output=$(cat err)
  expect_clean
  [ "$status" -ne 0 ] || [ "$code" = 3106 ] || [ "$code" = 3107 ] || [ "$code" = 3043 ] || { [ "$code" -ge 3150 ] && [ "$code" -le 3157 ]; }
  # the diagnostic with what belongs to it, and nothing of the place and moment
  awk -v mark="UPK$code]" '
    /^(error|warning)\[/ { on = index($0, mark) } /^[0-9]+ error/ { on = 0 } !/^(error|warning|[ ])/ { on = 0 } on' err |
    sed -E "s,$BATS_TEST_TMPDIR,DIR,g; /the signature/s,[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z,TIME,; s,approval [0-9a-f]{12},approval ID,; s/[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}/RUN/g; s/[0-9a-f]{32,64}/HASH/g; s/(edited|cut)(\.json:1):[0-9]+/\1\2:N/; s/at byte [0-9]+/at byte N/; s/process [0-9]+/process PID/g; s/pid [0-9]+ of [^ ]+ on [^ ]+/pid PID of USER on HOST/" >said
  [ -s said ] || { printf 'UPK%s is not said: %s\n' "$code" "$output" >&2; return 1; }
  if [ "${UPKEEP_REGOLD:-}" ]; then cp said "$file"; fi
  diff -u "$file" said >&2
}

database() { sqlite3 t.db "create table if not exists t (a)"; }

# A policy whose remedy is SQL of one's own; its further parameters come in.
own_sql() { # parameters
  database
  sqlite_project t.db <<YAML
policies:
  - name: p
    for: table
    where: name = 't'
    ensure: rows > 0
    by: run_sql
    limits: { retries: 0 }
    with: { irreversible: a test, checks: [ { sql: select 1 as a, expect: a = 1 } ], run: [ insert into t values (1) ], $1 }
YAML
}

planned() {
  own_sql "${1:-}"
  "$UPKEEP" plan -o plan.json >/dev/null 2>&1
}

applied() {
  planned
  "$UPKEEP" apply plan.json >/dev/null 2>&1
  log=$(echo .upkeep/runs/*)/log.jsonl
  cp "$log" good
}

# Edits the plan in Python; with `sign`, its digests are made again.
edited() { # sign or not, Python over `plan`, `body` and `step`
  python3 - "$@" <<'PY'
import hashlib, json, sys
plan = json.load(open("plan.json"))
body = plan["body"]
step = body["steps"][-1]
dump = lambda v: json.dumps(v, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
digest = lambda v: "sha256:" + hashlib.sha256(dump(v).encode()).hexdigest()
exec(sys.argv[2])
if sys.argv[1] == "sign":
    for s in body["steps"]:
        keys = ("action", "parameters", "risk", "run", "settings", "undo", "window")
        intent = {k: s[k] for k in keys if k in s}
        intent["object"] = {k: s["object"][k] for k in ("kind", "name")}
        s["intent"] = digest(intent)
    plan["intent"] = digest(sorted(s["intent"] for s in body["steps"]))
    plan["digest"] = digest(body)
open("edited.json", "w").write(dump(plan) + "\n")
PY
}

@test "facts files" {
  planned
  upkeep inspect -o facts.json
  head -c 100 facts.json >cut.json
  golden 3000 plan --facts cut.json
  printf '{"format":"upkeep.facts/9"}\n' >other.json
  golden 3001 plan --facts other.json
}

@test "plan files" {
  planned
  head -c 200 plan.json >cut.json
  golden 3020 apply cut.json
  edited as-is 'plan["format"] = "upkeep.plan/9"'
  golden 3021 apply edited.json
  edited as-is 'step["because"] = "a whim"'
  golden 3022 apply edited.json
  edited as-is 'step["run"] = []; plan["digest"] = digest(body)'
  golden 3023 apply edited.json
  edited sign 'step["retries"] = "three"'
  golden 3024 apply edited.json
  edited sign 'step["hurry"] = True'
  golden 3025 apply edited.json
  edited sign 'body["edges"].append({"from": "nobody", "to": step["id"], "why": "so"})'
  golden 3026 apply edited.json
  edited sign 'step["post"][0]["expect"] = "a = "'
  golden 3027 apply edited.json
  edited sign 'step["atomicity"] = "autocommit"; step.pop("probe", 0)'
  golden 3028 apply edited.json
  edited sign 'step["atomicity"] = "external"; step["run"] = [{"exec": ["rm"]}]'
  golden 3290 apply edited.json
  sed -i 's/engine: sqlite/engine: postgres/' upkeep.yaml
  golden 3147 apply plan.json
}

@test "logs" {
  applied
  rm "$log"
  golden 3040 log verify
  sed '2s/{/{ /' good >"$log"
  golden 3041 log verify
  sed '3d' good >"$log"
  golden 3042 log verify
  head -c -20 good >"$log"
  golden 3043 log verify
  sed '$d' good >"$log"
  golden 3044 log verify
  cp good "$log"
  printf ' ' >>"$(dirname "$log")/plan.json"
  golden 3045 log verify
  golden 4006 log verify 2020
}

collector() { # SQL
  database
  mkdir -p facts
  cat >facts/mine.lua <<LUA
return { collector {
  name = "mine", engine = "sqlite", kind = "table", cost = "cheap",
  attributes = { { "name", "text", "its name" }, { "mine", "int", "mine" } },
  filter = "and name = ?1", filter_keys = { "name" },
  variants = { { sql = "$1" } },
} }
LUA
  sqlite_project t.db <<'YAML'
policies:
  - { name: p, for: table, ensure: mine >= 0 }
YAML
  printf 'facts: [ facts/*.lua ]\n' >>upkeep.yaml
}

@test "inspection" {
  collector "select name, nope from sqlite_schema where true {filter}"
  golden 3106 inspect -o facts.json
  collector "select null, 1 where true {filter}"
  golden 3107 inspect -o facts.json
  own_sql ''
  sed -i 's/t.db"/t.db", role: primary/' upkeep.yaml
  golden 3105 inspect
  rm t.db
  golden 3140 inspect
}

@test "runs: before the first step" {
  applied
  golden 3133 apply plan.json
  sqlite3 t.db "delete from t"
  upkeep plan -o plan.json >/dev/null
  cp t.db kept.db
  sqlite3 t.db "update upkeep_file set id = 'another'" 2>/dev/null || {
    rm t.db; sqlite3 t.db "create table t (a)"; }
  golden 3131 apply plan.json
  cp kept.db t.db
  rm -rf .upkeep
  mkdir .upkeep
  echo >.upkeep/runs
  golden 3146 apply plan.json
}

@test "runs: steps" {
  planned 'before: [ { sql: select 1 as a, expect: a = 2 } ]'
  golden 3134 apply plan.json
  rm t.db
  planned 'before: [ { sql: select nope as a, expect: a = 2 } ]'
  golden 3145 apply plan.json
  rm t.db
  own_sql ''
  sed -i 's/insert into t values (1)/insert into nope values (1)/' policies/p.yaml
  upkeep plan -o plan.json >/dev/null
  golden 3135 apply plan.json
  rm t.db
  own_sql ''
  sed -i 's/insert into t values (1)/insert into t select 1 where false/' policies/p.yaml
  upkeep plan -o plan.json >/dev/null
  golden 3136 apply plan.json
  rm t.db
  batch='{ batch: { count: x.rows, start_rows: 1, run: [ { sql: insert into t select 1 where (select count(*) from t) < 3 limit ?1, params: [ { from: batch.limit } ], returns: x } ] } }'
  own_sql ''
  sed -i "s/run: .*/run: [ $batch ], checks: [ { sql: select 1 as a, expect: a = 1 } ], irreversible: a test }/; s/with: .*irreversible: a test, .*/with: { run: [ $batch ], checks: [ { sql: select 1 as a, expect: a = 1 } ], irreversible: a test }/" policies/p.yaml
  sed -i 's/count: x.rows/count: x.rows, expect: "x.rows < 1"/' policies/p.yaml
  upkeep plan -o plan.json >/dev/null
  golden 3280 apply plan.json
  rm t.db
  own_sql ''
  sed -i 's/insert into t values (1)/insert into nope values (1)/' policies/p.yaml
  golden 3291 plan --rehearse
}

# Edits the log in Python over `records`, and makes its chain whole again.
forged() {
  python3 - "$log" "$1" <<'PY'
import hashlib, json, sys
path, change = sys.argv[1:]
records = [json.loads(line) for line in open(path)]
dump = lambda v: json.dumps(v, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
exec(change)
prev = "0" * 64
for record in records:
    record.pop("hash")
    record["prev"] = prev
    prev = hashlib.sha256(("upkeep-log-v1\n" + dump(record)).encode()).hexdigest()
    record["hash"] = prev
open(path, "w").write("".join(dump(r) + "\n" for r in records))
PY
}

@test "a log that was made up is not replayed" {
  applied
  run upkeep log replay
  expect_code 0
  forged 'records[5]["obs"]["wall_us"] += 1'
  run upkeep log verify
  expect_code 0
  golden 3205 log replay
  cp good "$log"
  forged 'for r in records: r.pop("in"); r.pop("out")'
  run upkeep log verify
  expect_code 0
  golden 3206 log replay
}

@test "a run that is taken over" {
  applied
  exec 9<"$log"
  flock 9
  golden 3201 resume last
  exec 9<&-
  golden 3203 resolve last create_ledger:main --as done --reason seen
  sed -i '$d' "$log" # cut off before run.end
  sqlite3 t.db "delete from upkeep_ledger where action = 'run_sql'"
  golden 3200 resume last
}

windows() { # rule, zone, blackout
  cat >upkeep.yaml <<YAML
version: 1
targets:
  t: { engine: sqlite, connect: t.db }
windows:
  w: { rrule: "$1", duration: 1h, timezone: $2 }
blackouts:
  - $3
YAML
}

@test "windows and calendars" {
  range='{ from: 2026-11-26T00:00Z, to: 2026-11-27T00:00Z }'
  windows 'FREQ=DAILY;BYHOUR=25' UTC "$range"
  golden 1562 validate
  windows 'FREQ=DAILY' Europe/Atlantis "$range"
  golden 1563 validate
  windows 'FREQ=DAILY' UTC '{ calendar: freeze.ics }'
  golden 1564 validate
  printf 'BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:tomorrow\r\n' >freeze.ics
  golden 1565 validate
  windows 'DTSTART=00010101T000000;FREQ=MINUTELY;COUNT=999999999' UTC "$range"
  golden 1566 validate
  windows 'FREQ=DAILY' UTC "$range"
  golden 4010 windows another
}

@test "plans and their windows" {
  planned
  edited sign 'body["expires_at"] = 1700000000000000'
  golden 3220 apply edited.json
  printf 'blackouts: [ { from: 2020-01-01T00:00Z, to: 2100-01-01T00:00Z } ]\n' >>upkeep.yaml
  golden 3221 apply plan.json
}

@test "the command line" {
  golden 4001 check
  golden 4002 show nothing.json
  own_sql ''
  golden 4000 plan --at noon
  golden 4003 plan -o nothing/plan.json
  golden 4005 check another
  golden 4007 init
  sed -i 's/"t.db"/"env:NO_SUCH_NAME"/' upkeep.yaml
  golden 4004 check
}

@test "control of runs" {
  applied
  golden 3260 pause last
  echo "storage migration, ask Ann" >.upkeep/stop
  golden 3262 apply plan.json
}

@test "secrets" {
  secret_project() { # connect
    printf 'version: 1\ntargets: { p: { engine: postgres, connect: "%s" } }\nuse: [ std/postgres-baseline ]\n' "$1" >upkeep.yaml
  }
  secret_project file:secret
  echo "host=x" >secret
  chmod 644 secret
  golden 4060 check
  : >secret
  chmod 600 secret
  golden 4061 check
  rm upkeep.yaml
  golden 4062 init --from "host=x password=canary"
}

@test "the state store" {
  planned
  echo 'state: t.db' >>upkeep.yaml
  golden 3155 check
  sed -i 's,^state:.*,state: t.db/below/state.db,' upkeep.yaml
  golden 3150 check
  golden 3158 inspect --record
  sed -i 's,^state:.*,state: postgresql://me@nowhere/state,' upkeep.yaml
  golden 3156 check
  sed -i '/^state:/d' upkeep.yaml
  "$UPKEEP" inspect -o facts.json 2>/dev/null
  "$UPKEEP" check >/dev/null 2>&1 || true
  # by more than the minute in which one look follows another
  python3 -c 'import re, sys; s = open("facts.json").read(); open("facts.json", "w").write(re.sub(r"(\"taken_at\":)(\d+)", lambda m: m[1] + str(int(m[2]) - 120000000), s))'
  golden 3157 inspect --record --facts facts.json
  sqlite3 .upkeep/state.db 'pragma user_version = 99'
  golden 3154 check
}

# A plan that asks for one signature, and two people who may give it.
signable() { # what else the rule says
  ssh-keygen -q -t ed25519 -N '' -f ann -C ann
  ssh-keygen -q -t ed25519 -N '' -f eve -C eve
  echo "ann@example.com $(cut -d' ' -f1,2 ann.pub)" >allowed_signers
  own_sql ''
  printf 'approvals:\n  - { when: "risk = '"'medium'"'", signatures: 1%s }\n' "$1" >>upkeep.yaml
  "$UPKEEP" plan -o plan.json >/dev/null 2>&1
}

signed() { # key, flags
  "$UPKEEP" approve plan.json --yes --key "$@" >/dev/null 2>&1
}

@test "approvals: what does not count" {
  signable ', revoked: revoked'
  : >revoked
  golden 3300 apply plan.json
  signed eve
  golden 3306 apply plan.json
  rm plan.json.sig
  signed ann --as eve@example.com
  golden 3318 apply plan.json
  rm plan.json.sig
  signed ann
  cp plan.json.sig good.sig
  head -c 300 good.sig >plan.json.sig
  golden 3305 apply plan.json
  cp good.sig plan.json.sig
  ssh-keygen -q -k -f revoked ann.pub
  golden 3308 apply plan.json
  : >revoked
  sed -i 's/insert into t values (1)/insert into t values (2)/' policies/p.yaml
  "$UPKEEP" plan -o plan.json >/dev/null 2>&1
  golden 3309 apply plan.json
}

@test "approvals: rejected, repeated, used" {
  signable ''
  signed ann --reject --reason "not before the release"
  golden 3301 apply plan.json
  rm plan.json.sig
  signed ann
  cat plan.json.sig plan.json.sig >both
  sed -i 's/signatures: 1/signatures: 2/' upkeep.yaml
  golden 3311 apply plan.json --signatures both
  sed -i 's/signatures: 2/signatures: 1/' upkeep.yaml
  "$UPKEEP" apply plan.json >/dev/null 2>&1
  sqlite3 t.db "delete from t"
  "$UPKEEP" plan -o plan.json >/dev/null 2>&1
  golden 3310 apply plan.json
  mv .upkeep/runs elsewhere
  golden 3321 apply plan.json
}

@test "approvals: rules, signers, authors, keys" {
  signable ', author_may_approve: false'
  signed ann
  golden 3317 apply plan.json
  printf 'ann@example.com ssh-ed25519 AAAA\n' >allowed_signers
  golden 3304 apply plan.json
  rm allowed_signers
  golden 3303 apply plan.json
  golden 3319 apply plan.json --executor nothing.yaml
  golden 3314 approve plan.json --key nothing --yes
  HOME=$PWD/none golden 3315 approve plan.json --yes
  golden 3320 approve plan.json --key ann
  printf 'version: 1\n' >executor.yaml
  golden 3302 apply plan.json --executor executor.yaml
}

@test "approvals: the author's own" {
  signable ', author_may_approve: false'
  git init -q .
  git config user.name ann && git config user.email ann@example.com
  git config gpg.format ssh && git config user.signingkey "$PWD/ann.pub"
  git add upkeep.yaml policies && git commit -q -S -m policies
  signed ann
  golden 3316 apply plan.json
}

@test "approvals: files that are none, or anybody's" {
  signable ''
  signed ann
  chmod o+w allowed_signers
  golden 3323 apply plan.json
  chmod o-w allowed_signers
  echo garbage >revoked_keys
  golden 3324 apply plan.json
  rm revoked_keys plan.json.sig
  mkfifo plan.json.sig
  golden 3325 apply plan.json
  rm -rf plan.json.sig
  sed -i 's/engine: sqlite,/engine: sqlite, labels: { env: prod },/' upkeep.yaml
  golden 3326 apply plan.json
}

@test "approvals: a plan without ledger is used once" {
  own_sql ''
  sed -i 's/connect: "t.db"/connect: "t.db", ledger: none/' upkeep.yaml
  "$UPKEEP" plan -o plan.json >/dev/null 2>&1
  "$UPKEEP" apply plan.json >/dev/null 2>&1
  golden 3322 apply plan.json
}

@test "approvals: expired" {
  signable ''
  signed ann --expires 1s
  sleep 1.2
  golden 3307 apply plan.json
}
