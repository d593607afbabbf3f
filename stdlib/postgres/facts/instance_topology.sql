-- A time since the last transaction says nothing while there is nothing to replay, so that the lag is in bytes first.
with i as (select 'instance' as name),
seen as (select pg_has_role('pg_read_all_stats', 'usage') as all_stats),
here as (
  select
    pg_is_in_recovery() as replica,
    case when pg_is_in_recovery() then pg_last_wal_receive_lsn() else pg_current_wal_lsn() end as lsn,
    pg_last_wal_replay_lsn() as replayed
),
streams as (
  select
    count(*) as replicas,
    coalesce(max(greatest(0, pg_wal_lsn_diff(h.lsn, r.replay_lsn)))::bigint, 0) as lag_size,
    count(*) filter (where r.replay_lsn is null) as silent,
    coalesce(max(r.replay_lag) filter (where pg_wal_lsn_diff(h.lsn, r.replay_lsn) > 0), interval '0') as lag_time
  from pg_stat_replication r, here h
  where r.state <> 'backup'
)
select
  i.name,
  case when h.replica then (select timeline_id from pg_control_checkpoint())
    else ('x' || substr(pg_walfile_name(h.lsn), 1, 8))::bit(32)::int end as timeline,
  case when e.all_stats then s.replicas end as replicas,
  case when not e.all_stats then 'needs the role pg_read_all_stats' end as "replicas.reason",
  case when e.all_stats and (s.silent = 0 or s.lag_size > 0) then s.lag_size end as replica_lag_size,
  case
    when not e.all_stats then 'needs the role pg_read_all_stats'
    when s.silent > 0 and s.lag_size = 0 then 'it has not told yet what it replayed'
  end as "replica_lag_size.reason",
  case when e.all_stats then (extract(epoch from s.lag_time) * 1000000)::bigint end as replica_lag_time,
  case when not e.all_stats then 'needs the role pg_read_all_stats' end as "replica_lag_time.reason",
  case when e.all_stats and w.sender_host is not null then concat(w.sender_host, ':', w.sender_port) end as upstream,
  case when h.replica and not e.all_stats then 'needs the role pg_read_all_stats' end as "upstream.reason",
  case when e.all_stats then w.slot_name::text end as upstream_slot,
  case when h.replica and not e.all_stats then 'needs the role pg_read_all_stats' end as "upstream_slot.reason",
  case when h.replica and e.all_stats then coalesce(w.status, 'stopped') end as receiver_status,
  case when h.replica and not e.all_stats then 'needs the role pg_read_all_stats' end as "receiver_status.reason",
  case when h.replica then pg_is_wal_replay_paused() else false end as replay_paused,
  case when h.replica then greatest(0, pg_wal_lsn_diff(h.lsn, h.replayed))::bigint else 0 end as replay_lag_size,
  case when h.replica and (h.lsn is null or h.replayed is null) then 'it reads the archive and does not know what is there' end
    as "replay_lag_size.reason",
  case
    when not h.replica or pg_wal_lsn_diff(h.lsn, h.replayed) <= 0 then 0
    else (extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000000)::bigint
  end as replay_lag_time,
  case when h.replica and pg_last_xact_replay_timestamp() is null and coalesce(pg_wal_lsn_diff(h.lsn, h.replayed) > 0, true)
    then 'it has replayed no transaction yet' end as "replay_lag_time.reason",
  (select coalesce(sum(confl_tablespace + confl_lock + confl_snapshot + confl_bufferpin + confl_deadlock), 0)::bigint
    from pg_stat_database_conflicts) as recovery_conflicts
from i cross join seen e cross join here h cross join streams s
left join pg_stat_wal_receiver w on true
where true {filter}
