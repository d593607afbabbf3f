with advice (name, value) as (
  values ('autovacuum', 'on'), ('track_counts', 'on'), ('fsync', 'on'), ('full_page_writes', 'on')
)
select
  s.name,
  s.setting as value,
  s.unit,
  a.value as recommended,
  case when a.value is null then 'it depends on the work the server does' end as "recommended.reason",
  s.context,
  s.source,
  s.pending_restart
from pg_settings s
left join advice a on a.name = s.name
where true {filter}
