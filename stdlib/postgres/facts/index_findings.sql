with latest as materialized (
  select distinct on (schema_name, name) schema_name, name, damage, finished_at
  from upkeep.finding
  where kind = 'index' and check_name = 'bt_index_check'
  order by schema_name, name, id desc
)
select
  n.nspname::text as schema,
  c.relname::text as name,
  case when f.finished_at is not null
    then greatest(0, (extract(epoch from clock_timestamp() - f.finished_at) * 1000000)::bigint)
  end as integrity_check_age,
  case when f.finished_at is null then 'never checked' end as "integrity_check_age.reason",
  f.damage as corruption_found,
  case when f.finished_at is null then 'never checked' end as "corruption_found.reason"
from pg_index i
join pg_class c on c.oid = i.indexrelid
join pg_class t on t.oid = i.indrelid
join pg_namespace n on n.oid = c.relnamespace
left join latest f on f.schema_name = n.nspname and f.name = c.relname
where t.relkind in ('r', 'm', 'p')
  and c.relpersistence <> 't'
  and n.nspname <> 'upkeep'
  {filter}
