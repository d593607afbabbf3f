select
  n.nspname::text as schema,
  c.relname::text as name,
  format_type(a.atttypid, null)::text as type
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attname = {argument.text} and a.attnum > 0 and not a.attisdropped
where c.relkind in ('r', 'm', 'p')
  and c.relpersistence <> 't'
  and n.nspname <> 'upkeep'
  {filter}
