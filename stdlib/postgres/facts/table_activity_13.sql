with settings as (
  select
    current_setting('autovacuum_vacuum_threshold')::float8 as vacuum_base,
    current_setting('autovacuum_vacuum_scale_factor')::float8 as vacuum_scale,
    current_setting('autovacuum_vacuum_insert_threshold')::float8 as insert_base,
    current_setting('autovacuum_vacuum_insert_scale_factor')::float8 as insert_scale,
    current_setting('autovacuum_analyze_threshold')::float8 as analyze_base,
    current_setting('autovacuum_analyze_scale_factor')::float8 as analyze_scale
),
options as materialized (
  select
    c.oid,
    max(o.option_value) filter (where o.option_name = 'autovacuum_vacuum_threshold')::float8 as vacuum_base,
    max(o.option_value) filter (where o.option_name = 'autovacuum_vacuum_scale_factor')::float8 as vacuum_scale,
    max(o.option_value) filter (where o.option_name = 'autovacuum_vacuum_insert_threshold')::float8 as insert_base,
    max(o.option_value) filter (where o.option_name = 'autovacuum_vacuum_insert_scale_factor')::float8 as insert_scale,
    max(o.option_value) filter (where o.option_name = 'autovacuum_analyze_threshold')::float8 as analyze_base,
    max(o.option_value) filter (where o.option_name = 'autovacuum_analyze_scale_factor')::float8 as analyze_scale
  from pg_class c, pg_options_to_table(c.reloptions) o
  where c.reloptions is not null and c.relkind in ('r', 'm', 'p')
  group by c.oid
),
counted as materialized (
  select
    n.nspname,
    c.relname,
    c.oid,
    greatest(c.reltuples, 0)::float8 as rows,
    pg_stat_get_live_tuples(c.oid) as live,
    pg_stat_get_dead_tuples(c.oid) as dead,
    pg_stat_get_mod_since_analyze(c.oid) as changed,
    pg_stat_get_ins_since_vacuum(c.oid) as inserted,
    greatest(pg_stat_get_last_vacuum_time(c.oid), pg_stat_get_last_autovacuum_time(c.oid)) as vacuumed_at,
    greatest(pg_stat_get_last_analyze_time(c.oid), pg_stat_get_last_autoanalyze_time(c.oid)) as analyzed_at,
    coalesce(o.vacuum_base, s.vacuum_base) as vacuum_base,
    coalesce(o.vacuum_scale, s.vacuum_scale) as vacuum_scale,
    coalesce(o.insert_base, s.insert_base) as insert_base,
    coalesce(o.insert_scale, s.insert_scale) as insert_scale,
    coalesce(o.analyze_base, s.analyze_base) as analyze_base,
    coalesce(o.analyze_scale, s.analyze_scale) as analyze_scale
  from settings s
  cross join pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  left join options o on o.oid = c.oid
  where c.relkind in ('r', 'm', 'p')
    and c.relpersistence <> 't'
    and n.nspname <> 'upkeep'
    {filter}
)
select
  c.nspname::text as schema,
  c.relname::text as name,
  c.live as live_rows,
  c.dead as dead_rows,
  case when c.live + c.dead > 0 then c.dead * 1000000 / (c.live + c.dead) end as dead_ratio,
  case when c.live + c.dead = 0 then 'no row is counted' end as "dead_ratio.reason",
  case when c.rows > 0 then (c.changed * 1000000 / c.rows)::bigint end as changed_ratio,
  case when c.rows = 0 then 'the number of rows is not known' end as "changed_ratio.reason",
  (c.dead * 1000000 / greatest(1, c.vacuum_base + c.vacuum_scale * c.rows))::bigint as vacuum_due_ratio,
  case when c.insert_base < 0 then 0
    else (c.inserted * 1000000 / greatest(1, c.insert_base + c.insert_scale * c.rows))::bigint
  end as insert_due_ratio,
  (c.changed * 1000000 / greatest(1, c.analyze_base + c.analyze_scale * c.rows))::bigint as analyze_due_ratio,
  v.relid is not null as vacuum_running,
  (extract(epoch from clock_timestamp() - c.vacuumed_at) * 1000000)::bigint as vacuum_age,
  case when c.vacuumed_at is null then 'not since the counters began' end as "vacuum_age.reason",
  (extract(epoch from clock_timestamp() - c.analyzed_at) * 1000000)::bigint as stats_age,
  case when c.analyzed_at is null then 'not since the counters began' end as "stats_age.reason"
from counted c
left join pg_stat_progress_vacuum v on v.relid = c.oid and v.datname = current_database()
