with validated as (
  select max(finished_at) as finished_at from upkeep.finding
  where kind = 'database' and check_name = 'validate_data'
),
mended as (
  select schema_name, name, max(id) as id from upkeep.finding
  where kind = 'index' and check_name = 'rebuild_index'
  group by schema_name, name
),
latest as (
  select distinct on (f.kind, f.schema_name, f.name, f.check_name) f.damage
  from upkeep.finding f
  left join mended m on f.kind = 'index' and m.schema_name = f.schema_name and m.name = f.name
  where f.kind in ('table', 'index') and f.id >= coalesce(m.id, 0)
  order by f.kind, f.schema_name, f.name, f.check_name, f.id desc
),
damage as (select sum(damage)::bigint as found from latest)
select
  d.datname::text as name,
  case when d.datname = current_database() and v.finished_at is not null
    then greatest(0, (extract(epoch from clock_timestamp() - v.finished_at) * 1000000)::bigint)
  end as validation_age,
  case
    when d.datname <> current_database() then 'another database'
    when v.finished_at is null then 'never validated'
  end as "validation_age.reason",
  case when d.datname = current_database() then g.found end as corruption_found,
  case
    when d.datname <> current_database() then 'another database'
    when g.found is null then 'never checked'
  end as "corruption_found.reason"
from pg_database d, validated v, damage g
where true {filter}
