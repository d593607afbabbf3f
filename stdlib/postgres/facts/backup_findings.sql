with latest as (
  select distinct on (name) name, damage, detail
  from upkeep.finding where kind = 'backup'
  order by name, id desc
),
sound as (
  select name, max(finished_at) as finished_at
  from upkeep.finding where kind = 'backup' and damage = 0
  group by name
)
select
  b.name,
  case when s.finished_at is not null
    then greatest(0, (extract(epoch from clock_timestamp() - s.finished_at) * 1000000)::bigint)
  end as verified_age,
  case when s.finished_at is null then 'never found sound' end as "verified_age.reason",
  l.damage as corruption_found,
  case when l.name is null then 'never verified' end as "corruption_found.reason",
  case when l.damage > 0 then l.detail end as corruption_detail
from json_to_recordset(coalesce(nullif(current_setting('upkeep.backups', true), ''), '[]')::json)
  as b (name text)
left join latest l on l.name = b.name
left join sound s on s.name = b.name
where true {filter}
