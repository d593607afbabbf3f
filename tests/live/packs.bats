# Policy packs from git, and upkeep.lock: pinned, fetched by one verb alone,
# locked; what differs is refused with its file.
# long
load common

commit_pack() { # message
  git -C pack add -A
  git -C pack -c user.name=a -c user.email=a@example.com commit -q -m "$1"
  git -C pack push -q --force origin HEAD:refs/heads/main
  commit=$(git -C pack rev-parse HEAD)
}

# A bare repository with a pack: a file of YAML, one of Lua with a module.
make_pack() {
  git init -q --bare packs.git
  git init -q pack
  git -C pack remote add origin "$PWD/packs.git"
  mkdir -p pack/policies pack/lib pack/.git/hooks
  cat >pack/policies/size.yaml <<'YAML'
vars: { most: 1GiB }
policies:
  - { name: pack-size, for: database, ensure: "size <= ${most}" }
YAML
  echo 'return { rows = 1000 }' >pack/lib/limits.lua
  cat >pack/policies/rows.lua <<'LUA'
local limits = require "lib/limits"
policy("pack-rows", { ["for"] = "table", ensure = "rows <= " .. limits.rows })
LUA
  echo 'not a policy' >pack/README.md
  ln -s /etc/passwd pack/policies/passwd.yaml
  commit_pack first
}

make_project() { # what else `use` says
  sqlite3 t.db "create table if not exists t (a)"
  cat >upkeep.yaml <<YAML
version: 1
targets:
  t: { engine: sqlite, connect: t.db }
use:
  - { git: packs.git, commit: ${commit:-main}${1:-} }
YAML
}

locked_project() {
  make_pack
  make_project
  upkeep init --packs 2>said
  kept=.upkeep/packs/$commit
}

fails() { # exit code, text, command...
  local code=$1 text=$2
  shift 2
  run upkeep "$@"
  expect_clean
  expect_code "$code"
  expect_text "$text"
}

@test "a pack is fetched by init --packs alone, locked, and planned from" {
  make_pack
  make_project
  fails 3 'upkeep.lock does not have the pack packs.git' validate
  [ ! -e .upkeep/packs ]
  run upkeep init --packs
  expect_code 0
  expect_text "fetched packs.git at ${commit:0:12}"
  expect_text "wrote upkeep.lock"
  kept=.upkeep/packs/$commit
  [ "$(find "$kept" -type f | sort | sed "s,$kept/,," | tr '\n' ' ')" = "lib/limits.lua policies/rows.lua policies/size.yaml " ]
  [ ! -L "$kept/policies/passwd.yaml" ]
  [ "$(ls -A .upkeep/packs)" = "$commit" ]
  grep -q "\"policies/size.yaml\": sha256:$(sha256sum <"$kept/policies/size.yaml" | cut -c1-64)" upkeep.lock
  grep -q '"stdlib/sqlite/engine.lua": sha256:' upkeep.lock
  run upkeep validate
  expect_code 0
  expect_no_text warning
  upkeep plan -o plan.json
  jq -e '[.provenance.rules[].policy] == ["pack-rows", "pack-size"]' plan.json
  jq -e '.provenance.policies | map(.path) | index("upkeep.lock")' plan.json
  # in another clone the lock decides; and when all is there, git is not asked
  rm -rf .upkeep
  fails 3 'the pack packs.git is not here' plan
  upkeep init --packs
  mv packs.git away.git
  run upkeep init --packs
  expect_code 0
  expect_text "upkeep.lock is as it was"
}

@test "a force-pushed branch changes nothing" {
  locked_project
  cp upkeep.lock lock.before
  echo 'policies: [ { name: evil, for: table, ensure: rows < 0 } ]' >pack/policies/size.yaml
  git -C pack add -A
  git -C pack -c user.name=a -c user.email=a@example.com commit -q --amend -m evil
  git -C pack push -q --force origin HEAD:refs/heads/main
  rm -rf .upkeep/packs
  upkeep init --packs
  cmp upkeep.lock lock.before
  upkeep plan -o plan.json
  jq -e '[.provenance.rules[].policy] == ["pack-rows", "pack-size"]' plan.json
}

