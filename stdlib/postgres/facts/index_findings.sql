-- What a check found stands until the same check finds nothing, or the index was rebuilt and looked through.
with mended as materialized (
  select schema_name, name, max(id) as id from upkeep.finding
  where kind = 'index' and check_name = 'rebuild_index'
  group by schema_name, name
),
latest as materialized (
  select distinct on (f.schema_name, f.name, f.check_name) f.schema_name, f.name, f.damage, f.detail, f.finished_at
  from upkeep.finding f
  left join mended m on m.schema_name = f.schema_name and m.name = f.name
  where f.kind = 'index' and f.id >= coalesce(m.id, 0)
  order by f.schema_name, f.name, f.check_name, f.id desc
),
found as materialized (
  select schema_name, name, max(finished_at) as finished_at, sum(damage)::bigint as damage,
    string_agg(split_part(detail, e'\n', 1), '; ') filter (where damage > 0) as detail
  from latest
  group by schema_name, name
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
  f.detail as corruption_detail
from pg_index i
join pg_class c on c.oid = i.indexrelid
join pg_class t on t.oid = i.indrelid
join pg_namespace n on n.oid = c.relnamespace
left join found f on f.schema_name = n.nspname and f.name = c.relname
where t.relkind in ('r', 'm', 'p')
  and c.relpersistence <> 't'
  and n.nspname <> 'upkeep'
  {filter}
