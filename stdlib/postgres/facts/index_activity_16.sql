-- A crash sets the counters to zero without a trace: "never used" is not known, "last used then" is.
select
  n.nspname::text as schema,
  c.relname::text as name,
  pg_stat_get_numscans(c.oid) as scans,
  (extract(epoch from clock_timestamp() - pg_stat_get_lastscan(c.oid)) * 1000000)::bigint as unused_for,
  case when pg_stat_get_lastscan(c.oid) is null
    then 'not used since the counters began, and since when they count is not certain'
  end as "unused_for.reason"
from pg_index i
join pg_class c on c.oid = i.indexrelid
join pg_class t on t.oid = i.indrelid
join pg_namespace n on n.oid = c.relnamespace
where t.relkind in ('r', 'm', 'p')
  and c.relpersistence <> 't'
  and n.nspname <> 'upkeep'
  {filter}
