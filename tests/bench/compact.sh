#!/usr/bin/env bash
# Figures: a table that is half dead at random, compacted by compact_table,
# by pg_repack and by VACUUM FULL, each on a copy of its own. The space that is
# left (table alone: compact_table leaves indexes and TOAST to rebuild_index),
# the longest wait for a lock, what a reader and a writer of a row each
# millisecond notice, extra disk while it runs, WAL, time.
#
#   tests/bench/compact.sh BUILD [MB]     BUILD: a release build; MB: 300 (the issue's: 1200)
#   ROUNDS=1   of each, alternating; medians are told
#
# Waits are those of the server's log (log_lock_waits from 10 ms on): a busy
# machine makes statements slow, not locks. Needs Debian's postgresql-NN-repack for the
# peer; without it the row is left out. Prints the figures and appends them to RESULTS.md.
set -u
build=$(cd "${1:?the build folder}" && pwd)
size_mb=${2:-300}
rounds=${ROUNDS:-1}
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../live/postgres.sh"
work=$(mktemp -d)
load=()
leave() {
  [ ${#load[@]} -gt 0 ] && kill "${load[@]}" 2>/dev/null
  pg_stop_all
  rm -rf "$work"
}
PG_OPTIONS="-c shared_buffers=256MB -c max_wal_size=8GB -c checkpoint_timeout=30min -c log_lock_waits=on -c deadlock_timeout=10ms"
pg_start || exit 1
trap leave EXIT
bin=$(dirname "$(pg_find_psql)")
sql() { "$bin/psql" -X -q -A -t -v ON_ERROR_STOP=1 "$@"; }
say() { printf '%s\n' "$*" >&2; }
now_ms() { echo $(($(date +%s%N) / 1000000)); }

# ---- the database: about 150 bytes a row ----

rows=$((size_mb * 1000000 / 150))
say "making $rows rows ..."
sql -c "create database base" || exit 1
sql -d base <<SQL || exit 1
create table event (id bigint primary key, n int not null default 0, filler text);
insert into event select g, 0, repeat(md5(g::text), 3) from generate_series(1, $rows) g;
create extension if not exists pgstattuple;
delete from event where hashint8extended(id, 7) % 2 = 0;
vacuum (analyze, truncate off) event;
SQL
[ -x "$bin/pg_repack" ] && sql -d base -c "create extension pg_repack"
before=$(sql -d base -c "select pg_relation_size('event')")
whole=$(sql -d base -c "select pg_total_relation_size('event')")
cat >"$work/read.sql" <<SQL
\\set id random(1, $rows)
select n from event where id = :id;
\\sleep 1 ms
SQL
cat >"$work/write.sql" <<SQL
\\set id random(1, $rows)
update event set n = n + 1 where id = :id;
\\sleep 1 ms
SQL

# ---- the three ----

cat >"$work/upkeep.yaml" <<YAML
version: 1
targets:
  t: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=postgres dbname=copy" }
include: [ p.yaml ]
YAML
compact_policy() { # pace
  cat >"$work/p.yaml" <<YAML
policies:
  - { name: half, for: table, where: name = 'event', ensure: bloat_ratio <= 5%, by: compact_table, limits: { pace: $1 } }
YAML
}
upkeep_run() {
  compact_policy "$1"
  (cd "$work" && "$build/upkeep" plan t -o plan.json && "$build/upkeep" apply plan.json) >"$work/said" 2>&1 &&
    grep -q 'compact_table .* applied' "$work/said"
}
run_compact() { upkeep_run none; }
run_gentle() { upkeep_run gentle; }
run_repack() { "$bin/pg_repack" -d copy -t event --no-order -j 1 >"$work/said" 2>&1; }
run_full() { sql -d copy -c "vacuum full event" >"$work/said" 2>&1; }

# ---- measuring ----

probe_start() {
  rm -f "$work"/read.[0-9]* "$work"/write.[0-9]*
  for who in read write; do
    "$bin/pgbench" -n -c 1 -T 3600 -l --log-prefix="$work/$who" -f "$work/$who.sql" copy >"$work/$who.said" 2>&1 &
    load+=($!)
  done
}
probe_stop() {
  local one
  for one in "${load[@]}"; do
    kill "$one"
    wait "$one" 2>/dev/null
  done
  load=()
}
# latency WHO FROM UNTIL: p99 and longest in microseconds, its own rest of 1 ms taken off
latency() {
  cat "$work/$1".[0-9]* | awk -v a="$2" -v b="$3" '{ t = $5 + $6 / 1e6; if (t >= a && t <= b + 0.5) print $3 - 1000 }' |
    sort -n | awk '{ v[NR] = $1 } END { printf "%d %d\n", v[int(NR * .99) + (NR < 100)], v[NR] }'
}
disk() { du -sb "$PG_DIR/data/base" | cut -f1; }
watch_disk() {
  local most=0 now
  while [ -e "$work/running" ]; do
    now=$(disk 2>/dev/null)
    [ "${now:-0}" -gt "$most" ] && most=$now && echo "$most" >"$work/most"
    sleep 0.1
  done
}
# The longest wait for a lock since the mark in the log; 0: none took 10 ms.
longest_wait() {
  tail -c "+$(($1 + 1))" "$PG_DIR/server.log" | sed -n 's/.*acquired .* after \([0-9.]*\) ms.*/\1/p' |
    sort -n | tail -n 1 | sed 's/^$/0/' | grep . || echo 0
}

measure() { # name
  local mark start_disk from until begin idle_from
  sql -c "drop database if exists copy" -c "create database copy template base" -c checkpoint
  sql -d copy -c "vacuum (analyze, truncate off) event"
  probe_start
  sleep 1
  idle_from=$(date +%s.%N)
  sleep 4
  from=$(date +%s.%N)
  read -r idle_read _ < <(latency read "$idle_from" "$from")
  read -r idle_write _ < <(latency write "$idle_from" "$from")
  mark=$(stat -c %s "$PG_DIR/server.log")
  start_disk=$(disk)
  echo "$start_disk" >"$work/most"
  touch "$work/running"
  watch_disk &
  local watcher=$!
  local lsn
  lsn=$(sql -d copy -c "select pg_current_wal_insert_lsn()")
  from=$(date +%s.%N)
  begin=$(now_ms)
  "run_$1" || { tail -n 20 "$work/said" >&2; exit 1; }
  local took=$(($(now_ms) - begin))
  until=$(date +%s.%N)
  local wal
  wal=$(sql -d copy -c "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '$lsn')::bigint")
  rm "$work/running"
  wait "$watcher"
  sleep 1
  probe_stop
  local read99 read_max write99 write_max
  read -r read99 read_max < <(latency read "$from" "$until")
  read -r write99 write_max < <(latency write "$from" "$until")
  echo "$(sql -d copy -c "select pg_relation_size('event')") $(longest_wait "$mark") $read99 $read_max $write99 $write_max $(($(cat "$work/most") - start_disk)) $wal $took $idle_read $idle_write" |
    tee -a "$work/$1.runs" >&2
}

names="compact gentle full"
[ -x "$bin/pg_repack" ] && names="compact repack gentle full"
for _ in $(seq "$rounds"); do
  for name in $names; do
    say "$name ..."
    measure "$name"
  done
done

# column NAME N: the median
column() { cut -d' ' -f"$2" "$work/$1.runs" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
ms() { awk -v us="$1" 'BEGIN { printf "%.1f", us / 1000 }'; }
mb() { echo $(($1 / 1000000)); }
title() {
  case $1 in
  compact) echo "compact_table, pace none" ;;
  gentle) echo "compact_table, pace gentle" ;;
  repack) echo "$("$bin/pg_repack" --version)" ;;
  full) echo "VACUUM FULL" ;;
  esac
}
{
  printf '\n## compact.sh, %s\n\n%s, %s cores, load %s; %s; a table of %s MB (%s with its index), half of its rows dead at random; rounds: %s\n\n' \
    "$(date -u +%F)" "$(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release)" "$(nproc)" "$(cut -d' ' -f1-3 /proc/loadavg)" \
    "$(sql -c "select split_part(version(), ' on', 1)")" "$(mb "$before")" "$(mb "$whole")" "$rounds"
  printf '| | table left | longest wait for a lock | longest read, write | p99 of reads, writes (idle) | extra disk | WAL | time |\n|---|---|---|---|---|---|---|---|\n'
  for name in $names; do
    printf '| %s | %s MB, %s of VACUUM FULL | %s ms | %s, %s ms | %s, %s ms (%s, %s) | %s MB, %s%% | %s MB | %s s |\n' "$(title "$name")" \
      "$(mb "$(column "$name" 1)")" "$(awk -v a="$(column "$name" 1)" -v b="$(column full 1)" 'BEGIN { printf "%.3f", a / b }')" \
      "$(column "$name" 2)" "$(ms "$(column "$name" 4)")" "$(ms "$(column "$name" 6)")" \
      "$(ms "$(column "$name" 3)")" "$(ms "$(column "$name" 5)")" "$(ms "$(column "$name" 10)")" "$(ms "$(column "$name" 11)")" \
      "$(mb "$(column "$name" 7)")" "$(awk -v a="$(column "$name" 7)" -v b="$whole" 'BEGIN { printf "%.1f", a * 100 / b }')" \
      "$(mb "$(column "$name" 8)")" "$(ms "$(column "$name" 9)")"
  done
  printf '\nTo reach: 1.05 of VACUUM FULL; no lock over 50 ms; extra disk under 5%%; p99 at gentle pace under 2 times idle.\n'
} | tee "$work/table"
[ -w "$here/RESULTS.md" ] && [ -z "${NO_RESULTS:-}" ] && cat "$work/table" >>"$here/RESULTS.md"
awk -v a="$(column compact 1)" -v b="$(column full 1)" -v w="$(column compact 2)" -v d="$(column compact 7)" -v t="$whole" \
  'BEGIN { exit !(a <= b * 1.05 && w <= 50 && d <= t * 0.05) }'
