select
  n.nspname::text as schema,
  t.relname::text as "table",
  k.conname::text as name,
  'foreign key' as type,
  k.confrelid::regclass::text as "references",
  case k.confdeltype
    when 'a' then 'no action' when 'r' then 'restrict' when 'c' then 'cascade'
    when 'n' then 'set null' when 'd' then 'set default'
  end as on_delete,
  k.convalidated as validated,
  exists (
    select from pg_index i
    where i.indrelid = k.conrelid and i.indisvalid and i.indpred is null
      and i.indnkeyatts >= cardinality(k.conkey)
      and array(select unnest(k.conkey) order by 1) = array(
        select c from unnest((string_to_array(i.indkey::text, ' ')::int2[])[1:cardinality(k.conkey)]) c order by c
      )
  ) as has_index,
  (
    select string_agg(quote_ident(a.attname), ', ' order by p.place)
    from unnest(k.conkey) with ordinality p (attnum, place)
    join pg_attribute a on a.attrelid = k.conrelid and a.attnum = p.attnum
  ) as columns
from pg_constraint k
join pg_class t on t.oid = k.conrelid
join pg_namespace n on n.oid = t.relnamespace
where k.contype = 'f'
  and t.relpersistence <> 't'
  and n.nspname not in ('upkeep', 'pg_catalog', 'information_schema')
  {filter}
