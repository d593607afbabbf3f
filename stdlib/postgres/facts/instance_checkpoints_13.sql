-- Requested ones come from max_wal_size, from CHECKPOINT, and from base backups.
with i as (select 'instance' as name),
here as (
  select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end as lsn
)
select
  i.name,
  w.checkpoints_timed as checkpoints_timed,
  w.checkpoints_req as checkpoints_requested,
  case when w.checkpoints_timed + w.checkpoints_req > 0
    then w.checkpoints_req * 1000000 / (w.checkpoints_timed + w.checkpoints_req)
  end as checkpoints_requested_ratio,
  case when w.checkpoints_timed + w.checkpoints_req = 0
    then 'there was none since the counters began' end as "checkpoints_requested_ratio.reason",
  greatest(0, extract(epoch from clock_timestamp() - c.checkpoint_time) * 1000000)::bigint as checkpoint_age,
  greatest(0, pg_wal_lsn_diff(h.lsn, c.redo_lsn))::bigint as wal_since_checkpoint,
  case when h.lsn is null then 'nothing was replayed yet' end as "wal_since_checkpoint.reason",
  pg_size_bytes(current_setting('max_wal_size')) as wal_size_max,
  pg_wal_lsn_diff(h.lsn, '0/0')::bigint as wal_position,
  case when h.lsn is null then 'nothing was replayed yet' end as "wal_position.reason"
from i cross join here h cross join pg_stat_bgwriter w cross join pg_control_checkpoint() c
where true {filter}
