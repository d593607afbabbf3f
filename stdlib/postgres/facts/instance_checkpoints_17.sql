-- As instance_checkpoints_13.sql, from the checkpointer's own view (17).
with i as (select 'instance' as name),
here as (
  select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end as lsn
)
select
  i.name,
  w.num_timed as checkpoints_timed,
  w.num_requested as checkpoints_requested,
  case when w.num_timed + w.num_requested > 0
    then w.num_requested * 1000000 / (w.num_timed + w.num_requested)
  end as checkpoints_requested_ratio,
  case when w.num_timed + w.num_requested = 0
    then 'there was none since the counters began' end as "checkpoints_requested_ratio.reason",
  greatest(0, extract(epoch from clock_timestamp() - c.checkpoint_time) * 1000000)::bigint as checkpoint_age,
  greatest(0, pg_wal_lsn_diff(h.lsn, c.redo_lsn))::bigint as wal_since_checkpoint,
  case when h.lsn is null then 'nothing was replayed yet' end as "wal_since_checkpoint.reason",
  pg_size_bytes(current_setting('max_wal_size')) as wal_size_max,
  pg_wal_lsn_diff(h.lsn, '0/0')::bigint as wal_position,
  case when h.lsn is null then 'nothing was replayed yet' end as "wal_position.reason"
from i cross join here h cross join pg_stat_checkpointer w cross join pg_control_checkpoint() c
where true {filter}