@test "a branch, a tag, a tree and a commit that is not there are refused" {
  make_pack
  commit=main make_project
  fails 3 'error[UPK1026]' validate
  expect_text "40 hex digits of a commit: branches and tags move"
  fails 3 'error[UPK1026]' init --packs
  tree=$(git -C pack rev-parse 'HEAD^{tree}')
  commit=$tree make_project
  run upkeep init --packs
  expect_code 1
  expect_clean
  expect_text "the pack packs.git"
  [ ! -e upkeep.lock ] && [ -z "$(ls -A .upkeep/packs)" ]
  git -C pack -c user.name=a -c user.email=a@example.com tag -a -m v1 v1
  git -C pack push -q origin v1
  commit=$(git -C pack rev-parse v1) make_project
  fails 1 "has at this id no commit but a tag" init --packs
  commit=a123456789012345678901234567890123456789 make_project
  fails 1 "could not be fetched" init --packs
  printf 'version: 1\ntargets: { t: { engine: sqlite, connect: t.db } }\nuse: { git: packs.git }\n' >upkeep.yaml
  fails 3 'has no `commit`' validate
  sed -i 's/git: packs.git/name: std\/sqlite-baseline, git: packs.git/' upkeep.yaml
  fails 3 'either `name`, or `git` and `commit`' validate
  for git in 'ext::sh -c touch% owned' 'ext::touch' '--upload-pack=touch' 'http://example.com/x'; do
    printf 'version: 1\ntargets: { t: { engine: sqlite, connect: t.db } }\nuse: { git: "%s", commit: %s }\n' "$git" "$commit" >upkeep.yaml
    fails 3 'error[UPK1026]' init --packs
  done
  [ ! -e owned ]
}

@test "a working copy that was changed is refused with its file" {
  locked_project
  cp -r "$kept" good
  sed -i s/1GiB/9GiB/ "$kept/policies/size.yaml"
  fails 3 "$kept/policies/size.yaml was changed since upkeep.lock" validate
  fails 3 "$kept/policies/size.yaml was changed since upkeep.lock" plan
  rm "$kept/lib/limits.lua"
  fails 3 "$kept/lib/limits.lua is missing" check
  expect_text "policies/size.yaml"
  rm -rf "$kept" && cp -r good "$kept"
  echo 'policies: []' >"$kept/policies/more.yml"
  fails 3 "$kept/policies/more.yml is not in it" validate
  rm "$kept/policies/more.yml" "$kept/policies/size.yaml"
  ln -s "$PWD/good/policies/size.yaml" "$kept/policies/size.yaml"
  run upkeep validate # a link within the project, with the same bytes
  [ "$status" -eq 0 ] || expect_text "$kept/policies/size.yaml"
  # fetched again it is whole
  upkeep init --packs
  echo x >>"$kept/lib/limits.lua"
  upkeep init --packs
  upkeep validate
  # a lock that somebody edited
  sed -i '/limits.lua/s/: sha256:.*/: sha256:'"$(printf 'f%.0s' $(seq 64))"'/' upkeep.lock
  fails 3 "$kept/lib/limits.lua was changed since upkeep.lock" validate
  fails 5 "lib/limits.lua of the pack packs.git is not what upkeep.lock has" init --packs
  sed -i '/limits.lua/s/: sha256:.*/: nothing/' upkeep.lock
  fails 3 'error[UPK1062]' validate
  fails 3 'error[UPK1062]' init --packs --upgrade
}

@test "a pack says policies and nothing else, from its own files" {
  locked_project
  echo 'return { rows = 5 }' >secret.lua
  echo 'local s = require "secret"' >pack/policies/rows.lua
  commit_pack second
  make_project
  upkeep init --packs
  fails 3 'secret' validate
  printf 'targets: { t: { engine: sqlite, connect: other.db } }\napprovals: []\npolicies: []\n' >pack/policies/rows.yaml
  rm pack/policies/rows.lua
  commit_pack third
  make_project
  upkeep init --packs
  fails 3 'error[UPK1020]' validate
  expect_text targets
  expect_text approvals
  make_project ', path: nothing/*.yaml'
  fails 3 'no file of the pack matches nothing/*.yaml' validate
  make_project ', path: ../policies/*'
  fails 3 'error[UPK1042]' validate
  expect_no_text UPK1060
}

