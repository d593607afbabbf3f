#!/usr/bin/env bash
# What recording facts costs: `upkeep plan` of a SQLite database of 5,000
# tables with two indexes each, with and without --no-record, in turn; and the
# store alone, of 150,000 relations with twelve attributes.
#
#   tests/bench/state.sh BUILD     BUILD: a folder configured as release, with
#                                  UPKEEP_TESTS=ON
#   ROUNDS=5 TABLES=5000
#
# Prints the figures and appends them to tests/bench/RESULTS.md. Median times;
# CPU is user and system time of the program and its child.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$(realpath "${1:?usage: state.sh BUILD}")
rounds=${ROUNDS:-5} tables=${TABLES:-5000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 - "$tables" <<'PY'
import sqlite3, sys
db = sqlite3.connect("t.db")
db.execute("begin")
for i in range(int(sys.argv[1])):
    db.execute(f"create table t{i:06} (id integer primary key, a, b)")
    db.execute(f"create index t{i:06}_a on t{i:06} (a)")
    db.execute(f"create index t{i:06}_b on t{i:06} (b)")
db.commit()
PY
cat >upkeep.yaml <<'YAML'
version: 1
targets:
  t: { engine: sqlite, connect: t.db }
include: [ p.yaml ]
YAML
cat >p.yaml <<'YAML'
policies:
  - { name: keys, for: table, ensure: has_primary_key and columns < 100 }
  - { name: indexes, for: index, ensure: not partial and not expression }
YAML

one() { # flag: prints elapsed and CPU in ms
  /usr/bin/time -o time -f '%e %U %S' "$build/upkeep" plan $1 --format json >/dev/null 2>&1
  awk '{ printf "%.0f %.0f\n", $1 * 1000, ($2 + $3) * 1000 }' time
}
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

one "" >first
for ((i = 0; i < rounds; i++)); do
  one --no-record >>without
  one "" >>with
done
read -r first_ms first_cpu <first
for kind in with without; do
  cut -d' ' -f1 $kind | median >$kind.ms
  cut -d' ' -f2 $kind | median >$kind.cpu
done
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }
read -r new next trend memory bytes _ < <("$build/tests/bench_state" 150000 40 "$work/alone.db")
rm -f "$work"/alone.db*
read -r _ _ _ _ earlier _ < <("$build/tests/bench_state" 150000 20 "$work/alone.db")

{
  printf '\n## state.sh, %s\n\n' "$(date +%F)"
  printf '%s, %s cores, load %s; SQLite %s; median of %s alternating rounds\n\n' \
    "$(. /etc/os-release && echo "$PRETTY_NAME")" "$(nproc)" "$(cut -d' ' -f1-3 /proc/loadavg)" \
    "$(sqlite3 --version | cut -d' ' -f1)" "$rounds"
  echo '| work | --no-record | recorded | ratio | to reach |'
  echo '|---|---|---|---|---|'
  printf '| plan of %s relations on SQLite (the first time: %s ms, %s ms CPU) | %s ms, %s ms CPU | %s ms, %s ms CPU | %s, CPU %s | 1.2 |\n\n' \
    "$((tables * 3))" "$first_ms" "$first_cpu" "$(cat without.ms)" "$(cat without.cpu)" "$(cat with.ms)" "$(cat with.cpu)" \
    "$(ratio "$(cat with.ms)" "$(cat without.ms)")" "$(ratio "$(cat with.cpu)" "$(cat without.cpu)")"
  printf 'The store alone, 150,000 relations with 12 attributes, 1%% of the values changed a sample: %s ms CPU a sample (the first %s), %s ms for the trends\n' "$next" "$new" "$trend"
  printf 'of two attributes over 40 samples, %s MB of memory; %s MB for names and last values, then %s kB a sample, %s bytes for each value that changed.\n' \
    "$memory" "$((bytes / 1000000))" "$(((bytes - earlier) / 20000))" "$(ratio $(((bytes - earlier) / 20)) 15000)"
} | tee -a "$here/RESULTS.md"
