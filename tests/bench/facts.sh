#!/usr/bin/env bash
# Figures: `upkeep check` of std/postgres-baseline on one database against the
# actions of check_postgres that tell the same, one by one, as a monitoring
# server calls them; at least 18 times faster. And all facts there are, measured
# ones too (`upkeep inspect --all`), on the same. Five alternating runs; medians; the result
# goes to RESULTS.md. inspect.sh has the large database.
# Usage: facts.sh BUILD_FOLDER [TABLES]; needs Debian's check-postgres.
set -u
build=$(cd "${1:?the build folder}" && pwd)
tables=${2:-200}
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../live/postgres.sh"
command -v check_postgres >/dev/null || { echo "check_postgres is not there: install check-postgres" >&2; exit 77; }
actions="autovac_freeze backends bloat checkpoint commitratio connection database_size disabled_triggers hitratio index_size last_analyze
 last_autoanalyze last_autovacuum last_vacuum locks prepared_txns query_time replication_slots sequence table_size
 txn_idle txn_time txn_wraparound wal_files archive_ready"
# Debian's wrapper of psql costs three times a connection: the peer gets the program itself.
PATH=$(dirname "$(pg_find_psql)"):$PATH
work=$(mktemp -d)
trap 'pg_stop_all; rm -rf "$work"' EXIT
pg_start || exit 1
"$(pg_find_psql)" -X -q -v ON_ERROR_STOP=1 <<SQL || exit 1
do \$\$ begin for i in 1..$tables loop
  execute format('create table t%s (id serial primary key, a int)', i);
  execute format('create index on t%s (a)', i);
  execute format('insert into t%s (a) select g from generate_series(1, 2000) g', i);
end loop; end \$\$;
vacuum analyze;
SQL
cat >"$work/upkeep.yaml" <<YAML
version: 1
targets:
  one: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=$PGUSER dbname=$PGDATABASE" }
use: [ { name: std/postgres-baseline } ]
YAML

now_us() { echo $(($(date +%s%N) / 1000)); }
timed() { # file, command..
  local file=$1 from
  shift
  from=$(now_us)
  (cd "$work" && "$@") >"$work/said" 2>&1
  echo $(($(now_us) - from)) >>"$work/$file"
}
# Its exit codes are verdicts; what it could not do has no line that begins so.
peer() {
  local action
  for action in $actions; do
    check_postgres --action="$action" --host="$PGHOST" --port="$PGPORT" --dbuser="$PGUSER" --dbname="$PGDATABASE" \
      --datadir="$PG_DIR/data" 2>&1 | tee -a "$work/verdicts"
  done
}
inspect() { "$build/upkeep" inspect one --all -o facts.json || touch "$work/failed"; }
check() { "$build/upkeep" check one --no-record; [ $? -le 2 ] || touch "$work/failed"; }
for _ in 1 2 3 4 5; do
  timed inspect inspect
  timed check check
  timed peer peer
done
[ -e "$work/failed" ] && { cat "$work/said" >&2; exit 1; }
told=$(grep -cE '^POSTGRES_[A-Z_]+ (OK|WARNING|CRITICAL)' "$work/verdicts")
median() { sort -n "$work/$1" | sed -n 3p; }
ratio=$(($(median peer) * 10 / $(median check)))
count=$(echo $actions | wc -w)
printf -v table '| work | peer | upkeep | ratio | to reach |\n|---|---|---|---|---|\n| health of one database, %s tables | check_postgres, %s actions one by one (%s answered): %s ms | check of std/postgres-baseline: %s ms | %s | 18 |\n| all facts of the same | | inspect --all: %s ms | | |\n' \
  "$tables" "$count" "$((told / 5))" "$(($(median peer) / 1000))" "$(($(median check) / 1000))" "$((ratio / 10)).$((ratio % 10))" "$(($(median inspect) / 1000))"
printf '%s' "$table"
[ -w "$here/RESULTS.md" ] && [ -z "${NO_RESULTS:-}" ] &&
  printf '\n## facts.sh, %s\n\n%s, %s cores, load %s; %s; %s\n\n%s' "$(date -u +%F)" \
    "$(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release)" "$(nproc)" "$(cut -d' ' -f1 /proc/loadavg)" \
    "$(pg_sql "select split_part(version(), ' on', 1)")" "$(check_postgres --version)" "$table" >>"$here/RESULTS.md"
[ "$ratio" -ge 180 ]
