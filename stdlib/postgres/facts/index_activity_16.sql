-- A crash sets the counters to zero without a trace: "never used" is not known, "last used then" is.
select
  n.nspname::text as schema,
  c.relname::text as name,
  pg_stat_get_numscans(c.oid) as scans,
  (extract(epoch from clock_timestamp() - pg_stat_get_lastscan(c.oid)) * 1000000)::bigint as unused_for,
  case when pg_stat_get_lastscan(c.oid) is null
    then 'not used since the counters began, and since when they count is not certain'
  end as "unused_for.reason",
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
