#!/usr/bin/env bash
# Archiving in rounds beside one statement that does the same at once:
# PostgreSQL with an index on the column and without, and SQLite. A third of
# the rows is due.
#
#   tests/bench/batch.sh BUILD     BUILD: a folder configured as release
#   ROWS=3000000 ROUNDS=5          of each; alternating, medians are told
#
# Prints the figures and appends them to tests/bench/RESULTS.md. The time is
# that of the step by the log, its counts before and after included.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
upkeep=$(realpath "${1:?usage: batch.sh BUILD}")/upkeep
rows=${ROWS:-3000000}
rounds=${ROUNDS:-5}
. "$here/../live/postgres.sh"
work=$(mktemp -d)
table=$work/table
PG_NO_TRAP=1
pg_start 2>/dev/null
trap 'pg_stop_all; rm -rf "$work"' EXIT
cd "$work"

median() { sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }
now_ms() { echo $(($(date +%s%N) / 1000000)); }

project() { # engine, connect
  mkdir -p policies
  cat >upkeep.yaml <<YAML
version: 1
targets:
  t: { engine: $1, connect: "$2" }
include: [ policies/* ]
YAML
  cat >policies/p.yaml <<YAML
policies:
  - name: old
    for: table
    where: name = 'event'
    ensure: oldest_row_age(at) <= 10d
    by: archive_rows
    with: { column: at, older_than: 10d, max_rows: 0${3:-} }
YAML
}

# Plans, applies, and tells the archive step's ms.
archived_ms() {
  rm -rf .upkeep
  "$upkeep" plan -q -o plan.json >/dev/null 2>&1
  "$upkeep" apply -q plan.json >/dev/null 2>err || { cat err >&2; exit 1; }
  python3 - .upkeep/runs/*/log.jsonl <<'PY'
import json, sys
for line in open(sys.argv[1]):
    r = json.loads(line)
    if r["event"] == "step.end" and r["obs"]["step"].startswith("archive_rows"):
        print(r["obs"]["elapsed_us"] // 1000)
PY
}

tell() { # work, file of the peer's ms, file of ours, rows
  local peer ours rows=$4
  peer=$(median <"$2") ours=$(median <"$3")
  printf '| %s | %d ms, %d rows/s | %d ms, %d rows/s | %s |\n' "$1" "$peer" $((rows / 3 * 1000 / peer)) "$ours" \
    $((rows / 3 * 1000 / ours)) "$(awk -v p="$peer" -v o="$ours" 'BEGIN { printf "%.2f", p / o }')" | tee -a "$table"
}

postgres() { # name, SQL of the index, rows
  local round rows=$3
  PGDATABASE=postgres pg_sql 'drop database if exists base' 'create database base' >/dev/null
  PGDATABASE=base pg_sql 'create table public.event (id bigint primary key, at timestamptz not null, note text)' \
    "insert into public.event select i, now() - case when i % 3 = 0 then 100 else 1 end * interval '1 day' - i * interval '1 ms', md5(i::text)
      from generate_series(1, $rows) i" "$2" 'vacuum analyze' >/dev/null
  project postgres "host=$PGHOST port=$PGPORT user=$PGUSER dbname=copy"
  for ((round = 0; round < rounds; round++)); do
    for who in peer ours; do
      PGDATABASE=postgres pg_sql 'drop database if exists copy' 'create database copy template base' 'checkpoint' >/dev/null
      if [ "$who" = peer ]; then
        PGDATABASE=copy pg_sql 'create table public.event_archive (like public.event, upkeep_run text not null)' >/dev/null
        start=$(now_ms)
        PGDATABASE=copy pg_sql "begin; insert into public.event_archive select *, 'run' from public.event where at < now() - interval '10 days';
          delete from public.event where at < now() - interval '10 days'; commit" >/dev/null
        echo $(($(now_ms) - start)) >>"$1.peer"
      else
        archived_ms >>"$1.ours"
      fi
    done
  done
}

sqlite() {
  local round
  sqlite3 base.db "pragma journal_mode = wal; create table event (id integer primary key, at text, note text);
    insert into event select value, datetime('now', case when value % 3 = 0 then '-100 days' else '-1 days' end), hex(randomblob(16))
      from generate_series(1, $rows)" >/dev/null
  project sqlite copy.db
  for ((round = 0; round < rounds; round++)); do
    for who in peer ours; do
      rm -f copy.db*
      cp base.db copy.db
      sync copy.db
      if [ "$who" = peer ]; then
        start=$(now_ms)
        sqlite3 copy.db "begin immediate; create table event_archive as select *, 'run' as upkeep_run from event where unixepoch(at) < unixepoch() - 864000;
          delete from event where unixepoch(at) < unixepoch() - 864000; commit; analyze event; analyze event_archive" >/dev/null
        echo $(($(now_ms) - start)) >>sqlite.peer
      else
        archived_ms >>sqlite.ours
      fi
    done
  done
}

printf '\n## batch.sh, %s\n\n%s, %s cores; PostgreSQL %s; SQLite %s; rounds of at most 10,000 rows, 500 ms\n\n' "$(date -u +%F)" \
  "$(. /etc/os-release && echo "$PRETTY_NAME")" "$(nproc)" "$(PGDATABASE=postgres pg_sql 'show server_version')" \
  "$(sqlite3 --version | cut -d' ' -f1)" >"$table"
printf '| archive a third of | INSERT .. SELECT and DELETE, one transaction | upkeep, in rounds | share of its rate |\n|---|---|---|---|\n' >>"$table"
cat "$table"
# Without an index the age of the oldest row is not read in larger tables.
plain=$((rows < 900000 ? rows : 900000))
postgres indexed 'create index on public.event (at)' "$rows"
tell "PostgreSQL, $rows rows, an index begins with the column" indexed.peer indexed.ours "$rows"
postgres plain 'select 1' "$plain"
tell "PostgreSQL, $plain rows, no index on it" plain.peer plain.ours "$plain"
sqlite
tell "SQLite, $rows rows" sqlite.peer sqlite.ours "$rows"
cat "$table" >>"$here/RESULTS.md"
