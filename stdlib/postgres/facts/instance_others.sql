-- Work of others, as far as it names itself: application_name and locks are visible to every role.
with i as (select 'instance' as name)
select
  i.name,
  exists (select from pg_stat_activity where application_name = 'pg_dump') as dump_running,
  (select count(*) from pg_stat_activity where application_name = 'pg_cron' and backend_type <> 'pg_cron launcher') as jobs_running,
  (
    select count(*) from pg_locks l
    join pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'advisory' and l.granted and not starts_with(a.application_name, 'upkeep/')
  ) as advisory_locks
from i
where true {filter}
