# Every attribute of PostgreSQL's stdlib, read on 13, Debian's and 18 by a superuser, a role with pg_monitor and one with nothing:
# no query fails, and what is unknown says why.
load common

setup_file() {
  export PG_NO_TRAP=1
  export PG_OPTIONS="-c wal_level=logical -c max_prepared_transactions=4 -c archive_mode=on -c archive_command=false"
  . "$UPKEEP_SOURCE/tests/live/postgres.sh"
  . "$UPKEEP_SOURCE/tests/live/versions.sh"
  local major bin
  for major in 13 debian 18; do
    bin=$(pg_find_bin)
    if [ "$major" != debian ]; then
      versions_get "$major" || { echo "$VERSIONS_WHY" >"$BATS_FILE_TMPDIR/why-$major"; continue; }
      bin=$VERSIONS_BIN
    fi
    pg_start "$bin" || return 1
    fill || return 1
    printf 'export PG_DIR=%q PGHOST=%q PGPORT=%q PGUSER=%q\n' "$PG_DIR" "$PGHOST" "$PGPORT" "$PGUSER" >"$BATS_FILE_TMPDIR/server-$major"
  done
}

fill() {
  pg_sql "create role monitor login; grant pg_monitor to monitor; create role bare login" \
    "create schema ext; create extension pgstattuple schema ext; create extension amcheck" \
    "create table t (id int primary key, at timestamptz, v text)" \
    "insert into t select g, now(), md5(g::text) from generate_series(1, 20000) g" \
    "create index t_v on t (v); delete from t where id % 2 = 0" "vacuum analyze t" \
    "create unlogged table u (a int); create sequence s; create temporary table x (a int)" \
    "create table p (a int) partition by range (a)" "create table p_1 partition of p for values from (0) to (9)" \
    "create publication pub for table t" "select pg_create_physical_replication_slot('held', true)" \
    "begin; insert into u values (1); prepare transaction 'two'"
}

teardown_file() {
  . "$UPKEEP_SOURCE/tests/live/postgres.sh"
  local file
  for file in "$BATS_FILE_TMPDIR"/server-*; do
    [ -e "$file" ] || continue
    . "$file"
    pg_stop "$PG_DIR"
  done
}

# What reads whole objects is read when a policy names it.
inspect_as() { # role
  cat >upkeep.yaml <<YAML
version: 1
targets: { p: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=$1 dbname=postgres" } }
include: [ p.yaml ]
YAML
  cat >p.yaml <<'YAML'
policies:
  - { name: t, for: table, where: "name = 't'", ensure: measured_bloat_ratio <= 10% }
  - { name: i, for: index, where: "name = 't_v'", ensure: measured_bloat_ratio <= 20% }
YAML
  run upkeep inspect --all -o "$1.json"
  expect_code 0
  expect_clean
  expect_no_text UPK3106
}

each() { # server
  [ -e "$BATS_FILE_TMPDIR/server-$1" ] || skip "$(cat "$BATS_FILE_TMPDIR/why-$1")"
  . "$BATS_FILE_TMPDIR/server-$1"
  local role
  for role in postgres monitor bare; do inspect_as "$role"; done
  python3 - <<'PY'
import json, sys
# Null here means that there is none; everything else that is null says why.
none = set("""
 application backend_type blocked_by database user plugin column column_type table unit auto_value extension duplicate_of redundant_to
 tablespace comment time_column touch_column detach_pending_from leftover_of managed_by upstream upstream_slot receiver_status
 xmin_horizon_source xmin_horizon_holder xmin_horizon_pid xmin_horizon_transaction xmin_horizon_session xmin_horizon_slot xmin_horizon_prepared xmin_session_pid
 xmin_replica_pid archive_failure wal_slot wal_slot_holder xmin_slot xmin_prepared catalog_xmin_slot catalog_xmin_holder partition_key
""".split())
bad = {}
def cells(kind):
    names = [c["name"] for c in kind["columns"]]
    for row in kind["rows"]:
        yield dict(zip(names, row))
def one(facts, kind, **keys):
    return next(r for r in cells(facts["kinds"][kind]) if all(r[k] == v for k, v in keys.items()))
for role in ("postgres", "monitor", "bare"):
    facts = json.load(open(role + ".json"))
    for name, kind in facts["kinds"].items():
        if name in ("partition_set", "partition"):
            continue  # null: the set has no such part
        constant = {c["name"] for c in kind["columns"] if c.get("reason")}
        for row in cells(kind):
            for column, value in row.items():
                if value is None and not column.endswith(".reason") and column not in none | constant and not row.get(column + ".reason"):
                    bad[f"{role} {name}.{column}: unknown without a reason, as of {row.get('name')}"] = 1
                    none.add(column)
    if role == "postgres":
        i, d = one(facts, "instance"), one(facts, "database", name="postgres")
        assert i["is_superuser"] and i["wal_size"] > 0 and i["timeline"] == 1 and i["mxid_members_ratio"] is not None, i
        assert i["checkpoint_age"] >= 0 and i["prepared_transactions"] == 1 and "pgstattuple" in i["extensions"], i
        assert i["xmin_prepared"] == "two" and "prepared transaction 'two'" in d["xmin_horizon_holder"], (i, d)
        assert d["xmin_horizon_prepared"] == "two" and d["publications"] == 1, d
        t, x = one(facts, "table", name="t"), one(facts, "index", name="t_v")
        assert 400000 < t["measured_bloat_ratio"] < 600000, t
        assert 400000 < x["measured_bloat_ratio"] < 650000, x
        assert t["key_used_ratio"] == 19999 * 1000000 // 2147483647 and t["publishes_updates"] and t["publications"] == ["pub"], t
    if role == "bare":
        i = one(facts, "instance")
        assert not i["is_superuser"] and any("sessions" in n for n in i["not_allowed"]), i
        assert i["xmin_prepared"] == "two" and i["xmin_horizon_age"] is None, i
print("\n".join(bad))
sys.exit(bool(bad))
PY
}

@test "every attribute on 13, by role" { each 13; }
@test "every attribute on Debian's, by role" { each debian; }
@test "every attribute on 18, by role" { each 18; }
