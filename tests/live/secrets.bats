# Secrets are referred to, and nothing that upkeep writes holds one: a canary is
# planted through every form of reference, and every byte is searched for it.
load common
load server

setup_file() {
  server_start
  sql "create role keeper login superuser password 'c4nary-Zx9'; alter role keeper set app.hidden = 'c4nary-Zx9'"
}

canary=c4nary-Zx9

# A database with something to do, and a connection without the password.
begin() { # name
  PGDATABASE=postgres sql "create database $1"
  PGDATABASE=$1 sql "create table t (a int); insert into t select generate_series(1, 20000); create index i on t (a); create index j on t (a)"
  plain="host=127.0.0.1 port=$PGPORT user=keeper dbname=$1"
  unset PGHOST PGPASSWORD PGPASSFILE
  mkdir secret work
  export HOME=$PWD/secret TMPDIR=$PWD/work
  cd work || return 1
}

project() { # connect
  cat >upkeep.yaml <<YAML
version: 1
targets: { p: { engine: postgres, connect: "$1" } }
use:
  - name: std/postgres-baseline
    except: [ must-be-on, integrity-index, integrity-table ]
include: [ policies/*.yaml ]
YAML
  mkdir -p policies
  cat >policies/own.yaml <<YAML
policies:
  - name: says-its-secret
    for: database
    where: name = current_database
    ensure: size < 1kB
    by: run_sql
    limits: { retries: 0 }
    with:
      irreversible: a test
      checks: [ { sql: select 1 as a, expect: a = 1 } ]
      run: [ "do \$\$ begin raise exception 'told %', current_setting('app.hidden') using detail = current_setting('app.hidden'); end \$\$" ]
YAML
  sed -i "s/    where: name = current_database/    where: name = '${plain##*dbname=}'/" policies/own.yaml
}

# Everything one does, with everything that was printed kept in the folder.
do_all() {
  upkeep validate >o1 2>e1
  upkeep check -v >o2 2>e2 || [ $? = 2 ]
  upkeep check --format json >o3 2>e3 || [ $? = 2 ]
  upkeep inspect --all -o facts.json >o4 2>e4
  upkeep plan -v -o plan.json >o5 2>e5
  upkeep show plan.json --format markdown >o6 2>e6
  upkeep apply plan.json --json -v >o7 2>e7 && status=0 || status=$?
  [ "$status" = 9 ] # our own step failed, and the others did their work
  upkeep status last -v >o8 2>e8
  upkeep log show last --verbose >o9 2>e9
  upkeep explain p >o10 2>e10 || true
  upkeep compile --dump-after=emit >o11 2>e11
  grep -q 'told \*\*\*' e7 o7 o9 # the server's words came through without it
}

search() { # nothing below the folder of work holds it
  refute grep -rlF "$canary" . >&2
}

@test "the whole connection in the environment" {
  begin by_env
  project "env:UPK_CONNECT"
  export UPK_CONNECT="$plain password=$canary"
  do_all
  search
}

@test "the whole connection in a file, as a URI" {
  begin by_file
  (umask 077 && echo "postgresql://keeper:$canary@127.0.0.1:$PGPORT/by_file" >../secret/connect)
  project "file:$HOME/connect"
  do_all
  search
}

@test "only the password in the environment, or in a file" {
  begin by_part
  project "$plain password=env:UPK_PASSWORD"
  UPK_PASSWORD=$canary do_all
  search
  (umask 077 && echo "$canary" >../secret/password)
  project "password=file:../secret/password $plain"
  run upkeep check
  expect_code 2
  expect_no_text "$canary"
  search
}

@test "a service file, and a password file" {
  begin by_service
  (umask 077 && printf '[shop]\nhost=127.0.0.1\nport=%s\nuser=keeper\ndbname=by_service\npassword=%s\n' "$PGPORT" "$canary" >../secret/services)
  project "service=shop"
  PGSERVICEFILE=$HOME/services do_all
  search
  (umask 077 && echo "*:*:*:keeper:$canary" >../secret/.pgpass)
  project "$plain"
  run upkeep check -v
  expect_code 2
  search
}

@test "connections that fail say nothing of it" {
  begin by_failing
  for connect in \
    "$plain password=wrong-$canary" \
    "host=127.0.0.1 port=1 password=$canary" \
    "postgresql://keeper:$canary@127.0.0.1:$PGPORT/nowhere" \
    "postgresql://keeper:$canary@x@127.0.0.1:$PGPORT/by_failing" \
    "postgresql://keeper:$canary/x@127.0.0.1:$PGPORT/by_failing" \
    "$plain password=$canary nonsense=$canary" \
    "$plain password='$canary" \
    "$canary" \
    "service=$canary" \
    "postgres:/keeper:$canary@127.0.0.1"; do
    project "env:UPK_CONNECT"
    for verb in "check -v" "inspect --json" "plan -v"; do
      UPK_CONNECT=$connect run upkeep $verb
      [ "$status" -ne 0 ]
      expect_clean
      case $connect in "service="*) ;; *) expect_no_text "$canary" ;; esac
    done
  done
}

@test "a password that stands in the project is refused, and not shown" {
  begin by_literal
  for connect in "host=db password=$canary" "postgresql://u:$canary@db/x" "host=db password = '$canary x'" \
    "Driver=x;PWD=$canary" "host=db PASSWORD=$canary dbname=x" "postgresql://db/x?password=$canary"; do
    project "$connect"
    for verb in validate check plan; do
      run upkeep $verb
      expect_code 3
      expect_text UPK1050
      expect_text "upkeep.yaml:2:"
      expect_text "password=env:NAME"
      expect_no_text "$canary"
    done
    run upkeep validate --format json
    expect_no_text "$canary"
    run upkeep validate --format sarif
    expect_no_text "$canary"
  done
  # nor beside another mistake in the same line, or as a key of its own
  printf 'version: 1\ntargets: { p: { engin: postgres, connect: "host=x password=%s" } }\n' $canary >upkeep.yaml
  run upkeep validate
  expect_code 3
  expect_text "engin"
  expect_no_text "$canary"
  printf 'version: 1\ntargets:\n  p:\n    engine: postgres\n    connect: host=x\n    password: %s\n' $canary >upkeep.yaml
  run upkeep validate
  expect_code 3
  expect_text 'password'
  expect_no_text "$canary"
  printf 'version: 1\ntargets: { p: { engine: postgres, connect: "host=x password=%s"\n' $canary >upkeep.yaml
  run upkeep validate
  expect_code 3
  expect_no_text "$canary"
  rm upkeep.yaml
  run upkeep init --from "host=x password=$canary"
  expect_code 64
  expect_text UPK4062
  expect_no_text "$canary"
  [ ! -e upkeep.yaml ]
}

@test "a file that others may read, or that is another's, is not used" {
  begin by_mode
  echo "$plain password=$canary" >../secret/connect
  project "file:../secret/connect"
  for mode in 644 640 604 660 620; do
    chmod $mode ../secret/connect
    chown nobody ../secret/connect 2>/dev/null || true
    [ "$(id -u)" != 0 ] || chown 0 ../secret/connect
    case $mode in 640) [ "$(id -u)" = 0 ] && continue ;; esac # root's may have a group
    run upkeep check
    expect_code 64
    expect_text UPK4060
    expect_text "$mode"
    expect_no_text "$canary"
  done
  chmod 600 ../secret/connect
  run upkeep check
  expect_code 2
  ln -s ../secret/connect link
  project "file:link"
  run upkeep check
  expect_code 2
  if [ "$(id -u)" = 0 ]; then
    chown nobody ../secret/connect
    run upkeep check
    expect_code 64
    expect_text "belongs to another user"
  fi
  mkfifo pipe
  project "file:pipe"
  run timeout 10 "$UPKEEP" check
  expect_code 64
  : >empty
  chmod 600 empty
  project "file:empty"
  run upkeep check
  expect_code 64
  expect_text UPK4061
}

@test "no argument, no system call that writes, and no core file holds it" {
  begin by_trace
  project "env:UPK_CONNECT"
  export UPK_CONNECT="$plain password=$canary"
  sed -i 's/select 1 as a, expect: a = 1/select pg_sleep(3) is null as a, expect: not a/' policies/own.yaml
  upkeep plan -o plan.json >o 2>e
  ASAN_OPTIONS=detect_leaks=0 strace -f -qq -s 100000 -o ../trace -e trace=execve,write,writev,pwrite64,sendto,sendmsg \
    "$UPKEEP" apply plan.json >o1 2>e1 &
  tracer=$!
  seen=0
  while kill -0 $tracer 2>/dev/null; do
    # those of ours: strace, upkeep and what they began
    for pid in $(ps -e -o pid=,args= | awk '/apply plan.json|upkeep/ && !/awk/ { print $1 }'); do
      refute grep -aqF "$canary" /proc/$pid/cmdline
    done
    pid=$(pgrep -P $tracer -x upkeep | head -n 1) || pid=
    if [ -n "$pid" ] && grep -q 'Max core file size *0 ' /proc/$pid/limits 2>/dev/null; then seen=1; fi
    sleep 0.1
  done
  [ $seen = 1 ]
  grep -q run.begin ../trace
  refute grep -qF "$canary" ../trace
  search
}
