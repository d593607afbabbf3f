#!/usr/bin/env bash
# Figure: `upkeep apply` of 10,000 trivial transactional steps on SQLite takes
# at most 2 times what a plain C loop takes for the same statements and as many
# synced writes (bench_steps.c). Alternating rounds; medians; the result goes
# to RESULTS.md. fsyncs are counted by strace where it is installed.
# Usage: steps.sh BUILD_FOLDER [STEPS [ROUNDS]]; BUILD with UPKEEP_TESTS=ON
set -u
build=$(cd "${1:?the build folder}" && pwd)
steps=${2:-10000}
rounds=${3:-5}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
mkdir facts actions policies

cat >upkeep.yaml <<'YAML'
version: 1
targets:
  t: { engine: sqlite, connect: items.db }
facts: [ facts/*.lua ]
actions: [ actions/*.lua ]
include: [ policies/* ]
YAML
cat >facts/item.lua <<'LUA'
return {
  kind { name = "item", engine = "sqlite", doc = "a row", keys = { "name" } },
  collector {
    name = "item", kind = "item", engine = "sqlite", cost = "cheap",
    attributes = { { "name", "text", "its name" }, { "done", "int", "1: done" } },
    filter = "and name = ?1", filter_keys = { "name" },
    variants = { { sql = "select name, done from main.item where true {filter}" } },
  },
}
LUA
cat >actions/touch.lua <<'LUA'
return action {
  name = "touch", engine = "sqlite", kind = "item", doc = "marks it as done",
  atomicity = "transaction", risk = "low", post = "holds", locks = {},
  undo = { class = "none", why = "a benchmark" },
  plan = function(o, p)
    return { run = { { sql = "update main.item set done = 1 where name = ?1", params = { o.name } } } }
  end,
}
LUA
cat >policies/p.yaml <<'YAML'
policies:
  - { name: p, for: item, ensure: done = 1, by: touch }
YAML
make_database() { # rows
  rm -f items.db*
  sqlite3 items.db "pragma journal_mode = wal;
    create table item (name text primary key, done int not null);
    with recursive n(i) as (select 1 union all select i + 1 from n where i < $1)
    insert into item select printf('item-%05d', i), 0 from n;" >/dev/null
  cp items.db fresh.db
  "$build/upkeep" plan t -o plan.json >said 2>&1 || { cat said >&2; exit 1; }
}
fresh() {
  rm -rf items.db* .upkeep log
  cp fresh.db items.db
}
run_upkeep() {
  fresh
  "$@" "$build/upkeep" apply plan.json >said 2>&1 || { tail -n 5 said >&2; exit 1; }
}
run_loop() {
  fresh
  "$@" "$build/tests/bench_steps" plan.json items.db log
}
# The run of before as if it had died before its seal: resume reads the log,
# asks the ledger for every step, finds nothing to execute, and seals it.
run_resume() {
  local log
  log=$(echo .upkeep/runs/*/log.jsonl)
  sed -i '$d' "$log"
  "$@" "$build/upkeep" resume last -q >said 2>&1 || { tail -n 5 said >&2; exit 1; }
}
run_replay() {
  "$@" "$build/upkeep" log replay >said 2>&1 || { tail -n 5 said >&2; exit 1; }
}
count() { # file of strace -c
  awk '$NF ~ /^fdatasync$|^fsync$/ { n += $4 } END { print n + 0 }' "$1"
}
median() { sort -n | sed -n "$(((rounds + 1) / 2))p"; }

make_database "$steps"
run_upkeep
for _ in $(seq "$rounds"); do
  run_upkeep "$build/tests/bench_time" 3>>upkeep.runs
  run_resume "$build/tests/bench_time" 3>>resume.runs
  run_replay "$build/tests/bench_time" 3>>replay.runs
  run_loop "$build/tests/bench_time" 3>>loop.runs >/dev/null
done
ours=$(cut -d' ' -f1 upkeep.runs | median)
theirs=$(cut -d' ' -f1 loop.runs | median)
ours_cpu=$(cut -d' ' -f2 upkeep.runs | median)
theirs_cpu=$(cut -d' ' -f2 loop.runs | median)
syncs='not counted'
if command -v strace >/dev/null; then
  make_database 1000
  run_upkeep strace -f -c -e trace=fsync,fdatasync -o "$work/a"
  run_loop strace -f -c -e trace=fsync,fdatasync -o "$work/b" >/dev/null
  syncs="$(count a) and $(count b) fsyncs for 1000 steps"
fi
resumed=$(awk -v n="$steps" -v a="$(cut -d' ' -f1 resume.runs | median)" -v ac="$(cut -d' ' -f2 resume.runs | median)" \
  -v b="$(cut -d' ' -f1 replay.runs | median)" -v bc="$(cut -d' ' -f2 replay.runs | median)" 'BEGIN {
  printf "Resume of that run of %d steps, cut off before its seal, from start to end: %d ms, %d ms CPU (to reach: 1000 ms). log replay: %d ms, %d ms CPU.",
    n, a / 1000, ac / 1000, b / 1000, bc / 1000 }')
load=$(cut -d' ' -f1-3 /proc/loadavg)
line=$(awk -v n="$steps" -v a="$ours" -v b="$theirs" -v ac="$ours_cpu" -v bc="$theirs_cpu" -v s="$syncs" 'BEGIN {
  printf "| %d trivial steps on SQLite (%s) | C loop, same statements: %d ms, %d ms CPU | %d ms, %d ms CPU | %.2f | 2.0 |",
    n, s, b / 1000, bc / 1000, a / 1000, ac / 1000, a / b }')
echo "wall us, cpu us, RSS KiB of upkeep:" && cat upkeep.runs
echo "of the loop, with reading the plan:" && cat loop.runs
echo "load $load"
echo "$line"
echo "$resumed"
[ -w "$here/RESULTS.md" ] && [ -z "${NO_RESULTS:-}" ] &&
  printf '\n## steps.sh, %s\n\n%s, %s cores, load %s; SQLite %s; median of %s rounds\n\n| work | peer | upkeep | ratio | to reach |\n|---|---|---|---|---|\n%s\n\n%s\n' \
    "$(date -u +%F)" "$(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release)" "$(nproc)" "$load" \
    "$(sqlite3 --version | cut -d' ' -f1)" "$rounds" "$line" "$resumed" >>"$here/RESULTS.md"
[ $((ours)) -le $((theirs * 2)) ]
