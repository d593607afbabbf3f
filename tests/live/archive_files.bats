# Rows archived to files: every type comes back as it was, a part stands once
# whatever dies when, and nothing is written where it may not.
load common

setup_file() {
  . "$BATS_TEST_DIRNAME/postgres.sh"
  PG_NO_TRAP=1 pg_start 2>/dev/null
  export PG_DIR PG_BIN PGHOST PGPORT PGUSER PGDATABASE
}

teardown_file() {
  . "$BATS_TEST_DIRNAME/postgres.sh"
  pg_stop "$PG_DIR"
}

setup() {
  cd "$BATS_TEST_TMPDIR" || return 1
  . "$BATS_TEST_DIRNAME/postgres.sh"
}

teardown() {
  [ -z "${apply:-}" ] || kill -9 "$apply" 2>/dev/null || true
}

here='public."od""d, ;--"'

# A table of columns that plain JSON or CSV would spoil; 900 of 1,000 rows due.
rows() { # batch, index or not
  db=files_$RANDOM$RANDOM
  pg_sql "create database $db ${3:-}" >/dev/null
  export PGDATABASE=$db
  folder=$(realpath "$BATS_TEST_TMPDIR")/archive
  mkdir -p "$folder"
  pg_sql "create type public.pair as (a int, \"b, c\" text)" "create domain public.small as int check (value < 10)" \
    "create table $here (id bigint generated always as identity primary key, at timestamptz not null, gone int, note text, \"no, \"\"te\" text,
      raw bytea, list text[], bounds int[], doc jsonb, plain json, n numeric, f float8, r real, stamp timestamp, span interval, many public.pair,
      few public.small, ran int4range, word char(5), flag boolean, bits bit(3), twice bigint generated always as (id * 2) stored)" \
    "alter table $here drop column gone" \
    "insert into $here (at, note, \"no, \"\"te\", raw, list, bounds, doc, plain, n, f, r, stamp, span, many, few, ran, word, flag, bits)
      select now() - case when i % 10 = 0 then 1 else 100 end * interval '1 day',
        case i % 6 when 0 then null when 1 then '' when 2 then e'two\\nlines\\r\\n' when 3 then e'\\\\N \\\\ \" '' , (' when 4 then chr(1) || case when getdatabaseencoding() = 'UTF8' then chr(960 + 0 * i) || chr(128512 + 0 * i) end else 'x' end,
        case i % 3 when 0 then null when 1 then '' else 'null' end,
        case i % 3 when 0 then null when 1 then '' else decode('00ff0a5c22', 'hex') end,
        case i % 4 when 0 then null when 1 then '{}' when 2 then array[null, 'NULL', '', e'a\\nb', '{\"'] else '{{a,b},{c,d}}' end,
        case i % 2 when 0 then '[0:2]={1,2,3}'::int[] else '[2:2][-1:0]={{7,8}}' end,
        case i % 4 when 0 then null when 1 then 'null' when 2 then '{\"a\": [1, null, \"x\\ny\"]}' else '\"s\"' end::jsonb,
        case i % 3 when 0 then null when 1 then 'null' else '{ \"b\" :1.50, \"b\":2 }' end::json,
        case i % 4 when 0 then 'NaN' when 1 then 1.500 when 2 then null else 123456789012345678901234567890.5 end,
        case i % 5 when 0 then 'NaN' when 1 then '-infinity' when 2 then 0.1::float8 + 0.2 when 3 then '-0' else 1e-310 end, 1.1::real / 3,
        case i % 3 when 0 then 'infinity' when 1 then '-infinity' else '4713-01-01 00:00:00.000001 BC' end::timestamp, '1 mon -2 days 03:04:05.6',
        case i % 4 when 0 then null when 1 then row(null, null)::public.pair when 2 then row(1, '')::public.pair else row(2, e'(\",\\\\)')::public.pair end,
        case when i % 2 = 0 then 3 end, case i % 3 when 0 then 'empty' when 1 then '[,5)' else '[1,4]' end::int4range, 'a ', i % 2 = 0, b'101'
      from generate_series(1, 1000) i" "${2:-select 1}" 'analyze' >/dev/null
  cat >upkeep.yaml <<YAML
version: 1
targets:
  t: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=$PGUSER dbname=$db" }
include: [ policies/* ]
archives: [ $folder ]
YAML
  mkdir -p policies
  cat >policies/p.yaml <<YAML
policies:
  - name: old
    for: table
    where: schema = 'public'
    ensure: oldest_row_age(at) <= 10d
    by: archive_rows
    with: { column: at, older_than: 10d, max_rows: 0, folder: $folder, batch: $1 }
YAML
  upkeep plan -o plan.json >out 2>&1 || { cat out >&2; return 1; }
  before=$(everything)
}

everything() { pg_sql "select md5(string_agg(t::text, chr(10) order by id)), count(*) from $here t"; }
marks() { pg_sql "select content::json ->> 'sha256', content::json ->> 'name' from upkeep.saved where what = 'part' order by id" | sed 's/^sha256://; s/|/  /'; }

# The parts that are marked are all there is, each whole; the ids in them and
# those in the table are 1 to 1,000, each once.
whole() {
  [ "$(ls "$folder" | sort)" = "$(marks | awk '{print $2}' | sort)" ] || { ls "$folder"; marks; return 1; }
  (cd "$folder" && marks | sha256sum -c --quiet) || return 1
  [ "$( (zstd -dcq "$folder"/* | sed -E 's/^\{"id":"([0-9]+)".*/\1/'; pg_sql "select id from $here") | sort -n | md5sum)" = "$(seq 1000 | md5sum)" ]
}

@test "every value comes back as it was; files are 0600 and stand once" {
  for index in "create index on $here (at)" "select 1"; do
    rows 200 "$index"
    run upkeep apply plan.json
    expect_clean
    expect_code 0
    [ "$(pg_sql "select count(*) from $here")" = 100 ]
    whole
    [ "$(stat -c %a "$folder"/* | sort -u)" = 600 ]
    refute grep -q two .upkeep/runs/*/log.jsonl
    run upkeep plan --detailed-exitcode
    expect_code 0
    run upkeep log replay
    expect_code 0
    run upkeep rollback last --yes
    expect_clean
    expect_code 0
    [ "$(everything)" = "$before" ]
    rm -r .upkeep "$folder"
  done
}

# Another part stands than when it was last asked.
grown() { now=$(ls "$folder" | wc -l) && [ "$now" -gt "$last" ] && last=$((now + 5)); }

@test "killed at any moment, and gone on with: each row stands once" {
  rows 7 "create index on $here (at)"
  last=0
  for i in $(seq "${KILLS:-5}"); do
    if [ "$i" = 1 ]; then "$UPKEEP" apply plan.json >out 2>&1 3>&- & else "$UPKEEP" resume last --cancel-orphan >out 2>&1 3>&- & fi
    apply=$!
    await grown
    sleep 0.0$((RANDOM % 10))
    kill -9 "$apply" 2>/dev/null || break
    wait "$apply" || true
  done
  run upkeep resume last --cancel-orphan
  expect_clean
  expect_code 0
  whole
  [ "$(pg_sql "select count(*) from $here")" = 100 ]
  run upkeep rollback last --yes
  expect_code 0
  [ "$(everything)" = "$before" ]
}

@test "a part that was changed, or is gone, is not loaded; nothing else is lost" {
  rows 300
  run upkeep apply plan.json
  expect_code 0
  part=$(ls "$folder"/* | head -n 1)
  cp "$part" kept
  printf x >>"$part"
  run upkeep rollback last --yes
  expect_clean
  expect_text "is not the one that was written"
  [ "$(pg_sql "select count(*) from $here")" = 100 ]
  cat kept >"$part"
  run upkeep rollback last --yes
  expect_clean
  [ "$(everything)" = "$before" ]
}

@test "refused: folders that the project does not allow, links, folders of everybody, SQL_ASCII; a round that fails leaves no part" {
  rows 300
  sed -i 's/^archives.*/archives: [ \/srv\/other ]/' upkeep.yaml
  run upkeep plan
  expect_text "error[UPK1593]"
  run upkeep apply plan.json
  expect_text "error[UPK3297]"
  sed -i "s|^archives.*|archives: [ $folder ]|" upkeep.yaml
  chmod 777 "$folder"
  run upkeep apply plan.json
  expect_clean
  expect_text "can be written to by everybody"
  chmod 700 "$folder"
  mv "$folder" real && ln -s "$PWD/real" "$folder"
  upkeep plan -o plan.json >out 2>&1
  run upkeep apply plan.json
  expect_clean
  expect_text "symbolic link"
  rm "$folder" && mv real "$folder"
  pg_sql "create function public.no() returns trigger language plpgsql as 'begin raise ''not this one''; end'" \
    "create trigger no after delete on $here for each row when (old.id = 555) execute function public.no()" >/dev/null
  upkeep plan -o plan.json >out 2>&1
  run upkeep apply plan.json
  expect_clean
  expect_text "not this one"
  whole
  rm "$folder"/*
  rows 300 "select 1" "encoding 'SQL_ASCII' template template0 locale 'C'"
  run upkeep apply plan.json
  expect_text "has an encoding"
  [ -z "$(ls "$folder")" ]
}
