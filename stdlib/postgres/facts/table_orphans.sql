select
  n.nspname::text as schema,
  c.relname::text as name,
  -- Cut off between its two transactions: neither a partition for planning nor a table of its own. The column is of 14.
  (
    select pg_catalog.format('%I.%I', pn.nspname, pc.relname)
    from pg_inherits h join pg_class pc on pc.oid = h.inhparent join pg_namespace pn on pn.oid = pc.relnamespace
    where h.inhrelid = c.oid and (to_jsonb(h) ->> 'inhdetachpending')::boolean
  )::text as detach_pending_from,
  -- pg_repack makes log_OID and table_OID in a schema of its own, and drops them at its end.
  case when n.nspname = 'repack' and c.relname ~ '^(log|table)_[0-9]+$'
    and not exists (select from pg_stat_activity a where a.application_name = 'pg_repack')
    then 'pg_repack'
  end as leftover_of
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'm', 'p')
  and c.relpersistence <> 't'
  and n.nspname <> 'upkeep'
  {filter}
