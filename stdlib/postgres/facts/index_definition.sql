select
  n.nspname::text as schema,
  c.relname::text as name,
  pg_get_indexdef(i.indexrelid) as definition,
  p.spcname::text as tablespace,
  obj_description(c.oid, 'pg_class') as comment
from pg_index i
join pg_class c on c.oid = i.indexrelid
join pg_class t on t.oid = i.indrelid
join pg_namespace n on n.oid = c.relnamespace
left join pg_tablespace p on p.oid = c.reltablespace
where t.relkind in ('r', 'm', 'p')
  and c.relpersistence <> 't'
  and n.nspname <> 'upkeep'
  {filter}
