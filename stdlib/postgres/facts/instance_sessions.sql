with i as (select 'instance' as name),
seen as (select pg_has_role('pg_read_all_stats', 'usage') as all_stats),
others as (
  select
    count(*) filter (where a.state = 'active' and a.backend_type = 'client backend') as active,
    count(*) filter (where a.state like 'idle in transaction%') as idle,
    count(*) filter (where a.usesysid in (select oid from pg_roles where rolsuper) and a.backend_type = 'client backend') as superusers,
    count(*) filter (where a.backend_type = 'client backend') as clients,
    min(a.xact_start) filter (where a.backend_type = 'client backend') as oldest
  from pg_stat_activity a
  where a.pid <> pg_backend_pid()
)
select
  i.name,
  case when e.all_stats then o.active end as sessions_active,
  case when not e.all_stats then 'needs the role pg_read_all_stats' end as "sessions_active.reason",
  case when e.all_stats then o.idle end as sessions_idle_in_transaction,
  case when not e.all_stats then 'needs the role pg_read_all_stats' end as "sessions_idle_in_transaction.reason",
  (select count(distinct pid) from pg_locks where not granted and pid is not null) as sessions_waiting,
  case when not e.all_stats then null when o.oldest is null then 0
    else greatest(0, extract(epoch from clock_timestamp() - o.oldest) * 1000000)::bigint end as oldest_transaction_age,
  case when not e.all_stats then 'needs the role pg_read_all_stats' end as "oldest_transaction_age.reason",
  (select count(*) from pg_prepared_xacts) as prepared_transactions,
  current_setting('max_prepared_transactions')::int as prepared_transactions_max,
  case when e.all_stats then greatest(0, least(
    current_setting('superuser_reserved_connections')::int, current_setting('max_connections')::int - o.clients - 1
  )) end as connections_reserved_free,
  case when not e.all_stats then 'needs the role pg_read_all_stats' end as "connections_reserved_free.reason"
from i, seen e, others o
where true {filter}
