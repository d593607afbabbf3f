#!/usr/bin/env bash
# Figures: tables by Zipf, a fifth of them bloated (each row rewritten once, which
# doubles the indexes; then a vacuum; then a tenth of the rows dead again). The same invariants are reached by
#   everything   reindexdb --concurrently -j2 and vacuumdb --analyze -j2 over all
#   upkeep       plan and apply, 2 jobs, pace none: the time to look is in it
#   the same     both tools over the tables of upkeep's plan alone
# Then amcheck over all tables and B-trees: pg_amcheck -j2, and verify_integrity.
#
#   tests/bench/maintain.sh BUILD [MB]     BUILD: a release build; MB: 600 (the issue's: 3000)
#   TABLES=200  ROUNDS=3                   alternating; medians are told
#
# Prints the figures and appends them to RESULTS.md.
set -u
build=$(cd "${1:?the build folder}" && pwd)
size_mb=${2:-600}
tables=${TABLES:-200}
rounds=${ROUNDS:-3}
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../live/postgres.sh"
work=$(mktemp -d)
PG_OPTIONS="-c shared_buffers=512MB -c max_wal_size=8GB -c checkpoint_timeout=30min"
pg_start || exit 1
trap 'pg_stop_all; rm -rf "$work"' EXIT
bin=$(dirname "$(pg_find_psql)")
sql() { "$bin/psql" -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }
say() { printf '%s\n' "$*" >&2; }

say "making $size_mb MB in $tables tables ..."
sql <<SQL || exit 1
create extension amcheck;
do \$\$
declare
  share float8;
begin
  select sum(1.0 / i) into share from generate_series(1, $tables) i;
  for k in 1..$tables loop
    execute format('create table z%s (id bigint, a int, b int, filler text)', k);
    execute format('insert into z%s select g, (random() * 1e9)::int, 0, repeat(md5(g::text), 2) from generate_series(1, %s) g', k,
      greatest(2000, ($size_mb * 1000000.0 / 200 / k / share)::bigint));
    execute format('alter table z%s add primary key (id)', k);
    execute format('create index z%s_a on z%s (a)', k, k);
    commit;
  end loop;
end \$\$;
SQL

# A fifth of the tables: the third of each five, the third largest first.
dirty() {
  for ((k = 3; k <= tables; k += 5)); do
    echo "update z$k set a = (random() * 1e9)::int; vacuum analyze z$k; update z$k set b = b + 1 where id % 10 = 0;"
  done | sql || exit 1
  sql -c checkpoint
}
clean() {
  "$bin/vacuumdb" -q --analyze -j2 >"$work/said" 2>&1 && "$bin/reindexdb" -q -j2 -S public >>"$work/said" 2>&1 ||
    { cat "$work/said" >&2; exit 1; }
}
dirty
clean # from now on the tables have room for a second version of each row
made=$(sql -c "select pg_database_size(current_database()) / 1000000")

cat >"$work/upkeep.yaml" <<YAML
version: 1
targets:
  t: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=postgres dbname=postgres", jobs: 2 }
include: [ p.yaml ]
YAML
cat >"$work/p.yaml" <<YAML
policies:
  - { name: vacuumed, for: table, where: "name ~ '^z[0-9]+\$'", ensure: dead_ratio <= 5%, by: vacuum, with: { analyze: true }, limits: { pace: none } }
  - { name: lean, for: index, where: "name ~ '^z[0-9]+_'", ensure: bloat_ratio <= 20%, by: rebuild_index, limits: { pace: none } }
  - { name: whole, for: table, where: "name ~ '^z[0-9]+\$'", ensure: integrity_check_age <= 7d, if_unknown: act, by: verify_integrity, limits: { pace: none } }
  - { name: whole-index, for: index, where: "name ~ '^z[0-9]+_'", ensure: integrity_check_age <= 7d, if_unknown: act, by: verify_integrity, limits: { pace: none } }
YAML

# ---- the work ----

