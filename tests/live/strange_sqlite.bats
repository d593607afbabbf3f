# SQLite files that are not like the samples: shapes, formats, owners, and real damage.
load common

# Writes what standard input (Python, with `fill` and `new`) makes into $1.
make() { # file
  python3 - "$1" <<PY
import os, sqlite3, struct, sys
def new(first="", name=sys.argv[1]):
    db = sqlite3.connect(name, isolation_level=None)
    db.executescript(first)
    return db
def fill(db, rows=3000):
    db.executescript(f"""
create table t (id integer primary key, a text, b int);
with recursive n (i) as (select 1 union all select i + 1 from n where i < {rows})
insert into t select i, 'text of row ' || i, i % 10 from n;
create index t_b on t (b); create index t_b_again on t (b);""")
    return db
def root(db, name):
    return db.execute("select rootpage from sqlite_schema where name = ?", (name,)).fetchone()[0]
def smash(page, at=0, data=b"\xa5" * 4096, name=sys.argv[1]):
    with open(name, "r+b") as file:
        file.seek((page - 1) * 4096 + at)
        file.write(data)
$(cat)
PY
  cat >upkeep.yaml <<YAML
version: 1
targets: { s: { engine: sqlite, connect: "$1" } }
use:
  - name: std/sqlite-baseline
    except: [ sqlite-journal-mode ]
YAML
}

# plan, apply, an empty second plan, a whole log, a sound file; check ends with $2.
maintain() { # file, exit code of check in the end
  rm -rf .upkeep
  run upkeep inspect --all -o facts.json
  expect_code 0
  expect_no_text warning
  run upkeep plan -o plan.json
  expect_code 0
  run upkeep apply plan.json
  expect_code 0
  expect_clean
  run upkeep plan --detailed-exitcode
  expect_code 0
  expect_text "Nothing to do"
  run upkeep log verify
  expect_code 0
  [ "$(sqlite3 "$1" 'pragma integrity_check')" = ok ]
  run upkeep check
  expect_code "${2:-0}"
}

indexes() { sqlite3 "$1" "select count(*) from sqlite_schema where type = 'index' and name like '$2'"; }

@test "tables and indexes of every shape" {
  make shapes.db <<'PY'
db = fill(new())
db.executescript("""
create table bare (k text primary key, v int) without rowid; insert into bare select a, b from t;
create index bare_v on bare (v); create index bare_v_again on bare (v);
create table pair (a int, b int, c int, primary key (a, b)) without rowid; insert into pair select id, b, b from t;
create virtual table fts using fts5(body, tokenize = 'porter'); insert into fts select a from t;
create virtual table outside using fts5(a, content = 't', content_rowid = 'id');
create virtual table box using rtree(id, x0, x1); insert into box select id, b, b + 1 from t;
create table firm (id integer primary key, n int not null, x any) strict; insert into firm select id, b, a from t;
create table made (id integer primary key, a text, l text generated always as (lower(a)) stored,
  v int as (length(a)) virtual);
insert into made (id, a) select id, a from t;
create index made_l on made (l); create index made_l_again on made (l); create index made_v on made (v);
create index t_part on t (a) where b > 5; create index t_part_again on t (a) where b > 5; create index t_part_other on t (a) where b > 6;
create index t_expr on t (lower(a), b + 1); create index t_expr_again on t (lower(a), b + 1); create index t_expr_other on t (lower(a), b + 2);
create unique index t_once on t (a collate nocase); create index t_coll on t (a collate rtrim);
create table twice (a int unique, b int, unique (a, b)); insert into twice select id, b from t;
create table counted (id integer primary key autoincrement, x); insert into counted (x) select a from t;
create table "main.t" (id int, "temp.t" int); insert into "main.t" select id, id from t;
create index "main.i" on "main.t" (id); create index "main.i_again" on "main.t" (id);
create table temp (a); insert into temp select id from t;
create table main (a); insert into main select id from t;
create table upkeep_mine (a int); create table "sqlite-like" (a int);
create view seen as select * from t; create trigger told after insert on t begin select 1; end;
""")
PY
  maintain shapes.db
  [ "$(indexes shapes.db '%again')" = 0 ]
  [ "$(indexes shapes.db '%other')" = 2 ]
  [ "$(indexes shapes.db 't_coll')" = 1 ]
  [ "$(indexes shapes.db 'sqlite_autoindex_twice_%')" = 2 ]
  [ "$(sqlite3 shapes.db "select count(*) from fts where fts match 'row'")" = 3000 ]
}

