-- The state of other roles' sessions is hidden from a role without pg_read_all_stats.
with listed as materialized (
  select
    a.*,
    format('%s@%s', a.pid, floor(extract(epoch from a.backend_start))) as id,
    coalesce(a.state is not null or a.backend_type <> 'client backend', false) as visible,
    case when a.wait_event_type = 'Lock' then pg_blocking_pids(a.pid) else '{}' end as blockers,
    clock_timestamp() as now
  from pg_stat_activity a
  where a.pid <> pg_backend_pid()
),
waits as materialized (
  -- pg_locks tells since when from 14 on.
  select l.pid, min((to_jsonb(l) ->> 'waitstart')::timestamptz) as since
  from pg_locks l
  where not l.granted
  group by l.pid
),
blocking as materialized (
  select b.pid, count(*) as sessions from listed, unnest(blockers) b (pid) group by b.pid
),
backups as materialized (select pid from pg_stat_progress_basebackup)
select
  s.id,
  s.pid,
  s.usename::text as "user",
  s.application_name as application,
  s.datname::text as database,
  s.backend_type,
  case when s.backend_type is null then 'needs the role pg_read_all_stats' end as "backend_type.reason",
  s.state,
  case
    when not s.visible then 'needs the role pg_read_all_stats'
    when s.state is null then 'a worker has no state'
  end as "state.reason",
  case when s.state = 'active' then (extract(epoch from s.now - s.query_start) * 1000000)::bigint end as age,
  case when s.state is distinct from 'active' or s.query_start is null then 'not active' end as "age.reason",
  case
    when not s.visible then null
    when s.xact_start is null then 0
    else (extract(epoch from s.now - s.xact_start) * 1000000)::bigint
  end as transaction_age,
  case when not s.visible then 'needs the role pg_read_all_stats' end as "transaction_age.reason",
  case when s.state like 'idle%' then (extract(epoch from s.now - s.state_change) * 1000000)::bigint end as idle_age,
  case when s.state is null or s.state not like 'idle%' then 'not idle' end as "idle_age.reason",
  case
    when not s.visible then null
    when cardinality(s.blockers) = 0 then 0
    else (extract(epoch from s.now - coalesce(w.since, s.state_change)) * 1000000)::bigint
  end as blocked_for,
  case when not s.visible then 'needs the role pg_read_all_stats' end as "blocked_for.reason",
  nullif(array_to_string(s.blockers, ', '), '') as blocked_by,
  coalesce(k.sessions, 0) as blocks,
  case when s.visible then coalesce(age(s.backend_xmin), 0) end as xmin_age,
  case when not s.visible then 'needs the role pg_read_all_stats' end as "xmin_age.reason",
  s.backend_type <> 'client backend' or b.pid is not null as protected,
  case when s.backend_type is null then 'needs the role pg_read_all_stats' end as "protected.reason"
from listed s
left join waits w on w.pid = s.pid
left join blocking k on k.pid = s.pid
left join backups b on b.pid = s.pid
where true {filter}
