-- Without the index's own number: REINDEX CONCURRENTLY puts a new one in its place.
select
  n.nspname::text as schema,
  c.relname::text as name,
  left(encode(sha256(convert_to(concat_ws(
    ' ', i.indrelid, c.relkind, c.relam, i.indisunique, i.indisprimary, i.indnkeyatts, i.indkey, i.indclass, i.indcollation,
    i.indoption, coalesce(i.indexprs::text, '-'), coalesce(i.indpred::text, '-')
  ), 'UTF8')), 'hex'), 16) as fingerprint
from pg_index i
join pg_class c on c.oid = i.indexrelid
join pg_class t on t.oid = i.indrelid
join pg_namespace n on n.oid = c.relnamespace
where t.relkind in ('r', 'm', 'p')
  and c.relpersistence <> 't'
  and n.nspname <> 'upkeep'
  {filter}
