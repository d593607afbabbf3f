#!/usr/bin/env bash
# Figures: maintenance beside pgbench at 55% of its maximum rate. The service
# time of its transactions (latency less schedule lag), p99, as a multiple of
# that without maintenance, the moment before: for `vacuumdb --analyze -j2` and
# `reindexdb --concurrently`, and for the same tables and indexes by upkeep at
# its usual pace. Then the makespan of both without load and without pacing.
#
#   tests/bench/pace.sh BUILD [MB]     BUILD: a release build; MB: 3000
#   ROUNDS=1  IDLE_SECONDS=12  SHARE=55
#   PARTS='load alone'  one of them: beside pgbench, or the makespans without
#   CURVE=1    also vacuum at several rests, and under `throttle` at several
#              bounds: what 30 seconds of it do to the foreground, and get done
#
# A server of its own, fsync on. Some 11 minutes at 3000 MB. Prints the figures,
# with the load of the machine, and appends them to RESULTS.md.
set -u
build=$(cd "${1:?the build folder}" && pwd)
size_mb=${2:-3000}
rounds=${ROUNDS:-1}
idle_seconds=${IDLE_SECONDS:-12}
share=${SHARE:-55}
parts=${PARTS:-load alone}
tables=${TABLES:-60}
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../live/postgres.sh"
work=$(mktemp -d)
bench=
leave() {
  [ -n "$bench" ] && kill "$bench" 2>/dev/null
  pg_stop_all
  rm -rf "$work"
}
PG_OPTIONS="-c fsync=on -c shared_buffers=1GB -c max_wal_size=8GB -c checkpoint_timeout=15min"
pg_start || exit 1
trap leave EXIT
# Debian's wrappers in /usr/bin cost three times a connection.
bin=$(dirname "$(pg_find_psql)")
sql() { "$bin/psql" -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }
list() { seq 1 "$tables" | sed 's/^/-t z/'; }
say() { printf '%s\n' "$*" >&2; }

# ---- the database ----

say "making $size_mb MB in $tables tables, sizes by Zipf ..."
"$bin/pgbench" -i -q -s 20 >"$work/said" 2>&1 || { cat "$work/said" >&2; exit 1; }
sql <<SQL || exit 1
create table mark (oid oid);
do \$\$
declare
  share float8;
  rows bigint;
begin
  select sum(1.0 / i) into share from generate_series(1, $tables) i;
  for k in 1..$tables loop
    rows := greatest(1000, ($size_mb * 1000000.0 / 200 / k / share)::bigint);
    execute format('create table z%s (id bigint, a int, b int, filler text)', k);
    execute format('insert into z%s select g, (random() * 1e9)::int, 0, repeat(md5(g::text), 2) from generate_series(1, %s) g', k, rows);
    execute format('alter table z%s add primary key (id)', k);
    execute format('create index z%s_a on z%s (a)', k, k);
    commit;
  end loop;
end \$\$;
vacuum analyze;
checkpoint;
SQL
made=$(sql -c "select pg_database_size(current_database()) / 1000000")

# A twenty-fifth of the rows of each table, on nearly all of its pages.
round=0
dirty() {
  round=$((round + 1))
  for k in $(seq 1 "$tables"); do
    echo "update z$k set b = b + 1 where id % 25 = $((round % 25));"
  done | sql || exit 1
  mark
  sql -c checkpoint
}
# What is made from now on is fresh.
mark() { sql -c "delete from mark" -c "insert into mark select max(oid::bigint)::oid from pg_class"; }

# ---- upkeep ----

