-- Autovacuum's own rule with each table's options (autovacuum.c, relation_needs_vacanalyze).
with settings as (
  select
    current_setting('autovacuum_vacuum_threshold')::float8 as vacuum_base,
    current_setting('autovacuum_vacuum_scale_factor')::float8 as vacuum_scale,
    coalesce(current_setting('autovacuum_vacuum_max_threshold', true), '-1')::float8 as vacuum_max,
    current_setting('autovacuum_vacuum_insert_threshold')::float8 as insert_base,
    current_setting('autovacuum_vacuum_insert_scale_factor')::float8 as insert_scale,
    current_setting('autovacuum_analyze_threshold')::float8 as analyze_base,
    current_setting('autovacuum_analyze_scale_factor')::float8 as analyze_scale
),
listed as materialized (
  select
    c.oid,
    c.relpersistence,
    c.relkind,
    c.relfrozenxid,
    greatest(c.reltuples, 0)::float8 as rows,
    1.0 as unfrozen,
    c.reloptions
  from pg_class c
  where c.relkind in ('r', 'm', 'f')
),
options as materialized (
  select
    l.oid,
    max(o.option_value) filter (where o.option_name = 'autovacuum_enabled')::bool as enabled,
    max(o.option_value) filter (where o.option_name = 'autovacuum_vacuum_threshold')::float8 as vacuum_base,
    max(o.option_value) filter (where o.option_name = 'autovacuum_vacuum_scale_factor')::float8 as vacuum_scale,
    max(o.option_value) filter (where o.option_name = 'autovacuum_vacuum_max_threshold')::float8 as vacuum_max,
    max(o.option_value) filter (where o.option_name = 'autovacuum_vacuum_insert_threshold')::float8 as insert_base,
    max(o.option_value) filter (where o.option_name = 'autovacuum_vacuum_insert_scale_factor')::float8 as insert_scale,
    max(o.option_value) filter (where o.option_name = 'autovacuum_analyze_threshold')::float8 as analyze_base,
    max(o.option_value) filter (where o.option_name = 'autovacuum_analyze_scale_factor')::float8 as analyze_scale
  from listed l, pg_options_to_table(l.reloptions) o
  where l.reloptions is not null
  group by l.oid
),
due as (
  select
    pg_stat_get_dead_tuples(l.oid) > least(
      coalesce(o.vacuum_base, s.vacuum_base) + coalesce(o.vacuum_scale, s.vacuum_scale) * l.rows,
      case when coalesce(o.vacuum_max, s.vacuum_max) >= 0 then coalesce(o.vacuum_max, s.vacuum_max) end
    ) or coalesce(o.insert_base, s.insert_base) >= 0 and pg_stat_get_ins_since_vacuum(l.oid)
      > coalesce(o.insert_base, s.insert_base) + coalesce(o.insert_scale, s.insert_scale) * l.rows * l.unfrozen as to_vacuum,
    pg_stat_get_mod_since_analyze(l.oid)
      > coalesce(o.analyze_base, s.analyze_base) + coalesce(o.analyze_scale, s.analyze_scale) * l.rows as to_analyze
  from settings s cross join listed l left join options o on o.oid = l.oid
  where l.relkind in ('r', 'm') and l.relpersistence <> 't' and coalesce(o.enabled, true)
),
counted as (
  select count(*) filter (where to_vacuum) as to_vacuum, count(*) filter (where to_analyze) as to_analyze from due
),
others as (
  select
    count(*) filter (where relpersistence = 't') as temporary,
    count(*) filter (where relkind = 'f') as foreign_tables,
    coalesce(max(age(relfrozenxid)) filter (where relpersistence = 't' and relkind in ('r', 'm')), 0) as temporary_age
  from listed
)
select
  d.datname::text as name,
  case when h.here then c.to_vacuum end as vacuum_backlog,
  case when not h.here then 'another database' end as "vacuum_backlog.reason",
  case when h.here then c.to_analyze end as analyze_backlog,
  case when not h.here then 'another database' end as "analyze_backlog.reason",
  case when h.here then t.temporary end as temporary_tables,
  case when not h.here then 'another database' end as "temporary_tables.reason",
  case when h.here then t.foreign_tables end as foreign_tables,
  case when not h.here then 'another database' end as "foreign_tables.reason",
  case when h.here then t.temporary_age end as temporary_xid_age,
  case when not h.here then 'another database' end as "temporary_xid_age.reason",
  case when h.here then (select count(*) from pg_publication) end as publications,
  case when not h.here then 'another database' end as "publications.reason",
  -- The columns that all may see; another one holds passwords.
  (select count(s.subdbid) from pg_subscription s where s.subdbid = d.oid) as subscriptions,
  null::text as "subscriptions.reason"
from pg_database d
cross join lateral (select d.datname = current_database() as here) h
cross join counted c
cross join others t
where true {filter}