@test "vars, override and except reach all files of a pack" {
  locked_project
  make_project ', vars: { most: 1KiB }, except: [ pack-rows ], override: { pack-size: { severity: critical } }'
  run upkeep check --format json
  expect_code 2
  expect_text '"severity":"critical"'
  expect_no_text pack-rows
  make_project ', except: [ pack-row ]'
  fails 3 'packs.git has no policy `pack-row`' validate
}

@test "another standard library is said, with its actions and the approvals" {
  sqlite3 t.db "create table t (a); create index i on t (a); insert into t values (1); create table empty (a)"
  ssh-keygen -q -t ed25519 -N '' -f ann -C ann
  echo "ann@example.com $(cut -d' ' -f1,2 ann.pub)" >allowed_signers
  cat >upkeep.yaml <<'YAML'
version: 1
targets:
  t: { engine: sqlite, connect: t.db }
include: [ policies/*.yaml ]
approvals: [ { signatures: 1, signers: allowed_signers } ]
standing_approvals: [ standing.sig ]
YAML
  mkdir policies
  cat >policies/p.yaml <<'YAML'
policies:
  - { name: fresh, for: table, where: "name = 't'", ensure: stats_rows_ratio >= 50%, by: refresh_statistics, if_unknown: act }
YAML
  cp -r "$UPKEEP_SOURCE/stdlib" lib
  export UPKEEP_STDLIB=$PWD/lib
  upkeep plan --do refresh_statistics:t -o plan.json >/dev/null
  upkeep approve plan.json --yes --key ann
  upkeep approve --standing --until 2099-01-01T00:00Z --max-uses 5 --when "risk = 'low'" --yes --key ann -o standing.sig
  upkeep init --packs
  run upkeep validate
  expect_code 0
  expect_no_text UPK1061
  # an action: nothing but a comment, and then a statement
  echo '-- later' >>lib/sqlite/actions/refresh_statistics.lua
  run upkeep validate
  expect_code 0
  expect_text 'warning[UPK1061]'
  expect_text 'changed: stdlib/sqlite/actions/refresh_statistics.lua'
  expect_text 'actions that this changes: sqlite/refresh_statistics'
  expect_text 'warning[UPK3328]'
  expect_text 'the approvals of plan.json'
  expect_text 'warning[UPK3329]'
  expect_text standing.sig:1
  run upkeep plan --do refresh_statistics:t -o plan.json
  expect_code 0
  expect_text UPK1061
  expect_no_text UPK3327
  sed -i 's/"analyze main\."/"analyze  main."/' lib/sqlite/actions/refresh_statistics.lua
  run upkeep plan --do refresh_statistics:t -o plan.json
  expect_code 0
  expect_text 'warning[UPK3327]'
  expect_text 'the approvals in plan.json.sig do not hold for this plan'
  # a module: the actions that use it
  cp -r "$UPKEEP_SOURCE/stdlib/." lib
  echo '-- later' >>lib/sqlite/retention.lua
  run upkeep validate
  expect_text 'sqlite/archive_rows, sqlite/expire_rows'
  expect_no_text refresh_statistics
  upkeep init --packs # keeps what was reviewed
  run upkeep validate
  expect_text UPK1061
  upkeep init --packs --upgrade
  run upkeep validate
  expect_no_text UPK1061
}

@test "a shipped policy that another is after may be left out" {
  sqlite3 t.db "create table t (a); insert into t values (1)"
  printf 'version: 1\ntargets:\n  t: { engine: sqlite, connect: t.db }\nuse: [ { name: std/sqlite-baseline, except: [ sqlite-integrity ] } ]\n' >upkeep.yaml
  grep -q 'after: .*sqlite-integrity' "$UPKEEP_SOURCE/policies/sqlite-baseline.yaml" # or this tests nothing
  run upkeep plan -o plan.json
  expect_code 0
  expect_no_text UPK1207
  [ "$(grep -c sqlite-integrity plan.json)" -eq 0 ]
  # one that nobody has left out is still an error
  mkdir policies
  echo 'policies: [ { name: p, for: table, ensure: rows <= 1, by: refresh_statistics, after: [ sqlite-integrty ] } ]' >policies/p.yaml
  echo 'include: [ policies/*.yaml ]' >>upkeep.yaml
  fails 3 'error[UPK1207]' validate
}
