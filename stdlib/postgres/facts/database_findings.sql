with validated as (
  select max(finished_at) as finished_at from upkeep.finding
  where kind = 'database' and check_name = 'validate_data'
),
latest as (
  select distinct on (kind, schema_name, name, check_name) damage
  from upkeep.finding
  where kind in ('table', 'index')
  order by kind, schema_name, name, check_name, id desc
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
