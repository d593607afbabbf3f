# Programs in the place of statements: run_program and `exec`.
load common

# A project whose one step runs `script` by sh; further parameters come in.
program() { # exec entry, project lines, further parameters
  sqlite3 t.db "create table t (a); create table said (what); insert into t values (1)"
  cat >upkeep.yaml <<YAML
version: 1
targets:
  t: { engine: sqlite, connect: t.db }
include: [ policies/* ]
${2-programs: [ /bin/sh ]}
YAML
  mkdir -p policies
  cat >policies/p.yaml <<YAML
policies:
  - name: p
    for: table
    where: name = 't'
    ensure: rows > 10
    by: run_program
    limits: { retries: 0 }
    with:
      run: [ $1 ]
      ${3-irreversible: a test}
      checks: [ { sql: select 1 as one, expect: one = 1 } ]
YAML
}

fills='sqlite3 "$DB" "insert into t select value from generate_series(1, 20)"'

planned() {
  upkeep plan -o plan.json >/dev/null 2>err || { cat err >&2; return 1; }
}

# Not running; what nobody waits for may stay a zombie.
ended() { # pid
  case "$(ps -o stat= -p "$1")" in "" | Z*) ;; *) return 1 ;; esac
}

@test "a program runs without a shell, its words as they stand, its output in the log" {
  program "{ exec: [ sh, -c, '$fills; printf %s \"\$1\"; printf \"\\33[31m\" >&2', x, 'a \$HOME; b' ], env: [ DB=$PWD/t.db ], returns: x }"
  planned
  run upkeep apply plan.json
  expect_code 0
  expect_text "rows 1 -> 21"
  run grep -h '"step.program"' .upkeep/runs/*/log.jsonl
  expect_text '"exit_code":0,"program":"sh","stderr":"\\x1b[31m"'
  expect_text 'a $HOME; b'
}

@test "the environment holds what the step names, and its values are nowhere" {
  program "{ exec: [ sh, -c, 'env; $fills' ], env: [ DB=$PWD/t.db, CANARY ] }"
  planned
  export CANARY=hidden-4711 OTHER=not-for-it
  run upkeep apply plan.json
  expect_code 0
  run grep -h '"step.program"' .upkeep/runs/*/log.jsonl
  expect_text 'CANARY=***********'
  expect_text 'LC_ALL=C.UTF-8'
  expect_no_text OTHER
  expect_no_text HOME
  refute grep -rq hidden-4711 .upkeep plan.json
}

@test "a variable that is not set, and a program that is not there, fail before anything runs" {
  program "{ exec: [ sh, -c, true ], env: [ NOT_SET_HERE ] }"
  planned
  run upkeep apply plan.json
  expect_code 9 # the ledger stays
  expect_text "cannot be started: the environment has no NOT_SET_HERE"
  rm -r .upkeep t.db
  program "{ exec: [ no-such-program ] }" "programs: [ no-such-program ]"
  planned
  run upkeep apply plan.json
  expect_code 9
  expect_text "program \`no-such-program\` cannot be started: it is not found"
}

@test "an exit code that is no success fails the step; one that is named does not" {
  program "{ exec: [ sh, -c, 'echo first; echo why >&2; exit 3' ] }"
  planned
  run upkeep apply plan.json
  expect_code 9
  expect_text "program \`sh\` ended with code 3: why"
  rm -r .upkeep t.db
  program "{ exec: [ sh, -c, '$fills; exit 3' ], success: [ 0, 3 ], env: [ DB=$PWD/t.db ] }"
  planned
  run upkeep apply plan.json
  expect_code 0
}

@test "one that hangs is ended with all it started, and without a probe it is in doubt" {
  program "{ exec: [ sh, -c, 'trap \"\" TERM; sleep 7777 & echo \$! >$PWD/child; sleep 7778 & wait; wait' ], timeout_ms: 300 }"
  planned
  start=$SECONDS
  run upkeep apply plan.json
  expect_code 10
  expect_text "its time is over"
  [ $((SECONDS - start)) -lt 20 ]
  ended "$(cat child)"
}

@test "a probe settles what a killed program did" {
  program "{ exec: [ sh, -c, '$fills; sleep 30' ], env: [ DB=$PWD/t.db ], timeout_ms: 1500 }" \
    "programs: [ /bin/sh ]" "done: [ { sql: select count(*) as n from t, expect: n > 10 } ]
      irreversible: a test"
  planned
  run upkeep apply plan.json
  expect_code 0
  expect_text "rows 1 -> 21"
}

@test "a probe and a check may be programs too" {
  program "{ exec: [ sh, -c, '$fills; : >$PWD/mark' ], env: [ DB=$PWD/t.db ] }" "programs: [ /bin/sh, test ]" \
    "done: [ { exec: [ test, -e, $PWD/mark ], expect: exit_code = 0 } ]
      irreversible: a test"
  planned
  run upkeep apply plan.json
  expect_code 0
}

@test "cancelling ends the program" {
  program "{ exec: [ sh, -c, 'echo \$\$ >$PWD/child; exec sleep 7777' ] }"
  planned
  "$UPKEEP" apply plan.json >out 2>&1 &
  pid=$!
  for _ in $(seq 200); do [ -s child ] && break; sleep 0.05; done
  [ -s child ]
  kill -INT "$pid"
  sleep 0.3
  kill -INT "$pid"
  wait "$pid" && status=0 || status=$?
  output=$(cat out)
  expect_code 10
  expect_text "was cancelled"
  ended "$(cat child)"
}

@test "output without end stays small" {
  program "{ exec: [ sh, -c, 'yes 0123456789 | head -c 50000000; $fills' ], env: [ DB=$PWD/t.db ] }"
  planned
  run upkeep apply plan.json
  expect_code 0
  [ "$(stat -c %s .upkeep/runs/*/log.jsonl)" -lt 30000 ]
}

