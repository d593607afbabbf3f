# The library sorts differently: what it sorts is rebuilt first, and only then
# are its new versions recorded.
load common
load server

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
}

# A database sorted by ICU, and a project that mends it.
sorted() { # name
  PGDATABASE=postgres sql "create database $1 template template0 encoding 'UTF8' locale_provider icu icu_locale 'de' locale 'C.UTF-8'"
  export PGDATABASE=$1
  sql "create table p (id int primary key, t text, c text collate \"C\", x text collate \"en-x-icu\")"
  sql "create index p_t on p (t)"
  sql "create index p_c on p (c)"
  sql "create index p_x on p (lower(x)) where x > 'a'"
  sql "create index \"p \"\"both\" on p (t, x)"
  sql "insert into p select g, md5(g::text), md5(g::text), md5(g::text) from generate_series(1, 2000) g"
  sql "update pg_database set datcollversion = '1.0' where datname = '$1'"
  sql "update pg_collation set collversion = '1.0' where collname = 'en-x-icu'"
  cat >upkeep.yaml <<YAML
version: 1
targets:
  p: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=postgres dbname=$1" }
include: [ policies.yaml ]
YAML
  cat >policies.yaml <<'YAML'
policies:
  - { name: sorted, for: index, where: "not is_partitioned", ensure: not collation_drift, by: rebuild_index }
  - { name: recorded, for: database, where: is_current, ensure: not collation_drift, by: refresh_collation }
YAML
}

@test "indexes by drifted collations are rebuilt, then the versions are recorded" {
  sorted drifted
  run upkeep plan -o plan.json
  expect_clean
  expect_code 0
  expect_text "indexes stand as the old library sorted them"
  [ "$(grep -o '"reindex index concurrently' plan.json | wc -l)" -eq 3 ]
  refute grep -q "refresh version" plan.json
  run upkeep apply plan.json
  expect_clean
  expect_code 0
  run upkeep plan -o plan.json
  expect_code 0
  expect_no_text rebuild_index
  grep -qE 'alter database .{0,3}drifted.{0,3} refresh collation version' plan.json
  grep -qE 'alter collation pg_catalog.{0,3}en-x-icu.{0,3} refresh version' plan.json
  run upkeep apply plan.json
  expect_clean
  expect_code 0
  [ "$(sql "select bool_and(datcollversion = pg_database_collation_actual_version(oid)) from pg_database where datname = 'drifted'" | xargs)" = t ]
  run upkeep plan --detailed-exitcode
  expect_code 0
}

@test "an index that was sorted before the version moved again keeps the old one on record; range partitions are for people" {
  sorted parted
  upkeep plan -o plan.json
  run upkeep apply plan.json
  expect_code 0
  upkeep plan -o plan.json
  sql "update upkeep.saved set content = 'older' where name = 'p_t' and what = 'collation'" # as if under another library
  run upkeep apply plan.json
  expect_text "no index is left as it was"
  [ "$(sql "select datcollversion from pg_database where datname = 'parted'" | xargs)" = 1.0 ]
  run upkeep plan -o plan.json
  expect_text rebuild_index
  run upkeep apply plan.json
  expect_code 0
  sql "create table r (t text) partition by range (t)"
  run upkeep plan
  expect_text "partitioned by ranges of texts"
}

@test "without a ledger an index is rebuilt all the same; that it was is not known" {
  sorted bare
  sed -i 's/dbname=bare"/dbname=bare", ledger: none/' upkeep.yaml
  run upkeep plan --do rebuild_index:public.p_t -o plan.json
  expect_code 0
  run upkeep apply plan.json
  expect_clean
  expect_code 0
  expect_text "1 applied"
}
