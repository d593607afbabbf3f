-- A server log is no archive: nothing of it waits, or fails.
with ready as (
  select count(*) as segments from pg_ls_archive_statusdir() where name like '%.ready'
)
select
  l.name,
  l.name as kind,
  case when coalesce(a.last_failed_time > a.last_archived_time, a.last_failed_time is not null)
    then greatest(1, a.failed_count) else 0
  end as archive_failures,
  r.segments as archive_ready,
  null::text as "archive_ready.reason",
  case
    when r.segments = 0 then 0
    else (extract(epoch from clock_timestamp() - a.last_archived_time) * 1000000)::bigint
  end as archive_lag_time,
  case when r.segments > 0 and a.last_archived_time is null then 'nothing was archived since the counters began' end
    as "archive_lag_time.reason"
from (select 'wal_archive' as name) l, pg_stat_archiver a, ready r
where current_setting('archive_mode') <> 'off' {filter}
union all
select l.name, l.name, 0, 0, null, 0, null
from (select 'server_log' as name) l
where current_setting('logging_collector')::bool {filter}
