with b (name, now_us) as (
  select 'copy', cast(strftime('%s', 'now') as integer) * 1000000
),
verified as (
  select finished_at, damage from upkeep_finding
  where kind = 'backup'
  order by id desc limit 1
)
select
  b.name,
  max(0, b.now_us - v.finished_at) as verified_age,
  case when v.finished_at is null then 'never verified' end as "verified_age.reason",
  v.damage as corruption_found,
  case when v.finished_at is null then 'never verified' end as "corruption_found.reason"
from b
left join verified v
where true {filter}
