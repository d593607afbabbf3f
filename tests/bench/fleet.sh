#!/usr/bin/env bash
# Figure: `upkeep check` of 200 targets (databases of one PostgreSQL, each with
# 20 tables and 40 indexes) for std/postgres-baseline takes at most 1.1 times
# what a bare libpq program takes that connects to each with the same
# concurrency, sets the session up, runs the same queries and reads the rows; and
# all processes of upkeep together stay under 96 MiB. Five alternating runs; medians; the result goes to RESULTS.md.
# Usage: fleet.sh BUILD_FOLDER [TARGETS [PARALLELISM]]
set -u
build=$(cd "${1:?the build folder}" && pwd)
targets=${2:-200}
parallelism=${3:-10}
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../live/postgres.sh"
work=$(mktemp -d)
leave() {
  pg_stop_all
  rm -rf "$work"
}

PG_OPTIONS="-c max_connections=$((parallelism * 2 + 20))" pg_start || exit 1
trap leave EXIT
echo "making $targets databases ..." >&2
"$(pg_find_psql)" -X -q -v ON_ERROR_STOP=1 <<-SQL || exit 1
	create database pattern;
	\c pattern
	do \$\$
	begin
	  for i in 1..20 loop
	    execute format('create table t%s (id int primary key, a int, b text)', i);
	    execute format('create index on t%s (a)', i);
	    execute format('insert into t%s select g, g %% 3, md5(g::text) from generate_series(1, 1000) g', i);
	  end loop;
	end \$\$;
	analyze;
	checkpoint;
	\c postgres
	select format('create database d%s template pattern strategy file_copy', i) from generate_series(1, $targets) i
	\gexec
	checkpoint;
SQL

connections=()
{
  printf 'version: 1\ntargets:\n'
  for i in $(seq "$targets"); do
    connection="host=$PGHOST port=$PGPORT user=postgres dbname=d$i"
    connections+=("$connection")
    printf '  d%s: { engine: postgres, connect: "%s" }\n' "$i" "$connection"
  done
  printf 'use: [ { name: std/postgres-baseline } ]\n'
} >"$work/upkeep.yaml"

run_upkeep() {
  (cd "$work" && "$build/tests/bench_time" "$build/upkeep" check --format json \
    --parallelism "$parallelism" 3>"$work/numbers" >"$work/reports" 2>"$work/said")
  [ $? = 2 ] && [ "$(wc -l <"$work/reports")" = "$targets" ] || {
    cat "$work/said" >&2
    exit 1
  }
}

run_peer() {
  "$build/tests/bench_time" "$build/tests/bench_fleet" "$parallelism" \
    "$work/queries.sql" "${connections[@]}" 3>"$work/numbers" >"$work/said" || exit 1
}

# The sum of the peaks of all processes, in KiB: an upper bound of their peak.
measure_memory() {
  local pid child line
  (cd "$work" && exec "$build/upkeep" check --format json --parallelism "$parallelism" >/dev/null 2>&1) &
  pid=$!
  while line=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status" 2>/dev/null) && [ -n "$line" ]; do
    echo "$pid $line"
    for child in $(cat "/proc/$pid"/task/*/children 2>/dev/null); do
      sed -n "s/^VmHWM:[^0-9]*\([0-9]*\).*/$child \1/p" "/proc/$child/status" 2>/dev/null
    done
    sleep 0.05
  done | awk '{ if ($2 > peak[$1]) peak[$1] = $2 } END { for (p in peak) { sum += peak[p]; n++ } print sum, n }'
  wait "$pid"
}

median() { sort -n | sed -n 3p; }

(cd "$work" && "$build/upkeep" inspect d1 -o "$work/facts.json" 2>/dev/null) || exit 1
"$build/tests/bench_inspect" "$work/facts.json" >"$work/queries.sql" || exit 1
run_upkeep # warms the cache
run_peer
for _ in 1 2 3 4 5; do
  run_upkeep
  cat "$work/numbers" >>"$work/upkeep.runs"
  run_peer
  cat "$work/numbers" >>"$work/peer.runs"
done
read -r rss processes < <(measure_memory)

ours=$(cut -d' ' -f1 "$work/upkeep.runs" | median)
theirs=$(cut -d' ' -f1 "$work/peer.runs" | median)
ours_cpu=$(cut -d' ' -f2 "$work/upkeep.runs" | median)
theirs_cpu=$(cut -d' ' -f2 "$work/peer.runs" | median)
theirs_rss=$(cut -d' ' -f3 "$work/peer.runs" | sort -n | tail -n 1)
ratio=$((ours * 1000 / theirs))
printf -v line '| check of %s targets, %s at once, std/postgres-baseline | bare libpq, same queries: %d ms, %d ms CPU, %d MB | %d ms, %d ms CPU, %d MB in %d processes | %d.%03d | 1.1, 96 MiB |' \
  "$targets" "$parallelism" $((theirs / 1000)) $((theirs_cpu / 1000)) $((theirs_rss / 1024)) \
  $((ours / 1000)) $((ours_cpu / 1000)) $((rss / 1024)) "$processes" $((ratio / 1000)) $((ratio % 1000))
echo "wall us, cpu us, RSS KiB of the largest process of upkeep:" && cat "$work/upkeep.runs"
echo "of the peer:" && cat "$work/peer.runs"
cat "$work/said"
echo "$line"
if [ -w "$here/RESULTS.md" ]; then
  printf '\n## fleet.sh, %s\n\n%s, %s cores; %s; CPU is that of the client side\n\n| work | peer | upkeep | ratio | to reach |\n|---|---|---|---|---|\n%s\n' \
    "$(date -u +%F)" "$(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release)" "$(nproc)" \
    "$("$(pg_find_psql)" -X -A -t -c "select split_part(version(), ' on', 1)")" \
    "$line" >>"$here/RESULTS.md"
fi
[ "$ratio" -le 1100 ] && [ "$rss" -le $((96 * 1024)) ]
