-- The time of the last scan is kept from 16 on.
select
  n.nspname::text as schema,
  c.relname::text as name,
  pg_stat_get_numscans(c.oid) as scans,
  null::bigint as unused_for,
  'the server keeps the time of the last scan from PostgreSQL 16 on' as "unused_for.reason",
  (
    extract(epoch from clock_timestamp() - greatest(d.stats_reset, least(w.stats_reset, a.stats_reset))) * 1000000
  )::bigint as counted_for
from pg_index i
join pg_class c on c.oid = i.indexrelid
join pg_class t on t.oid = i.indrelid
join pg_namespace n on n.oid = c.relnamespace
cross join pg_stat_bgwriter w
cross join pg_stat_archiver a
join pg_stat_database d on d.datname = current_database()
where t.relkind in ('r', 'm', 'p')
  and c.relpersistence <> 't'
  and n.nspname <> 'upkeep'
  {filter}
