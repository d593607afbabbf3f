-- Whom our sessions keep waiting, and for whom they wait themselves. $1: their process ids. A waiter is behind us when it waits
-- for us, for a lock that we wait for too and came first to, or for somebody who does. Vacuum, analyze and statements that
-- wait for old snapshots (virtualxid) can wait: they count, and no work is cancelled for them alone. Others' statements are not
-- visible to every role, their locks are. Before 14 nobody notes when a wait began: the start of the statement counts.
with recursive ours as (
  select pid from unnest($1::int[]) as o (pid)
),
waiting as (
  select
    l.pid,
    bool_and(l.mode = 'ShareUpdateExclusiveLock' or l.locktype = 'virtualxid') as patient,
    bool_or(l.locktype = 'virtualxid') as for_snapshot,
    min(
      case
        when current_setting('server_version_num')::int >= 140000
        then coalesce((to_jsonb(l) ->> 'waitstart')::timestamptz, clock_timestamp())
        else coalesce(a.query_start, clock_timestamp())
      end
    ) as since
  from pg_locks l left join pg_stat_activity a on a.pid = l.pid
  where not l.granted
  group by l.pid
),
edges as materialized (
  select w.pid, b.pid as blocker from waiting w, unnest(pg_blocking_pids(w.pid)) as b (pid)
),
behind (pid, ours) as (
  select e.pid, e.blocker from edges e where e.blocker in (select pid from ours) and e.pid not in (select pid from ours)
  union
  select e.pid, b.ours from edges e join behind b on e.blocker = b.pid where e.pid not in (select pid from ours)
),
victims as (
  select
    b.ours,
    count(*) as blocked,
    sum(extract(epoch from clock_timestamp() - w.since) * 1000)::bigint as total_ms,
    coalesce(max(extract(epoch from clock_timestamp() - w.since) * 1000) filter (where not w.patient), 0)::bigint as longest_ms,
    (array_agg(b.pid order by w.patient, w.since, b.pid))[1] as longest
  from behind b join waiting w on w.pid = b.pid
  where coalesce((select a.backend_type from pg_stat_activity a where a.pid = b.pid), '') <> 'autovacuum worker'
  group by b.ours
)
select
  o.pid as session,
  coalesce(v.blocked, 0) as blocked,
  coalesce(v.total_ms, 0) as total_ms,
  greatest(0, coalesce(v.longest_ms, 0)) as longest_ms,
  (
    select format('pid %s%s%s', v.longest, coalesce(' (' || nullif(a.application_name, '') || ')', ''),
      case when not exists (select from edges e where e.pid = v.longest and e.blocker = o.pid)
        then ', behind pid ' || coalesce((select min(e.blocker) from edges e where e.pid = v.longest)::text, '?')
        else '' end)
    from pg_stat_activity a where a.pid = v.longest
  ) as who,
  (
    select (extract(epoch from a.query_start) * 1000000)::bigint from pg_stat_activity a where a.pid = o.pid
  ) as statement,
  case when w.pid is null then null when w.for_snapshot then 'readers' else 'lock' end as waits_for,
  greatest(0, extract(epoch from clock_timestamp() - w.since) * 1000)::bigint as waits_ms,
  (
    select case when e.blocker = 0 then 'a prepared transaction'
      else format('pid %s%s%s', e.blocker, coalesce(' (' || nullif(h.application_name, '') || ')', ''),
        coalesce(', in a transaction since '
          || round(extract(epoch from clock_timestamp() - h.xact_start))::text || ' s', ''))
      end
    from edges e left join pg_stat_activity h on h.pid = e.blocker
    where e.pid = o.pid
    order by h.xact_start nulls last, e.blocker
    limit 1
  ) as holder
from ours o left join victims v on v.ours = o.pid left join waiting w on w.pid = o.pid
where v.blocked is not null or w.pid is not null
