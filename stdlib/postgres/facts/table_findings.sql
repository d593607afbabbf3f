with latest as materialized (
  select distinct on (schema_name, name, check_name) schema_name, name, check_name, damage, detail, finished_at
  from upkeep.finding
  where kind = 'table'
  order by schema_name, name, check_name, id desc
),
mended as materialized (
  select schema_name, name, max(id) as id from upkeep.finding
  where kind = 'index' and check_name = 'rebuild_index'
  group by schema_name, name
),
-- Damage of indexes that stands, by table: an index may be wrong because its table is.
damaged as materialized (
  select i.indrelid, min(c.relname::text) as name, max(f.started_at) as at
  from (
    select distinct on (f.schema_name, f.name, f.check_name) f.schema_name, f.name, f.damage, f.started_at
    from upkeep.finding f
    left join mended m on m.schema_name = f.schema_name and m.name = f.name
    where f.kind = 'index' and f.id >= coalesce(m.id, 0)
    order by f.schema_name, f.name, f.check_name, f.id desc
  ) f
  join pg_namespace n on n.nspname = f.schema_name
  join pg_class c on c.relnamespace = n.oid and c.relname = f.name
  join pg_index i on i.indexrelid = c.oid
  where f.damage > 0
  group by i.indrelid
)
select
  n.nspname::text as schema,
  c.relname::text as name,
  case when f.finished_at is not null
    then greatest(0, (extract(epoch from clock_timestamp() - f.finished_at) * 1000000)::bigint)
  end as integrity_check_age,
  case when f.finished_at is null then 'never checked' end as "integrity_check_age.reason",
  f.damage as corruption_found,
  case when f.finished_at is null then 'never checked' end as "corruption_found.reason",
  case when f.damage > 0 then split_part(f.detail, e'\n', 1) end as corruption_detail,
  case when f.finished_at is null or d.at > f.finished_at then d.name end as damaged_index,
  case when v.finished_at is not null
    then greatest(0, (extract(epoch from clock_timestamp() - v.finished_at) * 1000000)::bigint)
  end as validation_age,
  case when v.finished_at is null then 'never validated' end as "validation_age.reason"
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
left join latest f on f.schema_name = n.nspname and f.name = c.relname and f.check_name = 'verify_heapam'
left join damaged d on d.indrelid = c.oid
left join latest v on v.schema_name = n.nspname and v.name = c.relname and v.check_name = 'validate_data'
where c.relkind in ('r', 'm', 'p')
  and c.relpersistence <> 't'
  and n.nspname <> 'upkeep'
  {filter}
