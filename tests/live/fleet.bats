# Many targets in one process: reports in order, failures that stay their own,
# and the same words as for each target alone.
load common

# Targets t01 .. tNN; of t01 the inspection takes longest.
make_fleet() { # count
  local i name
  mkdir -p policies
  {
    printf 'version: 1\ntargets:\n'
    for i in $(seq "$1"); do
      name=$(printf 't%02d' "$i")
      printf '  %s: { engine: sqlite, connect: %s.db, labels: { tier: "%s" } }\n' \
        "$name" "$name" $((i % 3))
      sqlite3 "$name.db" "create table a$i (x integer primary key, y)"
    done
    printf 'include: [ policies/* ]\n'
  } >upkeep.yaml
  {
    for i in $(seq 800); do echo "create table m$i (x integer primary key);"; done
    echo "create table loose (x);"
  } | sqlite3 t01.db
  cat >policies/p.lua <<-'LUA'
	policy('keyed', { ['for'] = 'table', ensure = 'has_primary_key' })
	policy('third', { ['for'] = 'table', targets = { tier = '2' }, ensure = 'rows >= 1' })
	LUA
}

@test "reports come in the order of the project file, and are those of each alone" {
  make_fleet 12
  run upkeep check --format json
  expect_code 2
  printf '%s\n' "$output" >together
  [ "$(jq -r .target together | tr '\n' ' ')" = "$(seq -f 't%02g' -s ' ' 12) " ]
  [ "$(jq -r 'select(.policies | length == 2) | .target' together | tr '\n' ' ')" = "t02 t05 t08 t11 " ]
  for i in $(seq -f %02g 12); do upkeep check "t$i" --format json || [ $? = 2 ]; done >alone
  jq -c 'del(.taken_at)' together >a
  jq -c 'del(.taken_at)' alone >b
  cmp a b
  for n in 1 3 1000; do
    upkeep check --format json --parallelism $n | jq -c 'del(.taken_at)' >c || true
    cmp a c
  done
}

@test "a target that fails is said, and the others are reported" {
  make_fleet 6
  rm t02.db t04.db
  mkdir t04.db
  sed -i 's/connect: t05.db/connect: "env:NOT_THERE"/' upkeep.yaml
  run upkeep check
  expect_code 64
  expect_text "target t02 cannot be reached"
  expect_text "target t04 cannot be reached"
  expect_text "the environment variable NOT_THERE is not set"
  for i in 1 3 6; do expect_text "t0$i: "; done
  expect_no_text "t02: "
  expect_no_text "t05: "
  expect_clean
  NOT_THERE=t03.db run upkeep check
  expect_code 12
  NOT_THERE=t03.db run upkeep check t06 t05 t03
  expect_code 2
  [ "$(sed -n 's/^\(t[0-9]*\): .*/\1/p' <<<"$output" | tr '\n' ' ')" = "t03 t05 t06 " ]
}

@test "what is true of some targets names them, once" {
  make_fleet 9
  cat >>policies/p.lua <<-'LUA'
	policy('divided', { ['for'] = 'database', targets = { tier = '1' }, ensure = '1B / (size - size) > 0' })
	LUA
  run upkeep check
  expect_text "policy \`divided\` overflows or divides by zero"
  expect_text "Said of t01, t04, t07."
  [ "$(grep -c "overflows" <<<"$output")" = 1 ]
}

@test "nothing that Lua remembers reaches another target" {
  make_fleet 5
  cat >policies/p.lua <<-'LUA'
	local seen = 0
	policy('first', { ['for'] = 'database', ensure = function(o)
	  seen = seen + 1
	  return seen < 2
	end })
	LUA
  run upkeep check
  expect_code 0
  [ "$(grep -c "0 broken" <<<"$output")" = 5 ]
}

@test "facts of several targets: lines in order, or files" {
  make_fleet 4
  run upkeep inspect t03 t01 t04
  expect_code 0
  [ "$(jq -r '[.kinds.table.rows[] | .[0]] | map(select(startswith("a"))) | .[0]' <<<"$output" | tr '\n' ' ')" = "a1 a3 a4 " ]
  run upkeep inspect t03 t01 -o saved
  expect_code 64
  expect_text "no folder: saved"
  run upkeep inspect t03 t01 -o saved/
  expect_code 0
  upkeep inspect t03 -o alone.json
  [ "$(ls saved)" = "$(printf 't01.json\nt03.json')" ]
  [ "$(jq -c 'del(.taken_at)' saved/t03.json)" = "$(jq -c 'del(.taken_at)' alone.json)" ]
  rm t01.db
  run upkeep inspect t01 t02 t03
  expect_code 12
  expect_text "target t01 cannot be reached"
}

@test "one parallelism is a number from 1 to 1000; names must be known" {
  make_fleet 2
  for bad in 0 1001 -1 x 1.5 ''; do
    run upkeep check --parallelism "$bad"
    expect_code 64
    expect_text "--parallelism is no number from 1 to 1000"
  done
  run upkeep check t01 t09
  expect_code 64
  expect_text "no target is named \`t09\`"
  expect_no_text "t01: "
  upkeep inspect t01 -o f.json
  run upkeep check t01 t02 --facts f.json
  expect_code 64
  expect_text "--facts holds the facts of one target"
}

@test "a policy that is wrong is said once, whatever the number of targets" {
  make_fleet 8
  echo "policy('x', { ['for'] = 'table', ensure = 'rowz > 1' })" >>policies/p.lua
  run upkeep check
  expect_code 3
  [ "$(grep -c "rowz" <<<"$output")" -le 3 ]
  expect_text "1 error"
}
