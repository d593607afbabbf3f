with latest as materialized (
  select distinct on (schema_name, name, check_name) schema_name, name, check_name, damage, finished_at
  from upkeep.finding
  where kind = 'table'
  order by schema_name, name, check_name, id desc
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
  case when v.finished_at is not null
    then greatest(0, (extract(epoch from clock_timestamp() - v.finished_at) * 1000000)::bigint)
  end as validation_age,
  case when v.finished_at is null then 'never validated' end as "validation_age.reason"
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
left join latest f on f.schema_name = n.nspname and f.name = c.relname and f.check_name = 'verify_heapam'
left join latest v on v.schema_name = n.nspname and v.name = c.relname and v.check_name = 'validate_data'
where c.relkind in ('r', 'm', 'p')
  and c.relpersistence <> 't'
  and n.nspname <> 'upkeep'
  {filter}
