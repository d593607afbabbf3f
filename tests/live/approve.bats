# Approvals with real ed25519 keys: who may sign, what counts, what voids it.
# long
load common

# Three people; ann and bob may approve.
people() {
  for name in ann bob eve; do ssh-keygen -q -t ed25519 -N '' -f "$name" -C "$name"; done
  signers ann bob
}
signers() {
  for name in "$@"; do echo "$name@x $(cut -d' ' -f1,2 "$name.pub")"; done >allowed_signers
}

# Tables a and b are in need; the rule asks for so many signatures.
team() { # signatures, what else the rule says
  people
  sqlite3 t.db "create table a (x); create table b (x)"
  sqlite_project t.db <<'YAML'
policies:
  - name: p
    for: table
    where: name in ('a', 'b')
    ensure: rows > 0
    by: run_sql
    with: { irreversible: a test, checks: [ { sql: select 1 as a, expect: a = 1 } ], run: [ "insert into a values (1)", "insert into b values (1)" ] }
YAML
  cat >>upkeep.yaml <<YAML
approvals:
  - { when: "action = 'create_ledger'", signatures: 0 }
  - { when: "risk <> 'low'", signatures: $1${2:+, $2} }
YAML
  planned
}
planned() { "$UPKEEP" plan -o plan.json >/dev/null 2>&1; }
sign() { # key, flags
  local key=$1
  shift
  "$UPKEEP" approve plan.json --yes --key "$key" "$@" >/dev/null 2>sign.err
}
refused() { # words of the reason
  run upkeep apply plan.json "${@:2}"
  expect_clean
  expect_code 11
  expect_text "$1"
  [ "$(sqlite3 t.db "select (select count(*) from a) + (select count(*) from b)")" = "${rows:-0}" ]
}
resealed() { # Python over `body` and `step`: digests are made again
  python3 - "$1" <<'PY'
import hashlib, json, sys
plan = json.load(open("plan.json")); body = plan["body"]; step = body["steps"][-1]
dump = lambda v: json.dumps(v, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
digest = lambda v: "sha256:" + hashlib.sha256(dump(v).encode()).hexdigest()
exec(sys.argv[1])
for s in body["steps"]:
    keys = ("action", "parameters", "risk", "run", "undo") + tuple(k for k in ("settings", "window") if k in s)
    s["intent"] = digest({**{k: s[k] for k in keys}, "object": {k: s["object"][k] for k in ("kind", "name")}})
plan["digest"] = digest(body); plan["intent"] = digest(sorted(s["intent"] for s in body["steps"]))
open("plan.json", "w").write(dump(plan) + "\n")
PY
}

@test "a team: two sign, the plan runs once, its log has who" {
  team 2
  run upkeep show plan.json
  expect_text "needs 2 approvals"
  refused "0 of 2 approvals"
  sign ann
  refused "1 of 2 approvals"
  expect_text "signed by ann@x"
  sign ann # again: still one person
  refused "1 of 2 approvals"
  sign bob
  run upkeep verify plan.json
  expect_code 0
  expect_text "2 of 2 approvals"
  run upkeep apply plan.json
  expect_code 0
  grep -q '"by":\["ann@x"\]' .upkeep/runs/*/log.jsonl
  run upkeep log verify last
  expect_code 0
  run upkeep log replay last
  expect_code 0
  run upkeep apply plan.json
  [ "$status" -ne 0 ]
}

@test "one person with two names or two keys is one" {
  team 2
  cut -d' ' -f1,2 ann.pub | sed 's/^/ann@x,anne@y /' >allowed_signers
  cut -d' ' -f1,2 bob.pub | sed 's/^/anne@y /' >>allowed_signers
  sign ann && sign bob
  refused "1 of 2 approvals"
}

@test "forged, truncated, of another plan, target or key" {
  team 1
  sign eve
  refused "no allowed signer"
  rm plan.json.sig
  sign ann
  cp plan.json.sig good.sig
  sed -i 's/"max_uses":1/"max_uses":9/' plan.json.sig # the statement is edited
  refused "the statement is not what was signed"
  head -c 500 good.sig >plan.json.sig
  refused "line 1 of the signatures is no approval"
  echo '{}' >plan.json.sig
  refused "line 1 of the signatures"
  cp good.sig plan.json.sig
  sed -i 's/insert into b values (1)/insert into b values (2)/' policies/p.yaml
  planned
  refused "of step"
  sed -i 's/^  t: /  u: /' upkeep.yaml
  planned
  refused "it is for the target \`t\`"
}

@test "a plan edited after approval" {
  team 1
  sign ann
  cp plan.json whole.json
  sed -i 's/insert into a/insert into b/' plan.json
  run upkeep apply plan.json
  expect_code 5
  run upkeep verify plan.json
  expect_code 5
  # whoever makes the digests again still has no approval
  for edit in 'step["run"][0]["sql"] = "delete from a"' 'step["pre"][0]["sql"] = "select 1"; step["pre"][0].pop("queries", None)' \
    'step["post"] = step["post"][:1]' 'body["engine"]["session"] = ["pragma user_version = 7"]' 'step["risk"] = "low"' \
    'body["engine"]["ledger"]["present"]["sql"] = "select 0"'; do
    cp whole.json plan.json
    resealed "$edit"
    run upkeep verify plan.json
    expect_code 11 || { echo "$edit" >&2; return 1; }
  done
  # a step that no longer stands for any rule is not approved either: fewer steps are
  cp whole.json plan.json
  resealed 'body["diagnostics"] = []; body["approvals_required"] = []'
  run upkeep verify plan.json
  expect_code 0
}

# Each edit changes what is done: verify and diff must both say that the approval is void.
@test "what is signed is all that changes what is done" {
  team 1
  sed -i 's/^  - name: p$/  - name: p\n    after: q/' policies/p.yaml
  sed 's/: p$/: q/; /after: q/d; s/a.test/another/' policies/p.yaml | tail -n +2 >>policies/p.yaml
  planned
  sign ann
  cp plan.json whole.json
  run upkeep diff --detailed-exitcode whole.json plan.json
  expect_code 0
  while IFS= read -r edit; do
    cp whole.json plan.json
    resealed "$edit"
    run upkeep verify plan.json
    expect_code 11 || { echo "verify: $edit" >&2; return 1; }
    run upkeep diff --detailed-exitcode whole.json plan.json
    expect_code 2 || { echo "diff: $edit" >&2; return 1; }
    expect_text "Approvals of the first do not hold"
  done <<'EDITS'
body["edges"] = []
body["edges"] = [e for e in body["edges"] if not (e["to"] == step["id"] or e["from"] == step["id"])]
step["post"][0]["params"] = ["main", "b"]
step["post"][0]["within_ms"] = 60000
step["post"] = step["post"][:-1]
step["pre"][0]["params"] = ["main", "other"]
step["pre"][0]["expect"] = "true"
step["retries"] = 99
step["object"]["native_id"] = "4711"
step["object"]["fingerprint"] = "0000000000000000"
step["object"]["table"] = ["main", "b"]
step["timeouts"]["lock_ms"] += 1
step["on_failure"] = "continue" if step["on_failure"] != "continue" else "stop"
step["priority"] = 1
step["policy"] = "another"
step["locks"] = []
step["throttle"] = ["load <= 1000"]
step["undo"]["class"] = "inverse"
step["risk"] = "low"
body["target"]["role"] = "replica"
body["expires_at"] += 1
body["expires_at"] += 30 * 86400 * 10**6; body["inputs"]["facts"]["taken_at"] += 1
body["inputs"]["facts"]["taken_at"] -= 1
body["engine"]["session"] = ["pragma user_version = 7"]
EDITS
  while IFS= read -r edit; do # what facts move
    cp whole.json plan.json
    resealed "$edit"
    run upkeep verify plan.json
    expect_code 0 || { echo "verify: $edit" >&2; return 1; }
    run upkeep diff --detailed-exitcode whole.json plan.json
    expect_code 0 || { echo "diff: $edit" >&2; return 1; }
  done <<'EDITS'
step["because"] = "rows 7"; step["estimate"]["p50_ms"] += 1; step["score"] = {}
body["inputs"]["facts"]["taken_at"] += 10**6; body["expires_at"] += 10**6
body["totals"]["p90_ms"] += 1; body["considered"] = []
EDITS
}

@test "a plan made anew within what was approved keeps the approval" {
  team 1
  sign ann
  sqlite3 t.db "insert into b values (5)" # one object less
  planned
  [ "$(grep -o '"id":"run_sql' plan.json | wc -l)" -eq 1 ]
  run upkeep verify plan.json
  expect_code 0
  sqlite3 t.db "delete from b; create table c (x)"
  sed -i "s/'b')/'b', 'c')/" policies/p.yaml # one more
  planned
  refused "was not in the plan"
}

@test "expired, revoked, not yet valid, of another namespace" {
  team 1 "expires: 1h"
  sign ann --expires 1s
  sleep 1.1
  refused "it expired at"
  rm plan.json.sig
  sign ann --expires 30d
  run upkeep verify plan.json
  expect_code 0
  sed -i 's/expires: 1h/expires: 1s/' upkeep.yaml
  sleep 1.1
  refused "not older than 1s"
  sed -i 's/expires: 1s/expires: 1h/' upkeep.yaml
  ssh-keygen -q -k -f revoked_keys ann.pub # beside the signers
  refused "its key was revoked"
  rm revoked_keys
  key=$(cut -d' ' -f1,2 ann.pub)
  for options in 'valid-before="20200101"' 'valid-after="20990101"' 'namespaces="git"'; do
    echo "ann@x $options $key" >allowed_signers
    refused "no allowed signer"
  done
  echo "ann@x namespaces=\"git,upkeep-*\",valid-before=\"20990101\" $key" >allowed_signers
  run upkeep verify plan.json
  expect_code 0
}

@test "certificates of an authority" {
  team 1
  ssh-keygen -q -t ed25519 -N '' -f ca -C ca
  ssh-keygen -q -s ca -I ann -n ann@x -V -1d:+10d ann.pub
  echo "*@x cert-authority $(cut -d' ' -f1,2 ca.pub)" >allowed_signers
  sign ann-cert.pub
  run upkeep verify plan.json
  expect_code 0
  expect_text "ann@x"
}

@test "a key that is certified for two names is one person" {
  team 2
  ssh-keygen -q -t ed25519 -N '' -f ca -C ca
  cp ann anne && cp ann.pub anne.pub
  ssh-keygen -q -s ca -I ann -n ann@x -V -1d:+10d ann.pub
  ssh-keygen -q -s ca -I anne -n anne@y -V -1d:+10d anne.pub
  ssh-keygen -q -s ca -I bob -n bob@x -V -1d:+10d bob.pub
  echo "* cert-authority $(cut -d' ' -f1,2 ca.pub)" >allowed_signers
  sign ann-cert.pub && sign anne-cert.pub
  [ "$(wc -l <plan.json.sig)" -eq 2 ]
  refused "1 of 2 approvals"
  sign bob-cert.pub
  run upkeep verify plan.json
  expect_code 0
}

# sshd_config(5), StrictModes: whoever writes the file approves.
@test "files that others can write, and links that lead elsewhere" {
  team 1
  sign ann
  umask 022
  mkdir etc out
  printf 'version: 1\napprovals:\n  - { signatures: 1, revoked: revoked }\n' >etc/executor.yaml
  cp allowed_signers etc
  ssh-keygen -q -k -f etc/revoked eve.pub
  export UPKEEP_EXECUTOR=etc/executor.yaml
  run upkeep verify plan.json
  expect_code 0
  for file in etc/executor.yaml etc/allowed_signers etc/revoked etc .; do
    was=$(stat -c %a "$file")
    chmod g+w "$file"
    refused "can be written by its group"
    chmod "$was" "$file"
    chmod o+w "$file"
    refused "can be written by everybody"
    chmod "$was" "$file"
  done
  for file in executor.yaml allowed_signers revoked; do
    mv "etc/$file" "out/$file"
    ln -s "../out/$file" "etc/$file"
    if [ "$file" = executor.yaml ]; then cp out/allowed_signers out/revoked etc 2>/dev/null || true; fi
    refused "a link leads out of"
    rm "etc/$file" && mv "out/$file" "etc/$file"
  done
  mkdir etc/..data && mv etc/allowed_signers etc/..data # as a ConfigMap has it
  ln -s ..data/allowed_signers etc/allowed_signers
  run upkeep verify plan.json
  expect_code 0
  unset UPKEEP_EXECUTOR
  chmod g+w upkeep.yaml # of the project, where that has the rules
  refused "can be written by its group"
}

@test "what is no file is refused at once, with its own code" {
  team 1
  sign ann
  cp plan.json.sig good.sig
  for what in "mkfifo X" "mkdir X" "ln -s /dev/zero X" "ln -s /dev/tty X"; do
    rm -f plan.json.sig
    eval "${what/X/plan.json.sig}"
    for verb in "verify plan.json" "apply plan.json" "approve plan.json --yes --key ann"; do
      # shellcheck disable=SC2086
      run timeout 10 "$UPKEEP" $verb
      expect_code 11
      expect_text UPK3325
    done
    rm -rf plan.json.sig
  done
  cp good.sig plan.json.sig
  cp allowed_signers good
  for what in "mkfifo X" "mkdir X" "ln -s /dev/zero X"; do
    rm -f allowed_signers
    eval "${what/X/allowed_signers}"
    run timeout 10 "$UPKEEP" apply plan.json
    expect_code 11
    expect_text UPK3323
    rm -rf allowed_signers
  done
  cp good allowed_signers
}

@test "revoked keys that are none" {
  team 1
  sign ann
  ssh-keygen -q -k -f whole eve.pub
  while IFS= read -r make; do
    eval "$make" >revoked_keys
    refused UPK3324
    expect_no_text "its key was revoked"
  done <<'WAYS'
echo garbage
head -c 3000 /dev/urandom
head -c 60 whole
cat whole; head -c 30 /dev/zero
echo ssh-ed25519 AAAA
WAYS
  cut -d' ' -f1,2 eve.pub >revoked_keys # keys as text will do
  run upkeep verify plan.json
  expect_code 0
  { echo '# lost'; cat ann.pub; } >revoked_keys
  refused "its key was revoked"
}

@test "allowed signers that are missing, empty or malformed" {
  team 1
  sign ann
  : >allowed_signers
  refused "are empty"
  echo '# nobody' >allowed_signers
  refused "have no key"
  rm allowed_signers
  refused "are not there"
  # each line is judged as ssh-keygen judges it
  key=$(cut -d' ' -f1,2 ann.pub)
  python3 - >m <<'PY'
import json
line = open("plan.json.sig").read().strip()
value = json.loads(line)
open("m.sig", "w").write(value["signature"])
print(json.dumps(value["statement"], sort_keys=True, separators=(",", ":"), ensure_ascii=False))
PY
  while IFS= read -r line; do
    echo "${line//KEY/$key}" >allowed_signers
    ssh-keygen -Y verify -f allowed_signers -I ann@x -n upkeep-approve@v1 -s m.sig <m >/dev/null 2>&1 && known=0 || known=11
    run upkeep verify plan.json
    [ "$status" -eq "$known" ] || { printf '%s: %s, ssh-keygen %s\n%s\n' "$line" "$status" "$known" "$output" >&2; return 1; }
  done <<'LINES'
ann@x KEY
ann@x KEY a comment
"ann@x" KEY
ann@x,bob@x KEY
  ann@x   KEY
ann@x namespaces="upkeep-approve@v1" KEY
ann@x NAMESPACES="upkeep-approve@v1",valid-after="20200101" KEY
ann@x valid-after="202001011200Z" KEY
ann@x valid-before="20991231235959" KEY
ann@x
KEY
ann@x ssh-ed25519
ann@x ssh-ed25519 AAAA
ann@x ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIC51OmbCSlhRRZl/ZNDUYnbLg/o=
ann@x valid-after=20200101 KEY
ann@x valid-after="yesterday" KEY
ann@x cert-authority=yes KEY
ann@x what-is-this KEY
ann@x namespaces=upkeep KEY
ann@x namespaces="upkeep-approve@v1 KEY
garbage
LINES
  echo "ann@x ssh-ed25519 AAAA" >>allowed_signers
  refused "line 2 of the allowed signers"
}

@test "rejected, and taken back" {
  team 1
  sign ann
  sign bob --reject --reason "wait for the release"
  refused "rejected by bob@x: wait for the release"
  sign bob
  run upkeep verify plan.json
  expect_code 0
  sign eve --reject --reason "nobody asked me" # no allowed signer
  run upkeep verify plan.json
  expect_code 0
}

@test "the executor's own rules and signers" {
  team 0
  mkdir etc
  printf 'version: 1\napprovals:\n  - { signatures: 1, signers: people }\n' >etc/executor.yaml
  cp allowed_signers etc/people
  sign ann
  rm allowed_signers # the change under review cannot bring its own
  UPKEEP_EXECUTOR=etc/executor.yaml run upkeep verify plan.json
  expect_code 0
  expect_text "etc/executor.yaml"
  rm plan.json.sig
  refused "0 of 1 approvals" --executor etc/executor.yaml
  printf 'version: 1\napprovals:\n  - { when: "risc = 1", signatures: 1 }\n' >etc/executor.yaml
  run upkeep apply plan.json --executor etc/executor.yaml
  [ "$status" -ne 0 ]
  expect_text "did you mean \`risk\`"
  sed -i 's/signatures: 0 }$/signatures: 1 }/' upkeep.yaml
  planned
  printf 'version: 1\n' >etc/executor.yaml # a plan that asks, and nobody to count
  refused "there are no rules here" --executor etc/executor.yaml
}

# A plan that was made anew by hand, so that nobody signed another.
@test "a plan cannot talk itself into a laxer rule" {
  team 1
  sed -i 's/engine: sqlite,/engine: sqlite, labels: { env: prod },/' upkeep.yaml
  sed -i "s/when: \"risk <> 'low'\"/when: \"labels.env = 'prod'\"/" upkeep.yaml
  planned
  cp plan.json whole.json
  refused "0 of 1 approvals"
  mkdir etc && cp allowed_signers etc # rules of its own, labels of the project
  printf 'version: 1\napprovals:\n  - { when: "labels.env = %sprod%s", signatures: 1, signers: allowed_signers }\n' "'" "'" >etc/executor.yaml
  for executor in upkeep.yaml etc/executor.yaml; do
    cp whole.json plan.json
    resealed 'body["target"]["labels"] = {"env": "test"}'
    UPKEEP_EXECUTOR=$executor refused UPK3326
  done
  cp whole.json plan.json
  UPKEEP_EXECUTOR=etc/executor.yaml refused "0 of 1 approvals"
  printf 'version: 1\napprovals:\n  - { when: "irreversible or risk = %shigh%s", signatures: 1, signers: allowed_signers }\n' "'" "'" >etc/executor.yaml
  export UPKEEP_EXECUTOR=etc/executor.yaml
  # constants of the action, conditions on its parameters, actions nobody here knows
  for edit in 'step["action"] = "expire_rows"; step["undo"]["class"] = "inverse"' 'step["action"] = "ours"; step["undo"]["class"] = "inverse"' \
    'step["parameters"]["risk"] = "high"; step["risk"] = "low"; step["undo"]["class"] = "inverse"'; do
    cp whole.json plan.json
    resealed "$edit"'; body["steps"] = [s for s in body["steps"] if s["action"] in ("create_ledger", step["action"])]; body["edges"] = []'
    run upkeep verify plan.json
    expect_code 11 || { echo "$edit" >&2; return 1; }
    expect_text "0 of 1 approvals"
  done
}

@test "rules are typed where they stand" {
  team 1
  sed -i "s/risk <> 'low'/blocking > 10MiB/" upkeep.yaml
  run upkeep validate
  expect_code 3
  expect_text "upkeep.yaml:7:"
  sed -i "s/blocking > 10MiB/blocking >= 0s and bytes >= 0B and irreversible and steps > 1 and labels.target = 't'/" upkeep.yaml
  planned
  run upkeep verify plan.json
  expect_code 11
  expect_text "irreversible"
  # what cannot be told is asked for as well
  sed -i "s/when: \"blocking.*\", signatures: 1/when: \"labels.nobody = 'x'\", signatures: 1/" upkeep.yaml
  planned
  refused "0 of 1 approvals"
}

# A repository whose commits are signed by the named key.
repository() {
  git init -q .
  git config user.name somebody && git config user.email s@x
  git config gpg.format ssh
  printf '%s\n' '*.json' '*.sig' '*.db' .upkeep '*.pub' ann bob eve dan carl >.git/info/exclude
}
commit() { # key, files
  git add "${@:2}" && git -c user.signingkey="$PWD/$1" commit -q -S -m "by $1"
}

@test "nobody who wrote the policies approves, whoever came last" {
  team 1 "author_may_approve: false"
  ssh-keygen -q -t ed25519 -N '' -f dan -C dan
  signers ann bob dan
  sign ann
  refused "not a git repository"
  repository
  git add upkeep.yaml policies && git commit -q -m policies
  refused "is not signed"
  git -c user.signingkey="$PWD/ann" commit -q --amend -S -m policies
  refused "the policies are theirs"
  sign bob
  run upkeep verify plan.json
  expect_code 0
  expect_text "author      ann@x"
  # bob made the last change: that frees ann of nothing, and bob wrote as well
  echo >>policies/p.yaml
  refused "not committed"
  commit bob -u
  refused "the signature of ann@x, bob@x does not count"
  expect_text "written by bob@x, ann@x"
  sign dan
  run upkeep verify plan.json
  expect_code 0
  expect_text "authors     bob@x, ann@x"
  # a merge that makes nothing is nobody's work
  git checkout -q -b side HEAD~1
  echo >>upkeep.yaml
  commit ann -u
  git checkout -q -
  git merge -q --no-edit side
  run upkeep verify plan.json
  expect_code 0
  git clone -q --depth 1 "file://$PWD" shallow # its first commit is everybody's
  cp allowed_signers plan.json plan.json.sig shallow
  cd shallow
  run upkeep verify plan.json
  expect_code 11
  expect_text "the clone is shallow"
  cd ..
  # all of it was reviewed elsewhere: the last commit counts still
  sed -i "s/author_may_approve: false/&, authors_since: nowhere/" upkeep.yaml
  commit bob -u
  refused "names no commit"
  sed -i "s/nowhere/$(git rev-parse HEAD)/" upkeep.yaml
  commit bob -u
  rm plan.json.sig
  sign bob
  refused "the signature of bob@x does not count"
  sign ann
  run upkeep verify plan.json
  expect_code 0
}

@test "authors count from the commit that was approved last" {
  team 1 "author_may_approve: false"
  repository
  commit ann upkeep.yaml policies
  sign bob
  run upkeep apply plan.json
  expect_code 0
  grep -q "\"commit\":\"$(git rev-parse HEAD)\"" .upkeep/runs/*/log.jsonl
  sed -i 's/a test/another/' policies/p.yaml # bob writes, ann has nothing to do with it
  commit bob -u
  sqlite3 t.db "delete from a; delete from b"
  rm plan.json.sig
  planned
  sign bob
  refused "the signature of bob@x does not count"
  sign ann
  mv .upkeep away # another machine, which knows of no run
  refused "the signature of bob@x, ann@x does not count"
  rm -rf .upkeep && mv away .upkeep
  run upkeep apply plan.json
  expect_code 0
}

@test "what the plan is made from is committed, each file of it" {
  team 1 "author_may_approve: false"
  printf '# Database maintenance\n\n- Never touch table `zzz`.\n' >rules.md
  echo 'requirements: rules.md' >>upkeep.yaml
  sed 's/name: p/name: q/; s/a test/of q/' policies/p.yaml >policies/q.yaml
  planned
  repository
  commit ann upkeep.yaml policies/p.yaml
  sign bob
  refused "not committed: ?? "
  printf '%s\n' policies/q.yaml rules.md >>.git/info/exclude
  refused "not in the repository: policies/q.yaml"
  commit ann -f policies/q.yaml
  refused "not in the repository: rules.md"
  commit bob -f rules.md
  sign ann
  refused "the signature of bob@x, ann@x does not count"
  git update-index --assume-unchanged policies/q.yaml
  refused "git does not look at policies/q.yaml"
}

@test "the author is not whom an approver names" {
  team 1 "author_may_approve: false"
  git init -q .
  git config user.name bob && git config user.email bob@x
  git add upkeep.yaml policies && git commit -q -m unsigned
  sign bob
  python3 - <<'PY'
import json, subprocess
dump = lambda v: json.dumps(v, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
line = json.load(open("plan.json.sig"))
line["statement"]["authors"] = ["ann@x"]
open("lie", "w").write(dump(line["statement"]) + "\n")
subprocess.run(["ssh-keygen", "-q", "-Y", "sign", "-n", "upkeep-approve@v1", "-f", "bob", "lie"], check=True)
line["signature"] = open("lie.sig").read()
open("plan.json.sig", "w").write(dump(line) + "\n")
PY
  refused "is not signed"
}

@test "the hours of a window are approved with its name" {
  team 1
  sed -i 's/    by: run_sql/    by: run_sql\n    window: night/' policies/p.yaml
  echo 'windows: { night: { rrule: "FREQ=DAILY;BYHOUR=2", duration: 1h, timezone: UTC } }' >>upkeep.yaml
  planned
  sign ann
  cp plan.json whole.json
  resealed 'body["expires_at"] += 1; body["inputs"]["facts"]["taken_at"] += 1' # of later facts another opening is the same window
  run upkeep verify plan.json
  expect_code 0
  for edit in '"rrule"] = "FREQ=DAILY;BYHOUR=3"' '"duration_ms"] = 7200000' '"timezone"] = "Europe/Berlin"'; do
    cp whole.json plan.json
    resealed "body[\"windows\"][0][$edit"
    refused "the hours of window \`night\` changed"
  done
}

@test "approvals that end before the window opens are no reason to wait for it" {
  team 1
  python3 - <<'PY'
import datetime
at = datetime.datetime.utcnow() + datetime.timedelta(minutes=30)
open("upkeep.yaml", "a").write(f"windows:\n  later: {{ rrule: 'FREQ=DAILY;BYHOUR={at.hour};BYMINUTE={at.minute};BYSECOND=0', duration: 1h, timezone: UTC }}\n")
policy = open("policies/p.yaml").read()
open("policies/p.yaml", "w").write(policy.replace("    by: run_sql", "    by: run_sql\n    window: later"))
PY
  planned
  sign ann --until "$(date -u -d '+10 minutes' +%FT%TZ)"
  run timeout 10 "$UPKEEP" apply plan.json --wait
  expect_code 7
  expect_text "none fits before the approvals end at"
  sign bob --until "$(date -u -d '+45 minutes' +%FT%TZ)"
  run timeout 2 "$UPKEEP" apply plan.json --wait
  expect_text "waits for window"
}

@test "used once, here and by the ledger elsewhere; standing for a while" {
  team 1
  sign ann
  run upkeep apply plan.json
  expect_code 0
  sqlite3 t.db "delete from a; delete from b"
  planned
  refused "has used it"
  mv .upkeep elsewhere # another machine
  refused "was used already, in run"
  rm plan.json.sig
  run upkeep approve --standing --when "risk = 'medium'" --until 2099-01-01T00:00Z --max-uses 2 --key bob --yes -o standing.sig
  expect_code 0
  echo 'standing_approvals: standing.sig' >>upkeep.yaml
  for _ in 1 2; do
    run upkeep apply plan.json
    expect_code 0
    sqlite3 t.db "delete from a; delete from b"
    planned
  done
  refused "has used it"
}

@test "a resume is judged again, a rollback is not" {
  team 1
  sign ann
  run upkeep apply plan.json
  expect_code 0
  log=$(echo .upkeep/runs/*/log.jsonl)
  [ -s "$(dirname "$log")/plan.json.sig" ]
  sed -i '$d' "$log" # its seal was not written
  rm allowed_signers
  run upkeep rollback last --yes
  [ "$status" -ne 11 ]
}

@test "a resume goes by the rules of its day" {
  team 1
  sign ann
  run upkeep apply plan.json
  expect_code 0
  log=$(echo .upkeep/runs/*/log.jsonl)
  sed -i '$d' "$log" # its seal was not written
  sed -i "s/signatures: 1/signatures: 2/" upkeep.yaml
  run upkeep resume last
  expect_code 11
  expect_text "1 of 2 approvals"
  sed -i "s/signatures: 2/signatures: 1/" upkeep.yaml
  run upkeep resume last # its own use of the approval does not count against it
  expect_code 0
}

@test "a key in an agent; a question on a terminal" {
  team 1
  eval "$(ssh-agent -s)" >/dev/null
  ssh-add -q ann
  mv ann away
  for key in ann.pub agent; do
    rm -f plan.json.sig
    sign "$key"
    run upkeep verify plan.json
    expect_code 0
  done
  kill "$SSH_AGENT_PID"
  mv away ann
  rm plan.json.sig
  for answer in n y; do
    [ ! -e plan.json.sig ]
    run script -qec "$UPKEEP approve plan.json --key ann" -E never /dev/null <<<"$answer"
    expect_clean
  done
  run upkeep verify plan.json
  expect_code 0
}

@test "PostgreSQL: approved, applied, used" {
  export PG_NO_TRAP=1
  . "$UPKEEP_SOURCE/tests/live/postgres.sh"
  pg_start || return 1
  export PGHOST PGPORT PGUSER PGDATABASE=postgres
  psql=$(pg_find_psql)
  people
  "$psql" -qc "create table a (x int)"
  cat >upkeep.yaml <<YAML
version: 1
targets:
  t: { engine: postgres, connect: "dbname=postgres" }
include: [ policies/* ]
approvals:
  - { signatures: 2 }
YAML
  mkdir policies
  cat >policies/p.yaml <<'YAML'
policies:
  - name: p
    for: table
    where: name = 'a'
    ensure: name = 'b'
    by: run_sql
    with: { irreversible: a test, checks: [ { sql: select 1 as a, expect: a = 1 } ], run: [ insert into public.a values (1) ] }
YAML
  planned
  sign ann
  run upkeep apply plan.json
  expect_code 11
  sign bob
  run upkeep apply plan.json
  [ "$status" -ne 11 ]
  expect_clean
  [ "$("$psql" -Atc "select count(*) from upkeep.ledger where approvals ~ '^[0-9a-f]{32} [0-9a-f]{32}$'")" -ge 1 ]
  mv .upkeep elsewhere
  planned
  run upkeep apply plan.json
  expect_code 11
  expect_text "was used already"
  pg_stop "$PG_DIR"
}
