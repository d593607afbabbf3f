with position as (
  select case when pg_is_in_recovery() then pg_last_wal_receive_lsn() else pg_current_wal_lsn() end as lsn
),
listed as (
  select
    a.*,
    format('%s@%s', a.application_name, coalesce(host(a.client_addr), 'local'))
      || case when row_number() over (partition by a.application_name, a.client_addr order by a.backend_start, a.pid) > 1
        then ':' || a.pid else '' end as name
  from pg_stat_replication a
),
measured as (
  select l.*, pg_wal_lsn_diff(p.lsn, l.replay_lsn) as behind from listed l, position p
)
select
  r.name,
  r.state as status,
  r.sync_state,
  case when r.behind is not null then greatest(0, r.behind)::bigint end as lag_size,
  case when r.behind is null then 'it has not told yet what it replayed' end as "lag_size.reason",
  case
    when r.behind <= 0 then 0
    else (extract(epoch from r.replay_lag) * 1000000)::bigint
  end as lag_time,
  case when r.replay_lag is null and coalesce(r.behind > 0, true)
    then 'it has not told yet how far behind it is'
  end as "lag_time.reason"
from measured r
where true {filter}
