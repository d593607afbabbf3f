with d (name, now_us) as (
  select 'main', cast(strftime('%s', 'now') as integer) * 1000000
),
checked as (
  select finished_at, damage from upkeep_finding
  where kind = 'database' and check_name in ('integrity_check', 'quick_check')
  order by id desc limit 1
),
validated as (
  select max(finished_at) as finished_at from upkeep_finding
  where kind = 'database' and check_name = 'validate_data'
)
select
  d.name,
  max(0, d.now_us - c.finished_at) as integrity_check_age,
  case when c.finished_at is null then 'never checked' end as "integrity_check_age.reason",
  c.damage as corruption_found,
  case when c.finished_at is null then 'never checked' end as "corruption_found.reason",
  max(0, d.now_us - v.finished_at) as validation_age,
  case when v.finished_at is null then 'never validated' end as "validation_age.reason"
from d
left join checked c
left join validated v
where true {filter}
