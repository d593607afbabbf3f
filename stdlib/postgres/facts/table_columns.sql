select
  n.nspname::text as schema,
  c.relname::text as name,
  (
    select string_agg(quote_ident(a.attname), ', ' order by a.attnum)
    from pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  ) as columns,
  (
    select string_agg(quote_ident(a.attname), ', ' order by a.attnum)
    from pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
  ) as writable_columns,
  (
    select count(*)
    from pg_constraint f
    where f.contype = 'f' and f.confrelid = c.oid and f.confdeltype in ('c', 'n', 'd')
  ) as delete_effects,
  row_security_active(c.oid) as row_security
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'm', 'p')
  and c.relpersistence <> 't'
  and n.nspname <> 'upkeep'
  {filter}
