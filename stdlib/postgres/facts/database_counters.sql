select
  d.datname::text as name,
  coalesce(s.xact_commit, 0) as commits,
  coalesce(s.xact_rollback, 0) as rollbacks,
  case when s.xact_commit + s.xact_rollback > 0 then s.xact_rollback * 1000000 / (s.xact_commit + s.xact_rollback) end as rollback_ratio,
  case when coalesce(s.xact_commit + s.xact_rollback, 0) = 0 then 'no transaction has ended yet' end as "rollback_ratio.reason",
  case when s.blks_hit + s.blks_read > 0 then (s.blks_hit::numeric * 1000000 / (s.blks_hit + s.blks_read))::bigint end as cache_hit_ratio,
  case when coalesce(s.blks_hit + s.blks_read, 0) = 0 then 'nothing was read yet' end as "cache_hit_ratio.reason",
  coalesce(s.temp_files, 0) as temp_files,
  coalesce(s.conflicts, 0) as recovery_conflicts,
  greatest(0, extract(epoch from clock_timestamp() - s.checksum_last_failure) * 1000000)::bigint as checksum_failed_age,
  case when s.checksum_last_failure is null then 'no wrong checksum was seen since the counters began' end as "checksum_failed_age.reason",
  -- Of 14: read by name, so that one text serves all versions.
  ((to_jsonb(s) ->> 'sessions_abandoned')::bigint + (to_jsonb(s) ->> 'sessions_fatal')::bigint
    + (to_jsonb(s) ->> 'sessions_killed')::bigint) as sessions_lost,
  case when to_jsonb(s) ->> 'sessions_killed' is null then 'the server counts them from PostgreSQL 14 on' end as "sessions_lost.reason"
from pg_database d
left join pg_stat_database s on s.datid = d.oid
where true {filter}
