-- The number outlives rewrites (VACUUM FULL, CLUSTER) and not a DROP; constraints and indexes come and go.
select
  n.nspname::text as schema,
  c.relname::text as name,
  left(encode(sha256(convert_to(concat_ws(' ', c.oid, c.relkind, (
    select string_agg(concat_ws(' ', a.attnum, quote_ident(a.attname), a.atttypid, a.atttypmod), ',' order by a.attnum)
    from pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  )), 'UTF8')), 'hex'), 16) as fingerprint
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'm', 'p')
  and c.relpersistence <> 't'
  and n.nspname <> 'upkeep'
  {filter}