plan() { (cd "$work" && "$build/upkeep" plan t --only "$1" -o plan.json); }
apply() {
  (cd "$work" && rm -rf .upkeep/runs && "$build/upkeep" apply plan.json) >"$work/applied" 2>&1 &&
    grep -Eq ': [1-9][0-9]* applied, 0 skipped' "$work/applied" || { tail -n 20 "$work/applied"; false; }
}
run_everything() { "$bin/reindexdb" -q --concurrently -j2 -S public && "$bin/vacuumdb" -q --analyze -j2; }
run_upkeep() { plan 'vacuumed,lean' && apply; }
run_same() {
  # shellcheck disable=SC2046
  "$bin/reindexdb" -q --concurrently -j2 $(sed 's/^/-t /' "$work/rebuilt") && "$bin/vacuumdb" -q --analyze -j2 $(sed 's/^/-t /' "$work/vacuumed")
}
run_amcheck() { "$bin/pg_amcheck" -j2 -s public postgres; }
run_verify() { plan 'whole,whole-index' && apply; }
timed() { # name
  local from to wal
  wal=$(sql -c "select pg_current_wal_insert_lsn()")
  from=$(date +%s%N)
  "run_$1" >"$work/said" 2>&1 || { tail -n 20 "$work/said" >&2; exit 1; }
  to=$(date +%s%N)
  echo "$(((to - from) / 1000000)) $(sql -c "select (pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '$wal') / 1000000)::bigint")" |
    tee -a "$work/$1.runs" | sed "s/^/$1: /" >&2
}
# Which tables the plan vacuums, and whose indexes it rebuilds.
read_plan() {
  python3 - "$work" <<'PY'
import json, sys
steps = json.load(open(sys.argv[1] + "/plan.json"))["body"]["steps"]
def names(action): return [s["object"]["name"][-1] for s in steps if s["action"] == action]
open(sys.argv[1] + "/vacuumed", "w").write("".join(n + "\n" for n in names("vacuum")))
rebuilt = names("rebuild_index")
open(sys.argv[1] + "/rebuilt", "w").write("".join(n + "\n" for n in sorted({n.split("_")[0] for n in rebuilt})))
open(sys.argv[1] + "/counts", "w").write("%d %d\n" % (len(names("vacuum")), len(rebuilt)))
PY
}
# The makespan of the run by its log, over the lower bound of two jobs.
makespan() {
  python3 - "$work"/.upkeep/runs/*/log.jsonl <<'PY'
import json, sys
took, first, last = [], None, None
for line in open(sys.argv[1]):
    r = json.loads(line)
    if r["event"] == "step.end" and r["obs"].get("elapsed_us"):
        at = r["obs"]["wall_us"]
        took.append(r["obs"]["elapsed_us"])
        begun = at - took[-1]
        first = begun if first is None else min(first, begun)
        last = at
print(int(1000 * (last - first) / max(sum(took) / 2, max(took))))
PY
}
for _ in $(seq "$rounds"); do
  dirty
  timed upkeep
  read_plan
  grep -q ' 0$' "$work/counts" && { say "no index is to be rebuilt"; exit 1; }
  makespan >>"$work/makespan"
  dirty
  timed same
  dirty
  timed everything
  timed amcheck
  sql -c "drop schema if exists upkeep cascade" 2>/dev/null # or all has been verified
  timed verify
  makespan >>"$work/makespan_verify"
  sql -c "drop schema if exists upkeep cascade" 2>/dev/null
done

# ---- figures ----

median() { cut -d' ' -f"${2:-1}" "$work/$1" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
ratio() { awk -v a="$(median "$1.runs")" -v b="$(median "$2.runs")" 'BEGIN { printf "%.3f", a / b }'; }
cell() { printf '%s ms, %s MB of WAL' "$(median "$1.runs")" "$(median "$1.runs" 2)"; }
read -r vacuums rebuilds <"$work/counts"
{
  printf '\n## maintain.sh, %s\n\n%s, %s cores, load %s; %s; %s MB in %s tables by Zipf, a fifth bloated; rounds: %s\n\n' \
    "$(date -u +%F)" "$(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release)" "$(nproc)" "$(cut -d' ' -f1-3 /proc/loadavg)" \
    "$(sql -c "select split_part(version(), ' on', 1)")" "$made" "$tables" "$rounds"
  printf '| work | peer | upkeep | ratio | to reach |\n|---|---|---|---|---|\n'
  printf '| all maintenance, looking included: %s vacuums, %s rebuilds | reindexdb and vacuumdb over everything: %s | %s | %s | 0.25 |\n' \
    "$vacuums" "$rebuilds" "$(cell everything)" "$(cell upkeep)" "$(ratio upkeep everything)"
  printf '| the same objects | reindexdb and vacuumdb over them: %s | the same run | %s | 1.0 |\n' "$(cell same)" "$(ratio upkeep same)"
  printf '| makespan of that run, in its log | max(sum of steps / 2, longest) | | %s | 1.02 |\n' "$(awk -v m="$(median makespan)" 'BEGIN { printf "%.3f", m / 1000 }')"
  printf '| amcheck of all tables and B-trees | pg_amcheck -j2: %s | verify_integrity, planned and applied: %s | %s | 1.05 |\n' \
    "$(cell amcheck)" "$(cell verify)" "$(ratio verify amcheck)"
} | tee "$work/table"
[ -w "$here/RESULTS.md" ] && [ -z "${NO_RESULTS:-}" ] && cat "$work/table" >>"$here/RESULTS.md"
awk -v a="$(ratio upkeep everything)" -v s="$(ratio upkeep same)" -v v="$(ratio verify amcheck)" 'BEGIN { exit !(a <= 0.25 && s <= 1 && v <= 1.05) }'