@test "page sizes, encodings, ways to give pages back" {
  for first in "page_size = 512" "page_size = 65536" "encoding = 'UTF-16le'" "encoding = 'UTF-16be'" \
    "auto_vacuum = full" "auto_vacuum = incremental" "journal_mode = wal" "journal_mode = persist"; do
    rm -f format.db*
    make format.db <<PY
db = fill(new("pragma $first"))
db.executescript("create table 'täb\U0001f4a9' ('cöl' text); insert into 'täb\U0001f4a9' select a from t; create index 'ï1' on 'täb\U0001f4a9' ('cöl'); create index 'ï2' on 'täb\U0001f4a9' ('cöl');")
PY
    maintain format.db
    [ "$(indexes format.db 't_b%')" = 1 ]
    [ "$(indexes format.db 'ï%')" = 1 ]
  done
}

@test "free pages are given back incrementally where the file is made so" {
  make loose.db <<'PY'
db = fill(new("pragma auto_vacuum = incremental"))
db.executescript("create table big (x); with recursive n (i) as (select 1 union all select i + 1 from n where i < 70000) insert into big select zeroblob(1000) from n; delete from big where rowid > 100")
PY
  maintain loose.db
  [ "$(sqlite3 loose.db 'pragma freelist_count')" -lt 100 ]
}

@test "a file of no bytes is an empty database" {
  make empty.db <<'PY'
open("empty.db", "w").close()
PY
  maintain empty.db
}

@test "broken foreign keys are said" {
  make keys.db <<'PY'
new("create table p (id integer primary key); create table c (id integer primary key, p int references p); insert into c values (1, 5), (2, 6)")
PY
  maintain keys.db 2
  expect_text "foreign_key_violations 2 <> 0"
}

@test "many tables take no more than their share of time" {
  make many.db <<'PY'
new("".join(f"create table t{i} (a int primary key, b int); create index i{i} on t{i} (b);" for i in range(1500)))
PY
  run timeout 20 "$UPKEEP" inspect --all -o facts.json
  expect_code 0
}

@test "damage in a table, an index or a root page is a finding, and check says it" {
  for where in table index entry root; do
    rm -f torn.db*
    make torn.db <<PY
db = fill(new(), 20000)
db.execute("analyze")
where = {
    "table": (root(db, "t") + 30, 0, b"\xa5" * 4096),
    "index": (root(db, "t_b"), 0, b"\xa5" * 4096),
    "entry": (root(db, "t_b") + 3, 3000, b"\xff" * 64),
    "root": (root(db, "t"), 0, b"\xa5" * 4096),
}
db.close()
smash(*where["$where"])
PY
    rm -rf .upkeep
    run upkeep plan -o plan.json
    expect_code 0
    expect_text verify_integrity
    run upkeep apply plan.json
    expect_clean
    [ "$(sqlite3 torn.db "select damage > 0 from upkeep_finding where check_name = 'integrity_check'")" = 1 ]
    run upkeep check
    expect_code 2
    expect_text "sqlite-damage"
    expect_text "corruption_found"
    run upkeep plan --detailed-exitcode
    expect_no_text "drop_index  "
    expect_no_text "refresh_statistics  t"
    run upkeep log verify
    expect_code 0
  done
}

