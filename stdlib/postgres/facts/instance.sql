with i as (select 'instance' as name),
settings as (
  select
    current_setting('max_connections')::int
      - current_setting('superuser_reserved_connections')::int
      - coalesce(current_setting('reserved_connections', true)::int, 0) as connections_max,
    btrim(current_setting('synchronous_standby_names')) as standbys
),
activity as (
  select
    count(*) filter (where backend_type = 'client backend') as clients,
    count(*) filter (where backend_type = 'autovacuum worker') as workers
  from pg_stat_activity
),
blocks as (
  select sum(blks_hit) as hit, sum(blks_hit + blks_read) as total from pg_stat_database
),
ages as (
  select
    max(age(datfrozenxid)) as xid_age,
    max(mxid_age(datminmxid)) as mxid_age,
    (array_agg(datname order by age(datfrozenxid) desc, datname))[1] as oldest
  from pg_database
)
select
  i.name,
  split_part(current_setting('server_version'), ' ', 1) as version,
  case when pg_is_in_recovery() then 'replica' else 'primary' end as role,
  current_setting('cluster_name') as cluster_name,
  (extract(epoch from clock_timestamp() - pg_postmaster_start_time()) * 1000000)::bigint as uptime,
  a.clients as connections,
  s.connections_max,
  case when s.connections_max > 0 then a.clients * 1000000 / s.connections_max end as connections_used_ratio,
  case when b.total > 0 then (b.hit * 1000000 / b.total)::bigint end as cache_hit_ratio,
  case when coalesce(b.total, 0) = 0 then 'nothing was read yet' end as "cache_hit_ratio.reason",
  g.xid_age,
  g.mxid_age,
  g.oldest::text as oldest_database,
  current_setting('autovacuum_freeze_max_age')::bigint as freeze_max_age,
  coalesce(current_setting('vacuum_failsafe_age', true)::bigint, 1600000000) as failsafe_age,
  a.workers as autovacuum_workers,
  current_setting('autovacuum_max_workers')::int as autovacuum_workers_max,
  case
    when s.standbys = '' then 0
    else coalesce(substring(s.standbys from '(?i)^(?:first\s+|any\s+)?([0-9]+)\s*\(')::int, 1)
  end as sync_standbys_wanted,
  case when pg_has_role('pg_read_all_stats', 'usage') then (
    select count(*) from pg_stat_replication
    where state = 'streaming' and sync_state in ('sync', 'quorum')
  ) end as sync_standbys_present,
  case when not pg_has_role('pg_read_all_stats', 'usage')
    then 'needs the role pg_read_all_stats'
  end as "sync_standbys_present.reason",
  exists (select from pg_stat_progress_basebackup) as backup_running,
  current_setting('data_checksums')::bool as data_checksums,
  (
    select n.nspname::text
    from pg_extension e join pg_namespace n on n.oid = e.extnamespace
    where e.extname = 'amcheck'
  ) as amcheck_schema,
  case when not exists (select from pg_extension where extname = 'amcheck')
    then 'the extension amcheck is not in this database'
  end as "amcheck_schema.reason"
from i, settings s, activity a, blocks b, ages g
where true {filter}
