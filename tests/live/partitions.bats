# Partitions made ahead and taken out when they are old, as their siblings are; what must be refused is.
load common
load server

# A database of its own and a project with the policies of standard input.
fresh() { # name
  PGDATABASE=postgres sql "create database $1"
  export PGDATABASE=$1
  cat >upkeep.yaml <<YAML
version: 1
targets:
  p: { engine: postgres, connect: "host=$PGHOST port=$PGPORT user=postgres dbname=$1" }
include: [ policies/* ]
YAML
  mkdir -p policies
  cat >policies/p.yaml
}

# Partitions of a set, from so many steps before now to so many behind.
sliced() { # set, step, first, last, format of names, function of its bounds
  "$PSQL" -Xq -v ON_ERROR_STOP=1 <<SQL
do \$\$
declare b timestamp;
begin
  for i in $3..$4 loop
    b := date_trunc('$2', localtimestamp) + i * interval '1 $2';
    execute format('create table %I partition of $1 for values from (%L) to (%L)',
      '$1' || to_char(b, '$5'), b::${6:-timestamptz}, (b + interval '1 $2')::${6:-timestamptz});
  end loop;
end \$\$;
SQL
}
applied() {
  run upkeep plan -o plan.json
  expect_code 0
  run upkeep apply plan.json
  expect_code "${1:-0}"
  expect_clean
}

@test "new partitions follow the interval, the zone, the names and the properties of their siblings" {
  fresh ahead <<'YAML'
policies:
  - { name: ahead, for: partition_set, where: interval is not null, ensure: partitions_ahead >= 4, by: create_partitions, with: { ahead: 4 } }
YAML
  sql "alter database ahead set timezone = 'Europe/Berlin'"
  PGDATABASE=postgres sql "create role ahead_app; create role ahead_owner"
  sql "create table m (id bigint generated always as identity, at timestamptz, v text, primary key (id, at)) partition by range (at);
    create index on m (v);
    create table d (at date, v int check (v < 100), w int generated always as (v + 1) stored) partition by range (at);
    create table w (at timestamptz) partition by range (at);
    create table h (at timestamp) partition by range (at);
    create table n (id bigserial, v int) partition by range (id);
    create table n_0 partition of n for values from (0) to (1000);
    create table n_1000 partition of n for values from (1000) to (2000);
    insert into n (v) select g from generate_series(1, 1500) g;
    create table l (a int) partition by list (a); create table l1 partition of l for values in (1)"
  sliced m month -3 1 _YYYY_MM
  sliced d day -2 1 _pYYYYMMDD date
  sliced w week -2 1 '_IYYY"w"IW'
  sliced h hour -2 1 _YYYYMMDD_HH24 timestamp
  newest=$(sql "select max(relname) from pg_class where relname like 'd\_p%'" | xargs)
  sql "alter table $newest set (fillfactor = 80); alter table $newest owner to ahead_owner; grant select, insert on $newest to ahead_app;
    create index mine on $newest (w) where v > 3; alter table $newest replica identity full"
  applied
  run upkeep plan --detailed-exitcode
  expect_code 0
  # Each set has four ahead; their names say when they begin; months and weeks of Berlin begin at its midnights.
  [ "$(sql "select string_agg(p.relname || ' ' || n, ', ' order by p.relname) from (select inhparent, count(*) as n from pg_inherits
    join pg_class c on c.oid = inhrelid where c.relkind = 'r' group by 1) i join pg_class p on p.oid = i.inhparent" | xargs)" = \
    "d 7, h 7, l 1, m 8, n 6, w 7" ]
  [ "$(sql "set timezone = 'Europe/Berlin';
    select count(*) from pg_class where relname = any (select 'm' || to_char(date_trunc('month', now()) + i * interval '1 month', '_YYYY_MM')
      from generate_series(2, 4) i)" | xargs)" = 3 ]
  [ "$(sql "set timezone = 'Europe/Berlin'; select bool_and(pg_get_expr(relpartbound, oid) like '%01 00:00:00+0_'') TO %01 00:00:00+0_'')')
    from pg_class where relname like 'm\_20%' and relkind = 'r'" | xargs)" = t ]
  [ "$(sql "select count(*) from pg_class where relname in ('n_2000', 'n_3000', 'n_4000', 'n_5000')" | xargs)" = 4 ]
  [ "$(sql "select count(*) from pg_class c where relname > '$newest' and relname like 'd\_p%' and relkind = 'r'
    and reloptions = '{fillfactor=80}' and relreplident = 'f' and relowner = 'ahead_owner'::regrole
    and has_table_privilege('ahead_app', oid, 'insert') and not has_table_privilege('ahead_app', oid, 'delete')
    and exists (select from pg_constraint where conrelid = c.oid and contype = 'c')
    and (select array_agg(indkey::text || ' ' || pg_get_expr(indpred, indrelid)) = '{3 (v > 3)}' from pg_index where indrelid = c.oid)" | xargs)" = 3 ]
  sql "insert into m (at, v) select now() + interval '3 months', 'x'; insert into d values (current_date + 4, 1)"
  # Taken back as long as they are empty.
  run upkeep rollback "$(ls .upkeep/runs)" --yes
  expect_text "it holds rows by now"
  [ "$(sql "select count(*) from pg_inherits i join pg_class c on c.oid = inhrelid where inhparent = 'w'::regclass" | xargs)" = 4 ]
  [ "$(sql "select count(*) from m" | xargs) $(sql "select count(*) from d" | xargs)" = "1 1" ]
}

@test "rows of the default partition are found, and moved when that is wanted; a large one is read before it is locked" {
  fresh defaults <<'YAML'
policies:
  - { name: ahead, for: partition_set, ensure: partitions_ahead >= 2, by: create_partitions, with: { ahead: 2 } }
YAML
  sql "create table e (v int, at date, w int generated always as (v + 1) stored) partition by range (at)"
  sliced e day -1 0 _YYYYMMDD date
  sql "create table e_rest partition of e default;
    insert into e (v, at) select g, current_date + 400 from generate_series(1, 20000) g; insert into e (v, at) values (1, null), (2, current_date + 1); analyze e_rest"
  applied 9
  expect_text "the default partition holds no row of the new ranges"
  [ "$(sql "select count(*) from pg_inherits where inhparent = 'e'::regclass" | xargs)" = 3 ]
  sed -i 's/ahead: 2 }/ahead: 2, drain_default: true }/' policies/p.yaml
  applied
  [ "$(sql "select count(*), count(*) filter (where tableoid = 'e_rest'::regclass), max(w) filter (where at < current_date + 9) from e" | xargs)" = "20002 | 20001 | 3" ]
  # The next one has no row to move; it is proved by a constraint before anything is locked, and that is gone afterwards.
  cat >policies/p.yaml <<'YAML'
policies:
  - { name: ahead, for: partition_set, ensure: partitions_ahead >= 3, by: create_partitions, with: { ahead: 3 } }
YAML
  sql "alter database defaults set client_min_messages = debug1; alter database defaults set log_min_messages = debug1"
  applied
  grep -q "updated partition constraint for default partition .e_rest. is implied by existing constraints" "$PG_DIR/server.log"
  [ "$(sql "select count(*) from pg_constraint where conrelid = 'e_rest'::regclass and contype = 'c'" | xargs)" = 0 ]
  [ "$(sql "select count(*) from pg_inherits where inhparent = 'e'::regclass" | xargs)" = 6 ]
}

@test "a cap, a gap, another tool and what has no end are refused with the reason" {
  fresh refused <<'YAML'
policies:
  - { name: ahead, for: partition_set, ensure: partitions_ahead >= 9, by: create_partitions, with: { ahead: 9, max_new: 8 } }
YAML
  sql "create table late (at date) partition by range (at); create table late_1 partition of late for values from ('2019-01-01') to ('2019-01-02');
    create table gap (at date) partition by range (at); create table theirs (at date) partition by range (at);
    create table endless (a int) partition by range (a); create table endless_1 partition of endless for values from (0) to (maxvalue);
    create schema partman; create table partman.part_config (parent_table text); insert into partman.part_config values ('public.theirs')"
  sliced gap day -1 1 _YYYYMMDD date
  sliced gap day 5 5 _YYYYMMDD date
  sliced theirs day -1 1 _YYYYMMDD date
  run upkeep plan -o plan.json
  expect_code 0
  expect_text "1 unknown"
  run cat plan.json
  expect_text "it would need more than 8 new partitions"
  expect_text "a later partition stands in the way, behind a gap"
  expect_text "pg_partman makes and drops its partitions"
}

@test "old partitions go to quarantine, come back, and are dropped by a step of their own" {
  fresh old <<'YAML'
policies:
  - { name: old, for: partition_set, where: name <> 'kept', ensure: oldest_partition_age <= 2d, by: expire_partitions, with: { retention: 2d } }
  - { name: drop, for: table, ensure: quarantined_for <= 1s, by: drop_quarantined }
YAML
  sql "create schema attic; create table c (at date, v int) partition by range (at); create table d (at date) partition by range (at);
    create table r (at date, id int, primary key (at, id)) partition by range (at); create table kept (a date, b int, foreign key (a, b) references r)"
  for set in c d r; do sliced $set day -4 1 _YYYYMMDD date; done
  sql "create table d_rest partition of d default; insert into c select current_date - 4, g from generate_series(1, 9) g"
  run upkeep plan --only old -o plan.json
  expect_text "foreign keys refer to it: kept_a_b_fkey of public.kept"
  applied_run=$(upkeep apply plan.json >/dev/null && ls -t .upkeep/runs | head -n 1)
  [ "$(sql "select string_agg(n::text, ' ' order by s) from (select inhparent::regclass::text as s, count(*) as n from pg_inherits
    join pg_class on oid = inhrelid where relkind = 'r' group by 1) i" | xargs)" = "4 5 6" ]
  [ "$(sql "select count(*), sum(n) from (select relname, (select count(*) from pg_inherits where inhrelid = oid) as n from pg_class
    where relname like '%\_expired') q" | xargs)" = "4 | 0" ]
  [ "$(sql "select count(*) from c" | xargs)" = 0 ]
  # What today's rows go to stays.
  [ "$(sql "insert into c values (current_date, 1) returning tableoid::regclass::text = 'c_' || to_char(current_date, 'YYYYMMDD')" | xargs)" = t ]
  upkeep rollback "$applied_run" --yes
  [ "$(sql "select count(*) from pg_inherits join pg_class on oid = inhrelid where relkind = 'r'" | xargs)" = 19 ]
  [ "$(sql "select count(*) from c" | xargs) $(sql "select count(*) from upkeep.saved" | xargs)" = "10 0" ]
  # Again, to another schema, and then for good; the set that is referred to keeps its own.
  sed -i 's/retention: 2d/retention: 2d, to_schema: attic/' policies/p.yaml
  run upkeep plan --only old -o plan.json
  run upkeep apply plan.json
  expect_code 0
  expect_clean
  [ "$(sql "select count(*) from pg_class where relnamespace = 'attic'::regnamespace and relkind = 'r'" | xargs)" = 4 ]
  sql "update upkeep.saved set saved_at = saved_at - interval '1 hour'; alter table attic.$(sql "select min(relname) from pg_class where relnamespace = 'attic'::regnamespace and relkind = 'r' and relname like 'c%'" | xargs) rename to mine"
  run upkeep plan --only drop -o plan.json
  expect_text "3 steps"
  run upkeep apply plan.json
  expect_code 0
  [ "$(sql "select string_agg(relname, ' ') from pg_class where relnamespace = 'attic'::regnamespace and relkind = 'r'" | xargs)" = mine ]
  [ "$(sql "select count(*) from upkeep.saved" | xargs)" = 1 ]
}

@test "a detaching that is cut off is finished when the run goes on" {
  fresh cut <<'YAML'
policies:
  - name: old
    for: partition_set
    ensure: oldest_partition_age <= 2d
    by: expire_partitions
    with: { retention: 2d }
    limits: { max_duration: 60s, retries: 0 }
YAML
  sql "create table c (at date) partition by range (at)"
  sliced c day -4 1 _YYYYMMDD date
  run upkeep plan -o plan.json
  # An old snapshot holds the second half up.
  coproc HOLDER { "$PSQL" -Xq; }
  echo "begin isolation level repeatable read; select count(*) from c;" >&"${HOLDER[1]}"
  "$UPKEEP" apply plan.json >said 2>&1 &
  pid=$!
  for _ in $(seq 200); do
    [ "$(sql "select count(*) from pg_inherits where inhdetachpending" | xargs)" = 1 ] && break
    sleep 0.05
  done
  kill -9 $pid
  wait $pid || true
  sql "select pg_terminate_backend(pid) from pg_stat_activity where query like 'alter table%concurrently'"
  echo "commit; \\q" >&"${HOLDER[1]}"
  wait "$HOLDER_PID" || true
  [ "$(sql "select count(*) from pg_inherits where inhdetachpending" | xargs)" = 1 ]
  run upkeep resume "$(ls .upkeep/runs)"
  expect_code 0
  expect_clean
  [ "$(sql "select count(*) from pg_class where relname like '%\_expired'" | xargs)" = 2 ]
  [ "$(sql "select count(*) from pg_inherits" | xargs)" = 4 ]
}