@test "what the project does not allow is refused, when planned and when applied" {
  program "{ exec: [ sh, -c, true ] }" "programs: [ true ]"
  run upkeep plan -o plan.json
  expect_code 3
  expect_text "error[UPK1526]"
  sed -i 's/programs: .*/programs: [ sh ]/' upkeep.yaml
  planned
  sed -i 's/programs: .*/programs: [ true ]/' upkeep.yaml
  run upkeep apply plan.json
  expect_code 3
  expect_text "error[UPK3290]"
  [ ! -d .upkeep/runs ]
  sed -i 's/programs: .*/programs: [ bin\/sh ]/' upkeep.yaml
  run upkeep validate
  expect_code 3
  expect_text "an absolute path, or a name without a path"
}

@test "killed with a program under way: without a probe it is in doubt, with one it is asked" {
  program "{ exec: [ sh, -c, '$fills; echo \$\$ >$PWD/child; exec sleep 7777' ], env: [ DB=$PWD/t.db ] }" "programs: [ /bin/sh ]" "${1:-irreversible: a test}"
  planned
  for probe in "" done; do
    if [ "$probe" ]; then
      rm -r .upkeep t.db child
      program "{ exec: [ sh, -c, '$fills; echo \$\$ >$PWD/child; exec sleep 7777' ], env: [ DB=$PWD/t.db ] }" "programs: [ /bin/sh ]" \
        "done: [ { sql: select count(*) as n from t, expect: n > 10 } ]
      irreversible: a test"
      planned
    fi
    "$UPKEEP" apply plan.json >out 2>&1 3>&- &
    pid=$!
    for _ in $(seq 200); do [ -s child ] && break; sleep 0.05; done
    kill -9 "$pid"
    wait "$pid" || true
    kill -9 "$(cat child)"
    run upkeep resume last
    expect_clean
    expect_code "$([ "$probe" ] && echo 0 || echo 10)"
  done
}
