with dated as materialized (
  -- The first date or timestamp, one that begins an index before others, then one that is filled in by itself.
  select distinct on (a.attrelid) a.attrelid, a.attname
  from pg_attribute a
  left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
  where a.attnum > 0 and not a.attisdropped and a.atttypid in (1082, 1114, 1184)
  order by
    a.attrelid,
    not exists (
      select 1 from pg_index i where i.indrelid = a.attrelid and i.indisvalid and i.indkey[0] = a.attnum
    ),
    d.adrelid is null,
    a.attnum
)
select
  n.nspname::text as schema,
  c.relname::text as name,
  d.attname::text as time_column,
  pg_stat_get_tuples_inserted(c.oid) as inserted_rows,
  pg_stat_get_tuples_updated(c.oid) as updated_rows,
  pg_stat_get_tuples_deleted(c.oid) as deleted_rows
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
left join dated d on d.attrelid = c.oid
where c.relkind in ('r', 'm', 'p')
  and c.relpersistence <> 't'
  and n.nspname <> 'upkeep'
  {filter}
