with newest as (
  select distinct on (name) name,
    to_timestamp(substring(detail from 'finished=([0-9]+)')::bigint) as made_at,
    substring(detail from 'kind=([a-z]+)') as kind,
    substring(detail from 'size=([0-9]+)')::bigint as size
  from upkeep.finding where kind = 'backup_newest'
  order by name, id desc
),
latest as (
  select distinct on (name) name, damage, detail
  from upkeep.finding where kind = 'backup_restore'
  order by name, id desc
),
sound as (
  select name, max(finished_at) as finished_at
  from upkeep.finding where kind = 'backup_restore' and damage = 0
  group by name
)
select
  b.name,
  -- greatest passes over NULL: nothing noted would be an age of 0.
  case when n.made_at is not null
    then greatest(0, (extract(epoch from clock_timestamp() - n.made_at) * 1000000)::bigint)
  end as age,
  case when n.made_at is null then 'its tool was never asked: note_backup' end as "age.reason",
  n.kind,
  n.size,
  case when s.finished_at is not null
    then greatest(0, (extract(epoch from clock_timestamp() - s.finished_at) * 1000000)::bigint)
  end as restore_test_age,
  case when s.finished_at is null then 'never restored with success' end as "restore_test_age.reason",
  case when l.damage > 0 then l.detail end as restore_detail
from json_to_recordset(coalesce(nullif(current_setting('upkeep.backups', true), ''), '[]')::json)
  as b (name text)
left join newest n on n.name = b.name
left join latest l on l.name = b.name
left join sound s on s.name = b.name
where true {filter}
