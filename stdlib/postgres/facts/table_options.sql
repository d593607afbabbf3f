with options as materialized (
  select
    c.oid,
    max(o.option_value) filter (where o.option_name = 'autovacuum_vacuum_threshold')::float8 as vacuum_base,
    max(o.option_value) filter (where o.option_name = 'autovacuum_vacuum_scale_factor')::float8 as vacuum_scale,
    max(o.option_value) filter (where o.option_name = 'autovacuum_vacuum_max_threshold')::float8 as vacuum_max,
    to_json(array_agg(o.option_name || '=' || o.option_value order by o.option_name))::text as options
  from pg_class c, pg_options_to_table(c.reloptions) o
  where c.reloptions is not null and c.relkind in ('r', 'm', 'p')
  group by c.oid
)
select
  n.nspname::text as schema,
  c.relname::text as name,
  coalesce(o.options, '[]') as options,
  case when c.relkind <> 'p' and not (c.reltuples < 0 or (c.reltuples = 0 and c.relpages = 0)) then least(
    coalesce(o.vacuum_base, current_setting('autovacuum_vacuum_threshold')::float8)
      + coalesce(o.vacuum_scale, current_setting('autovacuum_vacuum_scale_factor')::float8) * c.reltuples::float8,
    -- A cap of 18; -1: none.
    nullif(coalesce(o.vacuum_max, current_setting('autovacuum_vacuum_max_threshold', true)::float8), -1)
  )::bigint end as vacuum_trigger_rows,
  case when c.relkind = 'p' then 'a partitioned table has no rows of its own'
    when c.reltuples < 0 or (c.reltuples = 0 and c.relpages = 0) then 'never vacuumed or analysed'
  end as "vacuum_trigger_rows.reason"
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
left join options o on o.oid = c.oid
where c.relkind in ('r', 'm', 'p')
  and c.relpersistence <> 't'
  and n.nspname <> 'upkeep'
  {filter}