@test "a file that cannot be opened or written for damage says so, and what to do" {
  make schema.db <<'PY'
fill(new()).close()
smash(1, 100, b"\xa5" * 3996)
PY
  run upkeep check
  expect_code 12
  expect_text "malformed"
  expect_text ".recover"
  expect_clean
  make half.db <<'PY'
fill(new()).close()
os.truncate("half.db", os.path.getsize("half.db") // 2)
PY
  run upkeep check
  expect_clean
  [ "$status" -eq 12 ] || expect_code 2
  make free.db <<'PY'
db = fill(new(), 20000)
db.execute("delete from t where id > 5000")
db.close()
smash(struct.unpack(">I", open("free.db", "rb").read(36)[32:])[0])
PY
  upkeep plan -o plan.json
  run upkeep apply plan.json
  expect_clean
  [ "$status" -ne 0 ]
  expect_text "malformed"
  expect_text ".recover"
}

@test "a log and a journal that a dead writer left" {
  make alive.db <<'PY'
import shutil
db = fill(new("pragma journal_mode = wal; pragma wal_autocheckpoint = 0"))
db.execute("create table late (a)")
db.execute("create index late_1 on late (a)")
for end in ("", "-wal"):
    shutil.copy("alive.db" + end, "dead.db" + end)
PY
  sed -i s/alive.db/dead.db/ upkeep.yaml
  maintain dead.db
  [ "$(indexes dead.db 'late_1')" = 1 ]
  make alive2.db <<'PY'
import shutil
db = fill(new("pragma cache_size = 5"))
db.execute("begin")
db.execute("update t set a = a || a")
for end in ("", "-journal"):
    shutil.copy("alive2.db" + end, "dead2.db" + end)
PY
  sed -i s/alive2.db/dead2.db/ upkeep.yaml
  sha256sum dead2.db dead2.db-journal >before
  run upkeep check
  expect_code 12
  expect_text "left a journal"
  sha256sum -c before
}

# As a user whom permissions bind: root may do anything.
as_nobody() {
  if [ "$(id -u)" = 0 ]; then
    setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups "$@"
  else "$@"; fi
}

@test "read-only files and folders are read as they are, and not written" {
  # bats' own folder may be closed to others.
  place=$(mktemp -d "${TMPDIR:-/tmp}/upkeep-strange.XXXXXX")
  chmod 755 "$place"
  cd "$place"
  as_nobody true && as_nobody test -x "$UPKEEP" || { rm -rf "$place"; skip "no other user can run the program"; }
  make x.db <<'PY'
fill(new("pragma journal_mode = wal"))
PY
  mkdir data
  mv x.db* data
  sed -i 's,connect: "x.db",connect: "data/x.db",' upkeep.yaml
  [ "$(id -u)" != 0 ] || chown -R nobody "$place"
  chmod 555 data
  run as_nobody "$UPKEEP" inspect --all -o facts.json
  expect_code 0
  grep -q '"wal"' facts.json
  run as_nobody "$UPKEEP" plan -o plan.json
  expect_code 0
  run as_nobody "$UPKEEP" apply plan.json
  expect_clean
  [ "$status" -ne 0 ]
  expect_text "a user who may write"
  chmod 755 data
  chmod 444 data/x.db
  run as_nobody "$UPKEEP" apply plan.json
  expect_clean
  [ "$status" -ne 0 ]
  expect_text "a user who may write"
  [ "$(indexes data/x.db 't_b%')" = 2 ]
  cd /
  rm -rf "$place"
}

@test "while others write: waiting is bounded, and their rows stay" {
  make busy.db <<'PY'
fill(new("pragma journal_mode = wal"))
PY
  upkeep plan -o plan.json
  python3 - <<'PY' &
import os, sqlite3, time
db = sqlite3.connect("busy.db", isolation_level=None, timeout=60)
written = 0
while not os.path.exists("stop"):
    db.execute("insert into t (a, b) values ('new', 1)")
    written += 1
    if written == 1: open("going", "w").close()
    time.sleep(0.002)
open("written", "w").write(str(written))
PY
  writer=$!
  until [ -e going ]; do sleep 0.02; done
  run upkeep apply plan.json
  touch stop
  wait $writer
  expect_code 0
  expect_clean
  [ "$(sqlite3 busy.db "select count(*) from t where a = 'new'")" = "$(cat written)" ]
  run upkeep plan --detailed-exitcode
  expect_code 0
}
