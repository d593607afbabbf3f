-- expire_partitions notes the table's number and its name in quarantine: what has another one by now is somebody's again.
with kept as materialized (
  select (s.content::jsonb ->> 'oid')::oid as id, s.schema_name, s.name, max(s.saved_at) as since, max(s.content::jsonb ->> 'set') as set
  from upkeep.saved s
  where s.kind = 'partition' and s.what = 'quarantine'
  group by 1, 2, 3
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
left join kept k on k.id = c.oid and k.schema_name = n.nspname and k.name = c.relname
where c.relkind in ('r', 'm', 'p')
  and c.relpersistence <> 't'
  and n.nspname <> 'upkeep'
  {filter}
