# Malformed and hostile policies: a clear error in time, the documented code.
load common

project() { # a policy file's name; its text on standard input
  sqlite3 t.db "create table if not exists t (a)"
  cat >upkeep.yaml <<'YAML'
version: 1
targets: { t: { engine: sqlite, connect: t.db } }
include: [ policies/* ]
YAML
  mkdir -p policies
  rm -f policies/*
  cat >"policies/$1"
}

denied() { # code
  run timeout 60 "$UPKEEP" validate
  expect_code 3
  expect_clean
  expect_text "UPK"
  [ $# -eq 0 ] || expect_text "$1"
}

@test "malformed YAML" {
  printf 'policies: [ { name: x' | project a.yaml
  denied a.yaml
  printf 'policies:\n\t- name: x\n' | project a.yaml
  denied a.yaml
  printf '' | project a.yaml
  run upkeep validate
  expect_clean
  printf 'policies: 5\n' | project a.yaml
  denied a.yaml:1
  printf '\xff\xfep\0o\0' | project a.yaml
  denied
  printf 'policies: "\xc3\x28"\n' | project a.yaml
  denied
  head -c 5000 /dev/urandom | project a.yaml
  denied
}

@test "all errors of a file at once, with suggestions" {
  project a.yaml <<'YAML'
policies:
  - name: a
    for: tabel
    ensure: size <= 10GiB
  - name: b
    for: table
    ensur: size <= 10GiB
  - name: c
    for: table
    ensure: siz <= 7d
    by: refresh_statistic
YAML
  denied "did you mean"
  expect_text "a.yaml:3"
  expect_text "a.yaml:7"
  run upkeep validate --format sarif
  expect_code 3
  echo "$output" | grep -q '"version":"2.1.0"'
}

@test "a policy of 10 MB" {
  python3 -c "print('policies:'); [print('  - { name: p%d, for: table, ensure: \"size >= 0B\" }' % i) for i in range(200000)]" | project a.yaml
  denied
}

@test "an alias bomb" {
  project a.yaml <<'YAML'
a: &a [x, x, x, x, x, x, x, x, x]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a]
policies: [*b, *b, *b]
YAML
  denied
}

@test "deep nesting" {
  python3 -c "print('policies: ' + '[' * 100000)" | project a.yaml
  denied
  python3 -c "print('policies: ' + '{a: ' * 100000)" | project a.yaml
  denied
  python3 -c "print('policies: [ { name: p, for: table, ensure: \"' + '(' * 50000 + '1' + ')' * 50000 + ' = 1\" } ]')" | project a.yaml
  denied
  python3 -c "print('return ' + '{' * 100000)" | project a.lua
  denied
}

@test "Lua: endless loops, greed, and what is not there" {
  for text in 'while true do end' 'local function f() return f() end f()' \
    'local function f() return 1 + f() end f()' \
    'local s = string.rep("x", 10000000000)' 'local s = "x" while true do s = s .. s end' \
    'local t = {} while true do t[#t + 1] = {} end' 'os.execute("true")' 'io.open("/etc/passwd")' \
    'require "../../etc/passwd"' 'load("x")' 'local x = nil + 1' 'policy("x", { ["for"] = 3.5 })' \
    'error({})' 'return setmetatable({}, {__gc = function() while true do end end})' \
    'policy("p", { ["for"] = "table", ensure = function(o) while true do end end })'; do
    printf '%s\n' "$text" | project a.lua
    run timeout 60 "$UPKEEP" plan -o x.json
    expect_clean
    if [ "$status" -ne 3 ]; then
      echo "exit $status of: $text: $output"
      return 1
    fi
    expect_text "UPK"
    [ ! -e x.json ]
  done
}

@test "Lua bytecode is refused" {
  printf '\033Lua\x54\x00\x19\x93\r\n\x1a\n' | project a.lua
  denied
}

@test "files outside the project cannot be read" {
  printf 'policies: [ { name: p, for: table, ensure: size >= 0B } ]\n' | project a.yaml
  ln -s /etc/passwd policies/b.yaml
  run upkeep validate
  expect_clean
  expect_no_text "root:"
  [ "$status" -ne 0 ]
  rm policies/b.yaml
  sed -i 's,policies/\*,../*,' upkeep.yaml
  denied
}

@test "usage errors are exit 64 and say what is right" {
  run upkeep plann
  expect_code 64
  expect_text "plan"
  run upkeep plan --formt json
  expect_code 64
  expect_text "did you mean"
  run upkeep show
  expect_code 64
  run upkeep plan --format yaml
  expect_code 64
  run upkeep check
  expect_code 64
  expect_text "upkeep init"
  run upkeep show no-such-file.json
  expect_code 64
}