mkdir -p "$work/project/facts"
cat >"$work/project/facts/fresh.lua" <<'LUA'
return {
  collector {
    name = "index_fresh", kind = "index", engine = "postgres", cost = "cheap",
    attributes = {
      { "schema", "text", "its schema" }, { "name", "text", "its name" },
      { "fresh", "bool", "made since the mark was set" },
    },
    filter = "and n.nspname = $1 and c.relname = $2", filter_keys = { "schema", "name" },
    variants = { { sql = "select n.nspname, c.relname, c.oid::bigint > (select oid::bigint from public.mark) as fresh from pg_catalog.pg_class c"
      .. " join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.relkind = 'i' and n.nspname = 'public' {filter}" } },
  },
}
LUA
# policies PACE JOBS [REST_US [THROTTLE]]
policies() {
  cat >"$work/project/upkeep.yaml" <<YAML
version: 1
targets:
  t: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=postgres dbname=postgres", jobs: $2 }
facts: [ facts/*.lua ]
include: [ policy.yaml ]
YAML
  cat >"$work/project/policy.yaml" <<YAML
policies:
  - name: vacuumed
    for: table
    where: name ~ '^z[0-9]+\$'
    ensure: dead_ratio <= 1%
    by: vacuum
    with: { analyze: true${3:+, cost_delay_us: $3} }
    limits: { pace: $1 }
    ${4:+throttle: [ "$4" ]}
  - name: rebuilt
    for: index
    where: name ~ '^z[0-9]+_'
    ensure: fresh
    by: rebuild_index
    limits: { pace: $1 }
YAML
}
# plan POLICY: the plan of one policy, now
plan() {
  (cd "$work/project" && "$build/upkeep" plan t --only "$1" -o plan.json) >"$work/said" 2>&1 ||
    { cat "$work/said" >&2; exit 1; }
}
# Every step of it must be applied, and there must be some.
apply() {
  (cd "$work/project" && "$build/upkeep" apply plan.json) >"$work/applied" 2>&1 &&
    grep -Eq ': [1-9][0-9]* applied, 0 skipped' "$work/applied" || { tail -n 20 "$work/applied"; false; }
}

# What half a minute gets done, however far; it says how many steps.
apply_some() {
  (cd "$work/project" && timeout -s INT 30 "$build/upkeep" apply plan.json) >"$work/applied" 2>&1
  grep -Ec '^[0-9]+/[0-9]+  vacuum  .*  applied' "$work/applied" >"$work/steps"
}

# ---- load ----

rate=
load_start() {
  rm -f "$work"/tx.*
  "$bin/pgbench" -n -M prepared -c 8 -j 2 -R "$rate" -T 3600 -l --log-prefix="$work/tx" >"$work/pgbench" 2>&1 &
  bench=$!
  sleep 5
}
load_stop() {
  kill "$bench"
  wait "$bench" 2>/dev/null
  bench=
}
# p99 FROM UNTIL: of the service times, in microseconds, and how many there were
p99() {
  sleep 0.5
  cat "$work"/tx.* | awk -v a="$1" -v b="$2" '{ t = $5 + $6 / 1e6; if (t >= a && t <= b) print $3 - $7 }' |
    sort -n | awk '{ v[NR] = $1 } END { printf "%d %d\n", v[int(NR * .99) + 1], NR }'
}
now() { date +%s.%N; }
# during NAME COMMAND..: idle, then the command; sets ratio and seconds
during() {
  local name=$1 from until idle count busy
  shift
  from=$(now)
  sleep "$idle_seconds"
  until=$(now)
  read -r idle count < <(p99 "$from" "$until")
  from=$(now)
  "$@" >"$work/said" 2>&1 || { tail -n 20 "$work/said" >&2; exit 1; }
  until=$(now)
  read -r busy count < <(p99 "$from" "$until")
  ratio=$(awk -v a="$busy" -v b="$idle" 'BEGIN { printf "%.2f", a / b }')
  seconds=$(awk -v a="$from" -v b="$until" 'BEGIN { printf "%.1f", b - a }')
  p_idle=$(awk -v a="$idle" 'BEGIN { printf "%.1f", a / 1000 }')
  p_busy=$(awk -v a="$busy" 'BEGIN { printf "%.1f", a / 1000 }')
  say "$name: $seconds s, p99 $p_busy ms of $count, idle $p_idle ms: $ratio; load $(cut -d' ' -f1 /proc/loadavg)"
  echo "$ratio $seconds $p_idle $p_busy" >>"$work/$name"
}
# alone NAME COMMAND..: without load; seconds
alone() {
  local name=$1 from until
  shift
  from=$(now)
  "$@" >"$work/said" 2>&1 || { tail -n 20 "$work/said" >&2; exit 1; }
  until=$(now)
  awk -v a="$from" -v b="$until" 'BEGIN { printf "%.2f\n", b - a }' >>"$work/$name"
  say "$name: $(tail -n 1 "$work/$name") s; load $(cut -d' ' -f1 /proc/loadavg)"
}
vacuumdb() { "$bin/vacuumdb" --analyze -j2 $(list); }
reindexdb() { "$bin/reindexdb" --concurrently -j"${1:-1}" $(list); }

for _ in 1 2 3; do
  "$bin/pgbench" -n -M prepared -c 8 -j 2 -T 5 2>/dev/null | awk '/^tps/ { printf "%d\n", $3 }'
done | sort -n >"$work/maximum"
maximum=$(sed -n 2p "$work/maximum")
rate=$((maximum * share / 100))
say "pgbench: $maximum a second; $rate are asked for"

beside_load() {
  dirty
  load_start
  during vacuumdb vacuumdb
  load_stop
  dirty
  policies gentle 2
  plan vacuumed
  load_start
  during vacuum_gentle apply
  load_stop
  sql -c checkpoint
  load_start
  during reindexdb reindexdb
  load_stop
  dirty
  plan rebuilt
  load_start
  during rebuild_gentle apply
  load_stop
}
# Each in turn is the first.
without_load() { # number of the round
  local first
  dirty # building an index prunes what it meets
  policies none 2
  for first in 0 1; do
    [ "$first" -eq 0 ] || dirty
    sync
    if [ $((($1 + first) % 2)) -eq 0 ]; then
      alone vacuumdb_alone vacuumdb
    else
      plan vacuumed
      alone vacuum_none apply
    fi
  done
  for first in 0 1; do
    mark
    plan rebuilt
    sql -c checkpoint
    sync
    if [ $((($1 + first) % 2)) -eq 0 ]; then alone reindexdb_alone reindexdb 2; else alone rebuild_none apply; fi
  done
}
for n in $(seq "$rounds"); do
  case $parts in *load*) beside_load ;; esac
  case $parts in *alone*) without_load "$n" ;; esac
done
curve() { # name, rest or nothing, throttle or nothing
  dirty
  policies gentle 2 "$2" "$3"
  plan vacuumed
  load_start
  during "$1" apply_some
  load_stop
  printf '| %s | | %s of %s tables in %s s, p99 %s ms, idle %s | %s | |\n' "$1" "$(cat "$work/steps")" "$tables" \
    "$(column "$1" 2)" "$(column "$1" 4)" "$(column "$1" 3)" "$(column "$1" 1)" >>"$work/curve"
}
# column NAME N: the median of a column
column() { cut -d' ' -f"$2" "$work/$1" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
if [ -n "${CURVE:-}" ]; then
  for rest in 0 500 1000 2000 5000; do curve "vacuum resting $rest us a round" "$rest" ""; done
  for bound in 2 3 4 6; do curve "vacuum at full speed, throttle active_sessions <= $bound" 0 "active_sessions <= $bound"; done
fi

# ---- figures ----

under_load() { # title, peer, ours, to reach
  printf '| %s | %s s, p99 %s ms, idle %s: %s | %s s, p99 %s ms, idle %s | %s | %s |\n' "$1" \
    "$(column "$2" 2)" "$(column "$2" 4)" "$(column "$2" 3)" "$(column "$2" 1)" \
    "$(column "$3" 2)" "$(column "$3" 4)" "$(column "$3" 3)" "$(column "$3" 1)" "$4"
}
# mean NAME: who comes first finds other pages in memory, and each does in turn
mean() { awk '{ sum += $1 } END { printf "%.2f", sum / NR }' "$work/$1"; }
unpaced() { # title, peer, ours
  printf '| %s | %s s | %s s | %s | 1.02 |\n' "$1" "$(mean "$2")" "$(mean "$3")" \
    "$(awk -v a="$(mean "$3")" -v b="$(mean "$2")" 'BEGIN { printf "%.3f", a / b }')"
}
half=
case $parts in *load*) half=$(awk -v a="$(column reindexdb 1)" 'BEGIN { printf "%.2f", 1 + (a - 1) / 2 }') ;; esac
{
  printf '\n## pace.sh, %s\n\n%s, %s cores, load %s; %s, fsync on; %s MB in %s tables by Zipf; pgbench %s a second, %s%% of %s; rounds: %s\n\n' \
    "$(date -u +%F)" "$(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release)" "$(nproc)" "$(cut -d' ' -f1-3 /proc/loadavg)" \
    "$(sql -c "select split_part(version(), ' on', 1)")" "$made" "$tables" "$rate" "$share" "$maximum" "$rounds"
  printf '| work | peer | upkeep | ratio | to reach |\n|---|---|---|---|---|\n'
  if [ -n "$half" ]; then
    under_load 'vacuum and analyze, foreground p99 / idle' vacuumdb vacuum_gentle 1.3
    under_load 'indexes rebuilt, foreground p99 / idle' reindexdb rebuild_gentle "$half"
  fi
  case $parts in *alone*)
    unpaced 'makespan of vacuum and analyze, 2 jobs, no pacing, no load' vacuumdb_alone vacuum_none
    unpaced 'makespan of index rebuilds, 2 jobs, no pacing, no load' reindexdb_alone rebuild_none
  esac
  [ -f "$work/curve" ] && cat "$work/curve"
} | tee "$work/table"
[ -w "$here/RESULTS.md" ] && [ -z "${NO_RESULTS:-}" ] && cat "$work/table" >>"$here/RESULTS.md"
[ -z "$half" ] || awk -v a="$(column vacuum_gentle 1)" -v b="$(column rebuild_gentle 1)" -v h="$half" 'BEGIN { exit !(a <= 1.3 && b <= h) }'
