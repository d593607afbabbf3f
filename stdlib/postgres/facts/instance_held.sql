-- What keeps WAL: an archive_command that fails (a segment stays until it is archived, whatever else lets it go), and the slot furthest behind.
with i as (select 'instance' as name),
position as (
  select case when pg_is_in_recovery() then pg_last_wal_receive_lsn() else pg_current_wal_lsn() end as lsn
),
furthest as (
  select
    s.slot_name::text as slot,
    greatest(0, pg_wal_lsn_diff(p.lsn, s.restart_lsn))::bigint as size,
    case when s.active then format('read by pid %s', s.active_pid) else 'read by nobody' end as reader
  from pg_replication_slots s, position p
  where s.restart_lsn is not null and p.lsn is not null
  order by s.restart_lsn, s.slot_name
  limit 1
),
archiver as (
  select
    a.*,
    current_setting('archive_mode') <> 'off'
      and coalesce(a.last_failed_time > a.last_archived_time, a.last_failed_time is not null) as failing
  from pg_stat_archiver a
)
select
  i.name,
  a.failing as archive_failing,
  case when a.failing then format('%s failed last %s s ago; %s', a.last_failed_wal,
    floor(extract(epoch from clock_timestamp() - a.last_failed_time)),
    coalesce('the newest that was archived is ' || a.last_archived_wal, 'nothing was archived since the counters began'))
  end as archive_failure,
  f.slot as wal_slot,
  coalesce(f.size, 0) as wal_slot_size,
  case when f.slot is not null then format('slot %s, %s, holds %s', f.slot, f.reader, pg_size_pretty(f.size)) end as wal_slot_holder
from i cross join archiver a left join furthest f on true
where true {filter}
