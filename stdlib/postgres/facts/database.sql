select
  d.datname::text as name,
  d.datname = current_database() as is_current,
  pg_get_userbyid(d.datdba)::text as owner,
  pg_encoding_to_char(d.encoding)::text as encoding,
  d.datcollate::text as collation,
  d.datallowconn as allows_connections,
  d.datistemplate as is_template,
  age(d.datfrozenxid) as xid_age,
  mxid_age(d.datminmxid) as mxid_age,
  greatest(
    age(d.datfrozenxid)::bigint * 1000000 / current_setting('autovacuum_freeze_max_age')::bigint,
    mxid_age(d.datminmxid)::bigint * 1000000 / current_setting('autovacuum_multixact_freeze_max_age')::bigint
  ) as freeze_due_ratio,
  coalesce(s.numbackends, 0) as connections,
  s.checksum_failures,
  case when s.checksum_failures is null then 'this server keeps no checksums' end as "checksum_failures.reason",
  coalesce(s.deadlocks, 0) as deadlocks,
  coalesce(s.temp_bytes, 0) as temp_size,
  (
    extract(epoch from clock_timestamp() - greatest(s.stats_reset, least(w.stats_reset, a.stats_reset))) * 1000000
  )::bigint as stats_valid_for
from pg_database d
left join pg_stat_database s on s.datid = d.oid
-- A crash leaves no trace in the database's own row.
cross join pg_stat_bgwriter w
cross join pg_stat_archiver a
where true {filter}
