-- expire_partitions notes the table's number, which outlives renaming and not a restore: what is not sure is not quarantined.
with kept as materialized (
  select (s.content::jsonb ->> 'oid')::oid as id, max(s.saved_at) as since, max(s.content::jsonb ->> 'set') as set
  from upkeep.saved s
  where s.kind = 'partition' and s.what = 'quarantine'
  group by 1
)
select
  n.nspname::text as schema,
  c.relname::text as name,
  case when k.id is null or c.relispartition then 0
    else greatest(1, (extract(epoch from clock_timestamp() - k.since) * 1000000)::bigint)
  end as quarantined_for,
  case when k.id is not null and not c.relispartition then k.set end as quarantined_from
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
left join kept k on k.id = c.oid
where c.relkind in ('r', 'm', 'p')
  and c.relpersistence <> 't'
  and n.nspname <> 'upkeep'
  {filter}
