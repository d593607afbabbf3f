-- pg_partman's table of sets cannot be read: its template table, which it makes by default, has a set's name.
select
  n.nspname::text as schema,
  c.relname::text as name,
  case when exists (
    select from pg_extension e join pg_class t on t.relnamespace = e.extnamespace
    where e.extname = 'pg_partman' and t.relname = left('template_' || n.nspname || '_' || c.relname, 63)
  ) then 'pg_partman' end as managed_by
from pg_partitioned_table p
join pg_class c on c.oid = p.partrelid
join pg_namespace n on n.oid = c.relnamespace
where c.relpersistence <> 't' and n.nspname <> 'upkeep' {filter}
