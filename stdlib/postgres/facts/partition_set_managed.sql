select
  n.nspname::text as schema,
  c.relname::text as name,
  case when exists (
    select from partman.part_config m where m.parent_table in (n.nspname || '.' || c.relname, quote_ident(n.nspname) || '.' || quote_ident(c.relname))
  ) then 'pg_partman' end as managed_by
from pg_partitioned_table p
join pg_class c on c.oid = p.partrelid
join pg_namespace n on n.oid = c.relnamespace
where c.relpersistence <> 't' and n.nspname <> 'upkeep' {filter}
