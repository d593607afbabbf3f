#!/usr/bin/env bash
# Figure: `upkeep inspect` of 50,000 tables and 100,000 indexes, of all that
# std/postgres-baseline needs, takes at most 1.1 times what psql takes for the
# same queries, and under 150 MB. Five alternating runs; medians; the result goes to RESULTS.md.
# Then `upkeep check` of the same: the memory of the larger of its two processes.
# Usage: inspect.sh BUILD_FOLDER [TABLES [CONNINFO]]
# With CONNINFO that database is used as it is, and no server is started.
set -u
build=$(cd "${1:?the build folder}" && pwd)
tables=${2:-50000}
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../live/postgres.sh"
work=$(mktemp -d)
leave() {
  pg_stop_all
  rm -rf "$work"
}

if [ -n "${3:-}" ]; then
  conninfo=$3
else
  pg_start || exit 1
  conninfo="host=$PGHOST port=$PGPORT user=postgres dbname=postgres"
  echo "making $tables tables ..." >&2
  "$(pg_find_psql)" -X -q -v ON_ERROR_STOP=1 -d "$conninfo" <<-SQL || exit 1
	do \$\$
	begin
	  for i in 1..$tables loop
	    execute format('create table t%s (id int primary key, a int, b int)', i);
	    execute format('create index on t%s (a)', i);
	    execute format('insert into t%s select g, g %% 3, g from generate_series(1, 20) g', i);
	    if i % 500 = 0 then commit; end if;
	  end loop;
	end \$\$;
	analyze;
	checkpoint;
	SQL
fi
trap leave EXIT

cat >"$work/upkeep.yaml" <<YAML
version: 1
targets:
  big: { engine: postgres, connect: "$conninfo" }
use: [ { name: std/postgres-baseline } ]
YAML

run_upkeep() {
  (cd "$work" && "$build/tests/bench_time" "$build/upkeep" inspect big \
    -o "$work/facts.json" 3>"$work/numbers" >"$work/said" 2>&1) || {
    cat "$work/said" >&2
    exit 1
  }
}

# Unknown or broken is what a check may say; then it exits 2.
run_check() {
  (cd "$work" && "$build/tests/bench_time" "$build/upkeep" check big \
    --no-record 3>"$work/numbers" >"$work/said" 2>&1)
  case $? in 0 | 2) ;; *) tail -n 20 "$work/said" >&2; exit 1 ;; esac
}

run_psql() {
  "$build/tests/bench_time" "$(pg_find_psql)" -X -q -A -t -v ON_ERROR_STOP=1 \
    -d "$conninfo" -f "$work/queries.sql" -o "$work/rows" 3>"$work/numbers" || exit 1
}

median() { sort -n | sed -n 3p; }

run_upkeep # warms the cache, and tells which variants are used
"$build/tests/bench_inspect" "$work/facts.json" >"$work/queries.sql" || exit 1
run_psql
for _ in 1 2 3 4 5; do
  run_upkeep
  cat "$work/numbers" >>"$work/upkeep.runs"
  run_psql
  cat "$work/numbers" >>"$work/psql.runs"
done
for _ in 1 2 3; do
  run_check
  cat "$work/numbers" >>"$work/check.runs"
done
checked=$(cut -d' ' -f1 "$work/check.runs" | sort -n | sed -n 2p)
checked_cpu=$(cut -d' ' -f2 "$work/check.runs" | sort -n | sed -n 2p)
checked_rss=$(cut -d' ' -f3 "$work/check.runs" | sort -n | tail -n 1)

ours=$(cut -d' ' -f1 "$work/upkeep.runs" | median)
theirs=$(cut -d' ' -f1 "$work/psql.runs" | median)
ours_cpu=$(cut -d' ' -f2 "$work/upkeep.runs" | median)
theirs_cpu=$(cut -d' ' -f2 "$work/psql.runs" | median)
rss=$(cut -d' ' -f3 "$work/upkeep.runs" | sort -n | tail -n 1)
theirs_rss=$(cut -d' ' -f3 "$work/psql.runs" | sort -n | tail -n 1)
ratio=$((ours * 1000 / theirs))
printf -v check_line '| check of the same, --no-record | | %d ms, %d ms CPU, %d MB in the larger of 2 processes | | 150 MB |' \
  $((checked / 1000)) $((checked_cpu / 1000)) $((checked_rss / 1024))
printf -v line '| inspect of %s tables for std/postgres-baseline | psql, same queries: %d ms, %d ms CPU, %d MB | %d ms, %d ms CPU, %d MB | %d.%03d | 1.1, 150 MB |' \
  "$tables" $((theirs / 1000)) $((theirs_cpu / 1000)) $((theirs_rss / 1024)) \
  $((ours / 1000)) $((ours_cpu / 1000)) $((rss / 1024)) $((ratio / 1000)) $((ratio % 1000))
echo "wall us, cpu us, RSS KiB of upkeep:" && cat "$work/upkeep.runs"
echo "of psql:" && cat "$work/psql.runs"
echo "of check:" && cat "$work/check.runs"
echo "$line"
echo "$check_line"
if [ -w "$here/RESULTS.md" ] || [ ! -e "$here/RESULTS.md" ]; then
  [ -e "$here/RESULTS.md" ] ||
    printf '# Results\n\nMedians of alternating runs in one go; scripts beside this file.\n' >"$here/RESULTS.md"
  printf '\n## inspect.sh, %s\n\n%s, %s cores; %s\n\n| work | peer | upkeep | ratio | to reach |\n|---|---|---|---|---|\n%s\n%s\n' \
    "$(date -u +%F)" "$(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release)" "$(nproc)" \
    "$("$(pg_find_psql)" -X -A -t -d "$conninfo" -c "select split_part(version(), ' on', 1)")" \
    "$line" "$check_line" >>"$here/RESULTS.md"
fi
[ "$ratio" -le 1100 ] && [ "$rss" -le 150000 ] && [ "$checked_rss" -le 150000 ]
