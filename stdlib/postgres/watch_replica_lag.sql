-- How far the slowest replica is behind in replaying. $1: how many replicas the project names; with fewer connected nobody knows.
-- A server that is a replica itself says how far it is behind. Copies and archivers replay nothing.
with replicas as (
  select
    r.state,
    pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end, r.replay_lsn) as behind,
    r.replay_lag
  from pg_stat_replication r
  where coalesce(r.state, '') <> 'backup' and r.application_name <> 'pg_receivewal'
),
known as (
  select
    count(*) as connected,
    count(*) filter (where behind is null or (behind > 0 and replay_lag is null)) as silent,
    max(case when behind > 0 then replay_lag else interval '0' end) as lag
  from replicas
)
select
  case
    when pg_is_in_recovery() and pg_last_wal_receive_lsn() is distinct from pg_last_wal_replay_lsn()
      then (extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000000)::bigint
    when k.silent > 0 or k.connected < $1::bigint then null
    else (extract(epoch from coalesce(k.lag, interval '0')) * 1000000)::bigint
  end as replica_lag,
  case
    when not pg_has_role('pg_read_all_stats', 'usage') and k.connected > 0 then 'needs the role pg_read_all_stats'
    when k.connected < $1::bigint then format('%s of %s replicas are connected', k.connected, $1::bigint)
    when k.silent > 0 then 'a replica has not told yet how far behind it is'
  end as "replica_lag.reason"
from known k
