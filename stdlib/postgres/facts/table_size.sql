select
  n.nspname::text as schema,
  c.relname::text as name,
  pg_table_size(c.oid) as measured_size,
  pg_indexes_size(c.oid) as measured_index_size,
  pg_total_relation_size(c.oid) as measured_total_size
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'm', 'p')
  and c.relpersistence <> 't'
  and n.nspname <> 'upkeep'
  {filter}
