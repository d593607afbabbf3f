# What the fault suites of SQLite share; the same words as postgres.bash: a
# database that is made anew for each try, one plan for it, and what the run
# that nothing happened to leaves behind.
. "${UPKEEP_SOURCE:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}/tests/live/common.bash"
. "$UPKEEP_SOURCE/tests/fault/run.bash"

# A step of each sort: in transactions, ANALYZE, a move of rows, VACUUM.
policies() {
  local table
  echo "policies:"
  for table in keyless_1 keyless_2; do
    cat <<YAML
  - name: $table
    for: table
    where: name = '$table'
    ensure: rows <= 1
    by: run_sql
    limits: { lock_wait: 4s }
    with:
      run:
        - insert into effects (what) values ('$table')
        - delete from $table where id > 1
      checks: [ { sql: "select count(*) as n from effects where what = '$table'", expect: n = 1 } ]
      undo: [ "delete from effects where what = '$table'" ]
YAML
  done
  cat <<'YAML'
  - name: statistics
    for: table
    where: name = 'unknown_1'
    ensure: not never_analyzed
    by: refresh_statistics
  - name: retention
    for: table
    where: name = 'event'
    ensure: oldest_row_age(created_at) <= 90d
    by: archive_rows
    with: { column: created_at, older_than: 90d, batch: 300 }
  - name: hollow
    for: database
    ensure: free_ratio <= 20%
    by: compact_database
    after: [ statistics, keyless_1, keyless_2 ]
    priority: 1
YAML
}

project() {
  policies | sqlite_project fault.db
}

make_calm() { # rows
  python3 - "$1" <<'PY'
import sqlite3, sys
rows = int(sys.argv[1])
db = sqlite3.connect("calm.db")
db.executescript("""
create table effects (what text not null);
create table keyless_1 (id integer, v text);
create table keyless_2 (id integer, v text);
create table unknown_1 (id integer primary key, v text);
create index unknown_1_v on unknown_1 (v);
create table event (id integer primary key, created_at text not null, what text);
create table hollow (id integer primary key, v text);
""")
for name in ("keyless_1", "keyless_2", "unknown_1"):
    db.executemany(f"insert into {name} values (?, ?)", [(i, f"x{i % 97}") for i in range(1, rows // 4)])
db.executemany("insert into event values (?, ?, ?)",
               [(i, "2020-01-01 00:00:00" if i % 2 else "2099-01-01 00:00:00", "e" * 40) for i in range(rows)])
db.executemany("insert into hollow values (?, ?)", [(i, "y" * 300) for i in range(rows)])
db.execute("delete from hollow where id > 20")
db.commit()
PY
}

database_anew() {
  rm -f fault.db fault.db-journal fault.db-wal fault.db-shm
  cp "$HERE/calm.db" fault.db
}

# What the database holds, but for upkeep's own tables, and that it is whole.
database_digest() {
  python3 - <<'PY'
import hashlib, re, sqlite3
db = sqlite3.connect("fault.db")
run = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}")  # archived rows name it
lines = [run.sub("RUN", line) for line in db.iterdump() if '"upkeep_' not in line and " upkeep_" not in line.split("(")[0]]
for line in sorted(lines):
    if not line.startswith("INSERT"):
        print(line)
print(hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest())
print(db.execute("pragma integrity_check").fetchone()[0])
free, pages = (db.execute(f"pragma {name}").fetchone()[0] for name in ("freelist_count", "page_count"))
print("compact" if free * 5 <= pages else f"{free} of {pages} pages are free")
PY
}

# How many rounds a batch takes is a matter of time.
ledger_digest() {
  sqlite3 fault.db "select step, action, object, outcome, digest from upkeep_ledger where outcome <> 'round' order by step, id"
}

faulty_start() { # rows, default 2000
  export HERE=$BATS_FILE_TMPDIR
  cd "$HERE" && make_calm "${1:-2000}" && project && database_anew || return 1
  calm_run
}

anew() {
  [ -e upkeep.yaml ] || project
  [ -e plan.json ] || cp "$HERE/plan.json" .
  rm -rf .upkeep
  database_anew
}
