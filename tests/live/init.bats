# upkeep init: a project from nothing, and from what is there.
load common
load server

valid_and_planned() {
  run upkeep validate
  expect_code 0
  upkeep plan -o plan.json >/dev/null
  # nothing that takes rows, indexes or tables away
  refute grep -qE '"action":"(drop_index|archive_rows|expire_rows|end_session|purge_logs)"' plan.json
  run upkeep test
  expect_code 0
}

# Takes the comment signs off every suggested policy: it must be valid too.
uncomment() { sed -i -E 's/^  # (- name:|  [a-z_]+:)/  \1/' policies/suggested.yaml; }

@test "a project from nothing: it validates, and nothing is overwritten" {
  sqlite3 database.db "create table t (a)"
  echo "keep me" >.gitignore
  echo "keep me" >CLAUDE.md
  run upkeep init
  expect_code 0
  [ "$(cat .gitignore CLAUDE.md)" = $'keep me\nkeep me' ]
  expect_text "Add .upkeep/ to .gitignore"
  head -n 1 upkeep.yaml | grep -q '\$schema=.upkeep/project.schema.json'
  [ -f .upkeep/project.schema.json ]
  run upkeep validate
  expect_code 0
  run upkeep test
  expect_code 0
  cp upkeep.yaml before
  run upkeep init
  expect_code 64
  expect_text UPK4007
  cmp upkeep.yaml before
}

@test "from an SQLite database: policies with the figures seen, valid and planned" {
  sqlite3 shop.db <"$UPKEEP_SOURCE/examples/quickstart/make_database.sql" >/dev/null
  sqlite3 shop.db .dump | sha256sum >before
  run upkeep init --from shop.db --name shop
  expect_code 0
  sqlite3 shop.db .dump | sha256sum | cmp - before
  grep -q 'order: 60_000 rows' policies/suggested.yaml
  grep -q '# - name: retention-event' policies/suggested.yaml
  grep -q 'sqlite-duplicate-index: { by: null }' upkeep.yaml
  valid_and_planned
  uncomment
  run upkeep validate
  expect_code 0
  upkeep plan -o plan.json >/dev/null
  grep -q '"action":"archive_rows"' plan.json # the retention that was chosen
}

@test "files for CI, and only those asked for" {
  run upkeep init --ci github
  expect_code 0
  for file in .github/workflows/upkeep-review.yml .github/workflows/upkeep-apply.yml ci/review ci/comment ci/install ci/apply; do
    [ -s $file ]
  done
  [ -x ci/review ]
  [ ! -e .gitlab-ci.yml ]
  run upkeep init --ci gitlub
  expect_code 64
  mkdir other
  cd other
  echo mine >.gitlab-ci.yml
  run upkeep init --ci gitlab
  expect_code 0
  [ "$(cat .gitlab-ci.yml)" = mine ]
  [ -x ci/codequality ]
  [ ! -e .github ]
}

@test "the same facts give the same files" {
  sqlite3 shop.db <"$UPKEEP_SOURCE/examples/quickstart/make_database.sql" >/dev/null
  upkeep init --from shop.db --name shop
  upkeep inspect --all -o facts.json
  mkdir one two
  for folder in one two; do
    (cd $folder && "$UPKEEP" init --from ../shop.db --name shop --facts ../facts.json)
  done
  diff -r one two
}

@test "a target of the project that is here gets policies of its own" {
  sqlite3 a.db "create table t (id integer primary key, created_at text); insert into t select value, '2020-01-01' from generate_series(1, 2000)"
  upkeep init
  printf '  "b": { engine: sqlite, connect: a.db }\n' >extra
  sed -i '/^targets:/r extra' upkeep.yaml
  cp upkeep.yaml before
  run upkeep init --from b
  expect_code 0
  cmp upkeep.yaml before
  grep -q 't: 2_000 rows' policies/b.yaml
  run upkeep validate
  expect_code 0
  run upkeep init --from b
  expect_code 64
  expect_text UPK4007
}

@test "a database that cannot be reached leaves nothing behind" {
  run upkeep init --from "host=127.0.0.1 port=1" --connect-timeout 2s
  expect_code 12
  [ -z "$(ls -A)" ]
}

@test "names that would break a file do not" {
  sqlite3 bad.db <<'SQL'
create table "a""b: #c
- name: x" (id integer primary key, created_at text);
create table "it's <<where>>" (id integer primary key, created_at text);
create table "é" (id integer primary key, "when" text, end_at text);
insert into "a""b: #c
- name: x" select value, '2020-01-01' from generate_series(1, 2000);
insert into "it's <<where>>" select value, '2020-01-01' from generate_series(1, 2000);
insert into "é" (id) select value from generate_series(1, 2000);
SQL
  run upkeep init --from bad.db
  expect_code 0
  valid_and_planned
  uncomment
  run upkeep validate
  expect_code 0
  upkeep plan -o plan.json >/dev/null
  [ "$(grep -o '"action":"archive_rows"' plan.json | wc -l)" = 2 ]
}

@test "from a PostgreSQL database" {
  PGDATABASE=postgres sql "create database shop"
  export PGDATABASE=shop
  "$PSQL" -Xq -v ON_ERROR_STOP=1 >/dev/null <<'SQL'
create table event (id bigserial primary key, created_at timestamptz not null default now(), what text);
create index on event (created_at);
insert into event (what, created_at) select 'x', now() - interval '1 year' from generate_series(1, 5000);
create table job (id serial primary key, what text);
insert into job (what) select 'x' from generate_series(1, 5000);
delete from job;
create table plain (a int, b text);
insert into plain select g, repeat('x', 50) from generate_series(1, 20000) g;
create index plain_a on plain (a);
create index plain_a2 on plain (a);
create index plain_b on plain (b, a);
create table quiet (a int primary key) with (autovacuum_enabled = off);
create sequence far maxvalue 100;
select setval('far', 50);
create table parted (a int, at date) partition by range (at);
analyze;
SQL
  # the counters of sessions that have ended arrive late
  for _ in $(seq 50); do
    [ "$(sql "select count(*) from pg_stat_user_tables where n_tup_del >= 5000")" = " 1" ] && break
    sleep 0.2
  done
  run upkeep init --from "host=$PGHOST port=$PGPORT user=postgres dbname=shop" --name shop
  expect_code 0
  for seen in '# - name: retention-public-event' 'public.event: .*5_000 rows inserted.*by created_at' '- name: queue-public-job' \
    'public.job: 5_000 rows inserted, 5_000 deleted' 'public.plain_b of public.*plain\|public.plain_b of plain' 'equal to plain_a' \
    'public.far .*49.5% used, at 50 of 100' 'public.quiet' 'name: primary-keys' 'Partitioned tables'; do
    grep -q -e "$seen" policies/suggested.yaml || { echo "not there: $seen"; cat policies/suggested.yaml; return 1; }
  done
  valid_and_planned
  uncomment
  run upkeep validate
  expect_code 0
  upkeep plan -o plan.json >/dev/null
  grep -q '"action":"archive_rows"' plan.json
  [ "$(sql "select to_regnamespace('upkeep') is null")" = " t" ] # nothing was written there
}
