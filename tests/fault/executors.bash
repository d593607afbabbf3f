# Many executors at one target: one proceeds, the others name it. To be loaded
# after sqlite.bash or postgres.bash.

# Before all others, a step that goes on until the file `release` is there.
waiting_project() { # what the table waiter must be, the statement that makes it so, a query for 1 when it was done
  project
  [ -e policies.yaml ] || cp policies/p.yaml policies.yaml
  rm -rf policies
  sed -i 's,^include:.*,include: [ policies.yaml ],' upkeep.yaml
  echo 'programs: [ /bin/sh ]' >>upkeep.yaml
  cat >>policies.yaml <<YAML
  - name: waiter
    for: table
    where: name = 'waiter'
    ensure: $1
    priority: 99
    by: run_program
    with:
      irreversible: a test
      done: [ { sql: "$3", expect: one = 1 } ]
      run: [ { exec: [ /bin/sh, -c, "touch '$PWD/waits'; while [ ! -e '$PWD/release' ]; do sleep 0.05; done" ], timeout_ms: 120000 }, "$2" ]
      checks: [ { sql: select 1 as one, expect: one = 1 } ]
YAML
}

until_there() { # file
  local try
  for try in $(seq 600); do
    [ ! -e "$1" ] || return 0
    sleep 0.05
  done
  echo "$1 is not there after 30 s" >&2
  return 1
}

# One that waits in a step, and as many others as asked.
crowd() { # count
  local i pids=() code
  rm -f waits release said.*
  "$UPKEEP" apply plan.json --jobs 1 >first 2>&1 3>&- &
  local first=$!
  until_there waits || { kill "$first"; cat first; return 1; }
  for i in $(seq "$1"); do
    timeout 100 "$UPKEEP" apply plan.json >"said.$i" 2>&1 3>&- &
    pids+=($!)
  done
  for i in $(seq "$1"); do
    code=0
    wait "${pids[$((i - 1))]}" || code=$?
    [ "$code" -eq 6 ] || { echo "number $i ended with $code"; cat "said.$i"; touch release; return 1; }
    grep -q 'UPK3130' "said.$i" || { echo "number $i names no holder"; cat "said.$i"; touch release; return 1; }
  done
  cp said.1 holder
  touch release
  code=0
  wait "$first" || code=$?
  # The ledger's row comes once for each step, or two have worked.
  [ "$code" -eq 0 ] || { cat first; return 1; }
}
